package store

import (
	"testing"
	"time"
)

// TestExpires checks that entries go away. A word such as TestFresh in a comment is no test.
func TestExpires(t *testing.T) {
	t.Parallel()
	ttl := 2 * time.Millisecond
	if ttl < time.Millisecond {
		t.Fatal("too short")
	}
}

func TestFresh(tt *testing.T) { // kept short
	// nothing is stale here
	if testing.Short() {
		tt.Skip("long")
	}
}

func TestEmpty(t *testing.T) {}

func TestOneLine(t *testing.T) { check(t) }

func TestTwoCalls(t *testing.T) { check(t); check(t) }

func check(t *testing.T) { t.Helper() }

func TestUnnamed(_ *testing.T) {
}

func TestNoName(*testing.T) {}

func TestOff(t *testing.T) {
	t.Parallel()
	t.Skip("flaky, see issue 12")
}

func TestLate(
	t *testing.T,
) {
	text := "func TestInText(t *testing.T) {"
	if text == "" {
		t.Fail()
	}
}
