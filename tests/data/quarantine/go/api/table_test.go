package api

import (
	"fmt"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name  string
		input string
		want  int
	}{
		{name: "empty input", input: "", want: 0},
		{name: "one word", input: "word", want: 1},
		{name: "two words", input: "one word", want: 2},
	}
	for _, tt := range tests {
		tt := tt
		t.Run(tt.name, func(t *testing.T) {
			if got := len(strings.Fields(tt.input)); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestMapTable(t *testing.T) {
	cases := map[string]int{
		"zero": 0,
		"one":  1,
	}
	for name, want := range cases {
		t.Run(name, func(t *testing.T) {
			t.Run("inner", func(t *testing.T) {
				t.Log(want)
			})
		})
	}
}

func TestStrings(t *testing.T) {
	for _, name := range []string{"a", "b", "a"} {
		t.Run(name, func(t *testing.T) { t.Log(name) })
	}
}

func TestComputed(t *testing.T) {
	for i := 0; i < 2; i++ {
		t.Run(fmt.Sprintf("case %d", i), func(t *testing.T) {
			t.Log(i)
		})
	}
}

var shared = []struct{ title, in string }{
	{"first row", "x"},
	{"second row", "first row"},
}

func TestShared(t *testing.T) {
	for i := range shared {
		t.Run(shared[i].title, func(t *testing.T) {
			t.Log(shared[i].in)
		})
	}
	t.Run("fixed", func(t *testing.T) {})
}

func TestFilled(t *testing.T) {
	type row struct{ name string }
	var rows []row
	rows = append(rows, row{name: "late row"})
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Log(r.name)
		})
	}
}

func TestPointers(t *testing.T) {
	type row struct {
		name string
		n    int
	}
	for _, r := range []*row{
		{name: "p one", n: 1},
		{n: 2, name: "p two"},
	} {
		t.Run(r.name, func(t *testing.T) {
			t.Log(r.n)
		})
	}
}
