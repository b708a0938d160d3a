package odd

import "testing"

func TestWhole(t *testing.T) {
	t.Log("fine")
}

func TestBroken(t *testing.T) {
	if ) {
		t.Log("x"
	}
}
