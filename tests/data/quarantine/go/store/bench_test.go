package store_test

import (
	"fmt"
	"testing"
)

func BenchmarkPut(b *testing.B) {
	for i := 0; i < b.N; i++ {
		_ = fmt.Sprint(i)
	}
}

func FuzzKey(f *testing.F) {
	f.Add("a")
	f.Fuzz(func(t *testing.T, key string) {
		if len(key) < 0 {
			t.Fatal(key)
		}
	})
}

func Example() {
	fmt.Println("put")
	// Output: put
}

func TestMain(m *testing.M) {
	m.Run()
}
