package track

import (
	"math/rand/v2"
	"testing"
)

// TestRanges holds Ranges against a bitmap.
func TestRanges(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var set Ranges
		var bitmap [128]bool
		for range 12 {
			from := r.IntN(len(bitmap))
			to := from + r.IntN(len(bitmap)-from+1)
			set.Add(uint64(from), uint64(to))
			for i := from; i < to; i++ {
				bitmap[i] = true
			}
			check(t, &set, bitmap[:], r)
		}
	}
}

func check(t *testing.T, set *Ranges, bitmap []bool, r *rand.Rand) {
	t.Helper()
	holes := make([]bool, len(bitmap))
	for _, h := range set.Holes(uint64(len(bitmap))) {
		for i := h.from; i < h.to; i++ {
			holes[i] = true
		}
	}
	front := 0
	for front < len(bitmap) && bitmap[front] {
		front++
	}
	if set.Front() != uint64(front) {
		t.Fatalf("front %d, want %d", set.Front(), front)
	}
	for i := range bitmap {
		if holes[i] == bitmap[i] {
			t.Fatalf("offset %d: hole %v, set %v", i, holes[i], bitmap[i])
		}
	}
	from := r.IntN(len(bitmap))
	to := from + r.IntN(len(bitmap)-from)
	want := true
	for i := from; i < to; i++ {
		want = want && bitmap[i]
	}
	if got := set.Has(uint64(from), uint64(to)); got != want {
		t.Fatalf("Has(%d, %d) = %v, want %v; %+v", from, to, got, want, *set)
	}
}
