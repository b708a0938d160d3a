//go:build !never

package odd

import . "testing"

func TestLabel(t *T) {
outer:
	for i := 0; i < 2; i++ {
		continue outer
	}
}

/* func TestCommented(t *T) {} */

func TestBlock(t *T) { /* why */
	t.Log("x")
}

func TestFnType(t *T) {
	helper := func(t *T) { t.Log("in") }
	helper(t)
}
