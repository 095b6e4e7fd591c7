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
	eachLevel(t, func(name string) { testUnmask(t, name, src, key) })
	// RFC 6455 §5.7: a masked "Hello".
	if got := Unmask(nil, []byte{0x7f, 0x9f, 0x4d, 0x51, 0x58}, key, 0); string(got) != "Hello" {
		t.Errorf("%q", got)
	}
}

func testUnmask(t *testing.T, name string, src []byte, key [4]byte) {
	for off := range 9 {
		for n := 0; n < 140; n++ {
			for pos := range uint64(9) {
				s := src[off : off+n]
				want := make([]byte, n)
				for i, c := range s {
					want[i] = c ^ key[(pos+uint64(i))%4]
				}
				before := bytes.Clone(src)
				to := make([]byte, 4, 4+n+32)
				copy(to, "kept")
				got := Unmask(to, s, key, pos)
				if behind := got[len(got):cap(got)]; !bytes.Equal(behind, make([]byte, len(behind))) {
					t.Fatalf("%s: %d bytes, and behind them %x was written", name, n, behind)
				}
				if string(got[:4]) != "kept" || !bytes.Equal(got[4:], want) {
					t.Fatalf("%s: alignment %d, %d bytes, position %d: %x, want %x", name, off, n, pos, got[4:], want)
				}
				if !bytes.Equal(src, before) {
					t.Fatal("the source was changed")
				}
				in := bytes.Clone(s)
				UnmaskInto(in, in, key, pos)
				if !bytes.Equal(in, want) {
					t.Fatalf("%s: in place: %x, want %x", name, in, want)
				}
			}
		}
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
