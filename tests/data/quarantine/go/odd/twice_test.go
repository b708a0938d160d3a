package odd

import "testing"

func TestTwice(t *testing.T) {
	t.Log(1)
}

func TestTwice(t *testing.T) {
	t.Log(2)
}
