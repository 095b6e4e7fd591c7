package dissect

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestPieces: pieces are the bytes that were appended, however they were cut, and
// what is borrowed of them is used again but what is owned is not.
func TestPieces(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var c chunks
	var p pieces
	var owned, wants [][]byte
	for _, size := range []int{0, 1, headBytes - 1, headBytes, headBytes + 1, headBytes + chunkBytes, headBytes + chunkBytes + 1, 5 << 20, 300_000} {
		want := make([]byte, size)
		for i := range want {
			want[i] = byte(r.Uint32())
		}
		for rest := want; len(rest) > 0; {
			n := min(len(rest), 1+r.IntN(100_000))
			p.append(&c, rest[:n])
			rest = rest[n:]
			if p.len() != len(want)-len(rest) {
				t.Fatalf("length %d, not %d", p.len(), len(want)-len(rest))
			}
		}
		if !bytes.Equal(c.whole(&p, false), want) {
			t.Errorf("%d bytes: others come back", size)
		}
		if len(p.chunks) > 0 {
			owned, wants = append(owned, c.whole(&p, true)), append(wants, want)
		}
		p.reset(&c)
		if p.len() != 0 || len(c.free) > maxFreeChunks || cap(c.joined) > maxJoined {
			t.Errorf("%d bytes: %d left, %d chunks free, %d bytes to join in", size, p.len(), len(c.free), cap(c.joined))
		}
	}
	for i := range owned {
		if !bytes.Equal(owned[i], wants[i]) {
			t.Errorf("%d owned bytes have changed", len(wants[i]))
		}
	}
}
