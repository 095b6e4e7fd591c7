package slab

import "testing"

// Things keep their places and are zero at first, also in blocks of large pages.
func TestOf(t *testing.T) {
	type thing struct {
		next *thing
		n    [30]uint64
	}
	var s Of[thing]
	var all []*thing
	for len(all) < 100_000 {
		if uint32(len(all)) == s.Len() {
			s.Grow()
		}
		x := s.At(uint32(len(all)))
		if *x != (thing{}) {
			t.Fatalf("thing %d is not zero", len(all))
		}
		x.n[29] = uint64(len(all))
		if len(all) > 0 {
			x.next = all[len(all)-1]
		}
		all = append(all, x)
	}
	for i, x := range all {
		if s.At(uint32(i)) != x || x.n[29] != uint64(i) || i > 0 && x.next != all[i-1] {
			t.Fatalf("thing %d moved or changed", i)
		}
	}
}
