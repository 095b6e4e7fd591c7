//go:build amd64 && !purego

package websocket

import (
	"testing"
	"unicode/utf8"
)

// eachLevel runs f with every kind of vector instructions that this machine has,
// and without.
func eachLevel(t testing.TB, f func(name string)) {
	best := level
	defer func() { level = best }()
	names := [...]string{"no vectors", "AVX2", "AVX-512"}
	for level = noVectors; level <= best; level++ {
		f(names[level])
	}
	if best < avx512 {
		t.Logf("this machine has no %v", names[best+1:])
	}
}

// TestWellFormed holds what is left to the table small: nothing but an unfinished
// character, and what stands in a block with something ill-formed.
func TestWellFormed(t *testing.T) {
	text := stressText(700)
	eachLevel(t, func(name string) {
		if level == noVectors {
			return
		}
		for n := 4; n < len(text); n++ {
			whole := n
			for whole > 0 && !utf8.RuneStart(text[whole]) {
				whole--
			}
			if got := wellFormed(text[:n], 0); got != whole {
				t.Fatalf("%s: %d of %d bytes, of which %d are whole characters", name, got, n, whole)
			}
		}
		for bad := range len(text) - 4 {
			b := append([]byte(nil), text...)
			b[bad] = 0xFF
			if got, first := wellFormed(b, 0), firstBad(b); got > first || first-got > 128+3 || !utf8.Valid(b[:got]) {
				t.Fatalf("%s: FF at %d: %d, though it is well-formed up to %d", name, bad, got, first)
			}
		}
	})
}
