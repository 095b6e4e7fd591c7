package websocket

import (
	"math/rand/v2"
	"testing"
	"unicode/utf8"
)

// firstBad returns where the first ill-formed sequence of b begins, len(b) if
// there is none.
func firstBad(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(b)
}

// checkUTF8 holds a validator that gets b cut by cut() against unicode/utf8.
func checkUTF8(t *testing.T, b []byte, cut func(left int) int) {
	t.Helper()
	key := [4]byte{0x80, 0x17, 0xff, 0xc2}
	masked := Unmask(nil, b, key, 0)
	var u, m UTF8
	ok := true
	for pos := 0; pos < len(b); {
		n := min(max(cut(len(b)-pos), 1), len(b)-pos)
		ok = u.Write(b[pos : pos+n])
		if okMasked := m.WriteMasked(masked[pos:pos+n], key, uint64(pos)); okMasked != ok || m != u {
			t.Fatalf("%x: masked %v %+v, else %v %+v", b, okMasked, m, ok, u)
		}
		pos += n
		if !ok {
			break
		}
	}
	if closed := u.Close(); closed != (ok && closed) || closed != utf8.Valid(b) || closed != u.Valid() {
		t.Fatalf("%x: %v, unicode/utf8 says %v", b, closed, utf8.Valid(b))
	}
	if !u.Valid() {
		if int(u.Offset()) != firstBad(b) {
			t.Fatalf("%x: offset %d, unicode/utf8 says %d", b, u.Offset(), firstBad(b))
		}
		if u.Known() < u.Offset() || u.Known() > uint64(len(b)) {
			t.Fatalf("%x: offset %d, known at %d", b, u.Offset(), u.Known())
		}
	}
}

func TestUTF8Table(t *testing.T) {
	for _, tt := range []struct {
		b             string
		offset, known uint64
	}{
		{"\xc0\xaf", 0, 0},                    // overlong
		{"ab\xe0\x80\xaf", 2, 3},              // overlong
		{"ab\xed\xa0\x80", 2, 3},              // surrogate
		{"\xf4\x90\x80\x80", 0, 1},            // above U+10FFFF
		{"12345678\xff", 8, 8},                // never a byte
		{"κόσμε\xce", 10, 11},                 // cut short
		{"0123456789\xe2\x82", 10, 12},        // cut short
		{"0123456789\xe2\x820123456", 10, 12}, // interrupted
		{"\x80", 0, 0},
	} {
		var u UTF8
		if u.Write([]byte(tt.b)) && u.Close() {
			t.Errorf("%x is taken for UTF-8", tt.b)
		}
		if u.Offset() != tt.offset || u.Known() != tt.known {
			t.Errorf("%x: offset %d, known %d; want %d, %d", tt.b, u.Offset(), u.Known(), tt.offset, tt.known)
		}
	}
}

func TestUTF8AnySegmentation(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	edges := []rune{0, 'a', 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff}
	for range 30000 {
		var b []byte
		for range r.IntN(12) {
			b = utf8.AppendRune(b, edges[r.IntN(len(edges))])
			if r.IntN(3) == 0 {
				b = append(b, "plain ascii text"[:r.IntN(16)]...)
			}
		}
		if len(b) > 0 && r.IntN(2) == 0 {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
		if len(b) > 0 && r.IntN(4) == 0 {
			b = b[:r.IntN(len(b))]
		}
		most := 1 + r.IntN(12)
		checkUTF8(t, b, func(int) int { return 1 + r.IntN(most) })
		checkUTF8(t, b, func(n int) int { return n })
	}
	// Every pair and triple that begins with a lead byte.
	for a := 0xc0; a <= 0xff; a++ {
		for c := range 256 {
			for _, d := range []byte{0x7f, 0x80, 0xbf, 0xc0} {
				checkUTF8(t, []byte{byte(a), byte(c), d, 0x80}, func(int) int { return 1 })
			}
		}
	}
}

func FuzzUTF8(f *testing.F) {
	f.Add([]byte("κόσμε"), uint64(1))
	f.Add([]byte("a\xed\xa0\x80"), uint64(2))
	f.Add([]byte("0123456789abcdef\xf4\x90"), uint64(3))
	f.Fuzz(func(t *testing.T, b []byte, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 0))
		checkUTF8(t, b, func(int) int { return 1 + r.IntN(9) })
	})
}

func BenchmarkUTF8(b *testing.B) {
	for _, text := range []string{"plain ascii text", "κόσμε und so ×", "a café where nobody knows why it is so naïve, see you tomorrow at eight 🙂, "} {
		b.Run(text, func(b *testing.B) {
			var p []byte
			for len(p) < 4096 {
				p = append(p, text...)
			}
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				var u UTF8
				if !u.Write(p) {
					b.Fatal("not UTF-8")
				}
			}
		})
	}
}
