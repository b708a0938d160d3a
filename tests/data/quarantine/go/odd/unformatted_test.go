package odd
import "testing"
func TestTight(t *testing.T){t.Log("x")}
func TestSpace(t *testing.T) { }
func TestHalf(t *testing.T) { t.Log("a")
    t.Log("b") }
func TestSpaces(t *testing.T) {
    t.Log("four spaces")
}
