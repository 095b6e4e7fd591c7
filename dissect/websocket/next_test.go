package websocket

import (
	"math/rand/v2"
	"testing"
)

// nextSlowly is what next is to find, byte by byte.
func nextSlowly(s *search, p int) int {
	for ; p < len(s.b); p++ {
		if s.firstByte(s.b[p]) && (p+1 == len(s.b) || s.secondByte(s.b[p+1])) {
			break
		}
	}
	return p
}

// allExpect are the expectations that tell headers apart by their first two bytes.
func allExpect() (all []Expect) {
	for _, masked := range []Tri{Unknown, Yes, No} {
		for _, rsv1 := range []Tri{Unknown, Yes, No} {
			all = append(all, Expect{Masked: masked, RSV1: rsv1})
		}
	}
	return all
}

// TestNext holds that what is looked at together is judged as byte by byte: every
// pair of bytes at every place, and random bytes.
func TestNext(t *testing.T) {
	eachLevel(t, func(name string) {
		for _, e := range allExpect() {
			everyPair(t, name, e)
			r := rand.New(rand.NewPCG(1, uint64(e.Masked)<<8|uint64(e.RSV1)))
			b := make([]byte, 2000)
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			for n := range 140 {
				checkNext(t, &search{b: b[:n], e: e})
			}
			checkNext(t, &search{b: b, e: e})
		}
	})
}

func everyPair(t *testing.T, name string, e Expect) {
	for pair := range 1 << 16 {
		b := [70]byte{}
		for i := range b {
			b[i] = [...]byte{0x7f, 0xff, 0x00}[pair%3]
		}
		at := pair % (len(b) - 1)
		b[at], b[at+1] = byte(pair>>8), byte(pair)
		s := search{b: b[:], e: e}
		for _, p := range [2]int{0, at} {
			if got, want := s.next(p), nextSlowly(&s, p); got != want {
				t.Fatalf("%s, %+v: behind %d in % x: %d, want %d", name, e, p, b, got, want)
			}
		}
	}
}

func FuzzNext(f *testing.F) {
	f.Add([]byte("\x81\x85\x00\x00\x00\x00hello\x81\x05hello\x88\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = b[:min(len(b), 1<<12)]
		for _, e := range allExpect() {
			s := search{b: b, e: e}
			eachLevel(t, func(string) { checkNext(t, &s) })
			for p := range s.b {
				var c chain
				if s.follow(p, &c) && s.breaksOff(p) {
					t.Fatalf("%+v: at %d of % x: %+v was refused", e, p, s.b, c)
				}
			}
		}
	})
}

// TestBreaksOff holds that what is refused at a glance would be refused by a longer
// look: in random bytes, and in frames with bytes changed.
func TestBreaksOff(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	refused := 0
	for round := range 200 {
		b := make([]byte, 600)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		for at := 0; round%2 == 0 && at < len(b)-8; { // frames, masked or not, of few bytes
			n := r.IntN(120)
			b[at], b[at+1] = []byte{0x81, 0x02, 0x80, 0x89, 0xc1}[r.IntN(5)], byte(n|r.IntN(2)<<7)
			at += HeaderSize(b[at], b[at+1]) + n
		}
		for _, e := range allExpect() {
			s := search{b: b, e: e, atEnd: round%3 == 0}
			for p := range b {
				if !s.firstByte(b[p]) || !s.breaksOff(p) {
					continue
				}
				refused++
				var c chain
				if s.follow(p, &c) {
					t.Fatalf("%+v: at %d of % x: %+v was refused", e, p, b, c)
				}
			}
		}
	}
	if refused < 10_000 {
		t.Errorf("%d refused, which holds nothing", refused)
	}
}

func checkNext(t *testing.T, s *search) {
	t.Helper()
	for p := 0; p <= len(s.b); p++ {
		if got, want := s.next(p), nextSlowly(s, p); got != want {
			t.Fatalf("%+v: behind %d in % x: %d, want %d", s.e, p, s.b, got, want)
		}
	}
}
