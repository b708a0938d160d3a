package api

import "testing"

func TestRoutes(t *testing.T) {
	setup := 1
	t.Run("get user", func(t *testing.T) {
		if setup != 1 {
			t.Error("setup")
		}
	})
	t.Run("get user/by id", func(t *testing.T) {
		t.Parallel()
	})
	t.Run("nested", func(t *testing.T) {
		t.Run("deep \"quoted\"", func(t *testing.T) {
			t.Log("deep")
		})
		t.Run("short", func(st *testing.T) { st.Log("x") })
		t.Run("empty", func(t *testing.T) {})
	})
	t.Run("by name", testNamed)
	t.Run("again", func(t *testing.T) {
		t.Log(1)
	})
	t.Run("again", func(t *testing.T) {
		t.Log(2)
	})
	for i := 0; i < 3; i++ {
		t.Run("loop", func(t *testing.T) {
			t.Log(i)
		})
	}
	t.Run(`raw	tab`, func(t *testing.T) {
		t.Log("raw")
	})
	t.Run("nameless", func(_ *testing.T) {})
}

func testNamed(t *testing.T) {
	t.Log("named")
}

func TestElsewhere(t *testing.T) {
	t.Run("by name", testNamed)
}
