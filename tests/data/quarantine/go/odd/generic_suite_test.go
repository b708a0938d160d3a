package odd

import "testing"

type runner struct{}

func (runner) Run(name string, f func()) { f() }

func TestForeignRun(t *testing.T) {
	r := runner{}
	r.Run("not a subtest", func() {})
	t.Run("two tables", func(t *testing.T) {
		for _, name := range []string{"x", "y"} {
			t.Run(name, func(t *testing.T) { t.Log(name) })
		}
		for _, name := range []string{"y", "z"} {
			t.Run(name, func(t *testing.T) {
				t.Log(name)
			})
		}
	})
}
