package websocket

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unicode/utf8"
)

// stress is what decoders are known to get wrong, and its neighbours that are right.
var stress = []string{
	"\x7f", "\u0080", "\u07ff", "\u0800", "\u0fff", "\u1000", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0003ffff", "\U00040000", "\U0010ffff",
	"\x80", "\xbf", "\x80\xbf\x80", // lone continuation bytes
	"é\x80", "€\x80", "🙂\x80", // one too many
	"\xc2", "\xdf", "\xe0", "\xe0\xa0", "\xe2\x82", "\xed\x9f", "\xef\xbf", "\xf0", "\xf0\x90", "\xf0\x90\x80", "\xf4\x8f\xbf", // cut short
	"\xc2\xc3\xa9", "\xe2\xe2\x82\xac", "\xe2\x82\xe2\x82\xac", "\xf0\x9f\x99\xf0\x9f\x99\x82", // interrupted by another
	"\xe2\x28\xa1", "\xf0\x28\x8c\xbc", "\xf0\x90\x28\xbc", "\xf0\x9f\x99\x28", // interrupted by ASCII
	"\xc0\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x80\xaf", "\xe0\x9f\xbf", "\xf0\x80\x80\xaf", "\xf0\x8f\xbf\xbf", // overlong
	"\xed\xa0\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbf\xbf", "\xed\xa0\x80\xed\xb0\x80", // surrogates
	"\xf4\x90\x80\x80", "\xf4\xbf\xbf\xbf", "\xf5\x80\x80\x80", "\xf7\xbf\xbf\xbf", // above U+10FFFF
	"\xf8\x88\x80\x80\x80", "\xfb\xbf\xbf\xbf\xbf", "\xfc\x84\x80\x80\x80\x80", "\xfd\xbf\xbf\xbf\xbf\xbf", // five and six bytes
	"\xfe", "\xff", "\xfe\xfe\xff\xff",
}

// stressText is n bytes or a few more of ASCII and characters of every length.
func stressText(n int) []byte {
	var b []byte
	for len(b) < n {
		b = append(b, "plain ascii, naïve Grüße, 吉田, 🙂🙂 κόσμε; thirty-two and more bytes of ascii: 0123456789. "...)
	}
	return b
}

// verdict is what u says once it got b in pieces.
func verdict(u UTF8, pieces [][]byte, write func(*UTF8, []byte, uint64) bool) UTF8 {
	pos := uint64(0)
	for _, p := range pieces {
		write(&u, p, pos)
		pos += uint64(len(p))
	}
	u.Close()
	return u
}

// sameVerdict holds what is said about b, cut at cuts, at this level and masked as
// a payload of which it begins at pos, against unicode/utf8 and the table.
func sameVerdict(t testing.TB, name string, b []byte, key [4]byte, pos uint64, cuts ...int) {
	t.Helper()
	masked := Unmask(nil, b, key, pos)
	var plain, hidden [][]byte
	at := 0
	for _, c := range append(cuts, len(b)) {
		plain, hidden = append(plain, b[at:c]), append(hidden, masked[at:c])
		at = c
	}
	want := verdict(UTF8{}, plain, func(u *UTF8, p []byte, _ uint64) bool {
		return u.bad || u.table(p, 0, 0, uint64(u.state))
	})
	if first := firstBad(b); want.Valid() != (first == len(b)) || !want.Valid() && want.Offset() != uint64(first) {
		t.Fatalf("%x cut at %d: %+v, unicode/utf8 says %d", b, cuts, want, first)
	}
	if got := verdict(UTF8{}, plain, func(u *UTF8, p []byte, _ uint64) bool { return u.Write(p) }); got != want {
		t.Fatalf("%s: %x cut at %d: %+v, want %+v", name, b, cuts, got, want)
	}
	if got := verdict(UTF8{}, hidden, func(u *UTF8, p []byte, n uint64) bool { return u.WriteMasked(p, key, pos+n) }); got != want {
		t.Fatalf("%s: %x cut at %d, masked from %d on: %+v, want %+v", name, b, cuts, pos, got, want)
	}
}

// TestUTF8Stress puts each case at every offset of the blocks that vector code reads,
// with so much behind it that it stands in the first, a middle or the last one.
func TestUTF8Stress(t *testing.T) {
	key := [4]byte{0x80, 0x17, 0xff, 0xc2}
	ascii, mixed := make([]byte, 700), stressText(700)
	for i := range ascii {
		ascii[i] = 'a' + byte(i%26)
	}
	eachLevel(t, func(name string) {
		for _, s := range stress {
			for before := range 300 {
				text := ascii
				if before%2 == 1 {
					text = mixed
				}
				head := text[:before]
				for len(head) > 0 && !utf8.Valid(head) {
					head = head[:len(head)-1]
				}
				for _, after := range []int{0, 1, 2, 5, 31, 64, 100, 300} {
					sameVerdict(t, name, slices.Concat(head, []byte(s), ascii[:after]), key, uint64(before))
				}
			}
		}
	})
}

// TestUTF8EveryCut cuts each case, and the text about it, in two everywhere, and
// takes a third piece out of the middle.
func TestUTF8EveryCut(t *testing.T) {
	key := [4]byte{0x01, 0xe2, 0x82, 0xac}
	mixed := stressText(200)
	eachLevel(t, func(name string) {
		for i, s := range append(stress, "") {
			b := slices.Concat(mixed[:60+i], []byte(s), mixed[:110-i])
			for cut := range len(b) + 1 {
				sameVerdict(t, name, b, key, uint64(i), cut)
				sameVerdict(t, name, b, key, uint64(i), cut, min(cut+1+i, len(b)))
			}
		}
	})
}

// TestUTF8Triples goes through all pairs and triples of bytes about the bounds of RFC 3629's
// table, where a vector's lookups see them alone, before and behind a block's end.
func TestUTF8Triples(t *testing.T) {
	var bytes []byte
	for _, c := range []int{0x00, 0x80, 0x90, 0xa0, 0xc0, 0xc2, 0xe0, 0xe1, 0xed, 0xee, 0xf0, 0xf1, 0xf4, 0xf5, 0xf8, 0x100} {
		bytes = append(bytes, byte(c), byte(c-1))
	}
	eachLevel(t, func(name string) {
		b := make([]byte, 140)
		for _, at := range []int{30, 62, 80} {
			for i := range b {
				b[i] = 'x'
			}
			for _, b[at] = range bytes {
				for _, b[at+1] = range bytes {
					for _, b[at+2] = range bytes {
						for _, b[at+3] = range []byte{'x', 0x80} {
							sameVerdict(t, name, b[:at+4+at%60], [4]byte{1, 2, 3, 0x84}, 3)
						}
					}
				}
			}
		}
	})
}

func FuzzUTF8Vectors(f *testing.F) {
	for i, s := range stress {
		f.Add([]byte(s), uint16(3*i), uint32(0x80402010*uint32(i)), uint64(i))
	}
	f.Add(stressText(600), uint16(1), uint32(1), uint64(3))
	f.Fuzz(func(t *testing.T, b []byte, shift uint16, word uint32, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 0))
		key := [4]byte{byte(word), byte(word >> 8), byte(word >> 16), byte(word >> 24)}
		text := stressText(int(shift % 300))
		cuts := []int{r.IntN(len(b) + 1), r.IntN(len(b) + 1), r.IntN(len(b) + 1)}
		slices.Sort(cuts)
		eachLevel(t, func(name string) {
			sameVerdict(t, name, b, key, seed)
			sameVerdict(t, name, b, key, seed, cuts...)
			sameVerdict(t, name, slices.Concat(text, b), key, seed)
			sameVerdict(t, name, slices.Concat(text, b, text), key, seed, cuts...)
		})
	})
}

// BenchmarkUTF8Messages checks short messages of lengths that are hard to foresee.
func BenchmarkUTF8Messages(b *testing.B) {
	r := rand.New(rand.NewPCG(7, 8))
	words := []string{`{"user":`, "plain ", "price ", "room ", `"text":`, "12.5 ", "naïve ", "Grüße ", "🙂 ", "吉田 "}
	for _, most := range []int{8, 16, 32, 64, 128, 400} {
		for _, kind := range []struct {
			name  string
			words []string
		}{{"ascii", words[:6]}, {"mixed", words}} {
			var messages [1024][]byte
			for i := range messages {
				for n := most/2 + r.IntN(most/2+1); len(messages[i]) < n; {
					messages[i] = append(messages[i], kind.words[r.IntN(len(kind.words))]...)
				}
			}
			b.Run(fmt.Sprintf("%s/%d", kind.name, most), func(b *testing.B) {
				for i := 0; b.Loop(); i++ {
					var u UTF8
					if !u.Write(messages[i%len(messages)]) {
						b.Fatal("not UTF-8")
					}
				}
			})
		}
	}
}
