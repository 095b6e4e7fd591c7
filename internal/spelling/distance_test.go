package spelling

import "testing"

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "abc", 3}, {"port", "port", 0}, {"prot", "port", 1}, {"por", "port", 1},
		{"ports", "port", 1}, {"pert", "port", 1}, {"ca", "abc", 3}, {"kitten", "sitting", 3}, {"opcde", "opcode", 1},
	} {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// FuzzDistance holds what any distance is: nothing to itself, the same both ways,
// at most the longer word, at least the difference of the lengths.
func FuzzDistance(f *testing.F) {
	f.Add("prot", "port")
	f.Add("", "a")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a) > 100 || len(b) > 100 {
			return
		}
		d := Distance(a, b)
		if d != Distance(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) || d < max(len(a), len(b))-min(len(a), len(b)) {
			t.Fatalf("%q to %q: %d, back %d", a, b, d, Distance(b, a))
		}
	})
}
