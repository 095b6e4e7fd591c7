package websocket

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestUnmask(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	src := make([]byte, 400)
	for i := range src {
		src[i] = byte(r.Uint32())
	}
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	for off := range 9 {
		for n := 0; n < 140; n++ {
			for pos := range uint64(9) {
				s := src[off : off+n]
				want := make([]byte, n)
				for i, c := range s {
					want[i] = c ^ key[(pos+uint64(i))%4]
				}
				before := bytes.Clone(src)
				got := Unmask([]byte("kept"), s, key, pos)
				if string(got[:4]) != "kept" || !bytes.Equal(got[4:], want) {
					t.Fatalf("alignment %d, %d bytes, position %d: %x, want %x", off, n, pos, got[4:], want)
				}
				if !bytes.Equal(src, before) {
					t.Fatal("the source was changed")
				}
				in := bytes.Clone(s)
				UnmaskInto(in, in, key, pos)
				if !bytes.Equal(in, want) {
					t.Fatalf("in place: %x, want %x", in, want)
				}
			}
		}
	}
	// RFC 6455 §5.7: a masked "Hello".
	if got := Unmask(nil, []byte{0x7f, 0x9f, 0x4d, 0x51, 0x58}, key, 0); string(got) != "Hello" {
		t.Errorf("%q", got)
	}
}

func BenchmarkUnmask(b *testing.B) {
	for _, n := range []int{16, 125, 1460, 65536} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			src, dst := make([]byte, n), make([]byte, 0, n)
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				dst = Unmask(dst[:0], src, [4]byte{1, 2, 3, 4}, 1)
			}
		})
	}
}
