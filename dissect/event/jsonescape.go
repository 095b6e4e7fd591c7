package event

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// Strings are escaped in two steps (RFC 8259 §7): escapeRun takes as much as stays as
// it is or needs a backslash only, many bytes at a time; appendCharacter takes the one
// that it stops at.

// appendText appends p, valid UTF-8, as the inside of a JSON string.
func appendText(dst, p []byte) []byte { return appendRuns(dst, p, textRuns) }

// appendString is appendText for p that need not be UTF-8.
func appendString(dst, p []byte) []byte { return appendRuns(dst, p, asciiRuns) }

func appendRuns(dst, p []byte, t *runTables) []byte {
	for len(p) > 0 {
		dst = slices.Grow(dst, 2*len(p)+runSlack)
		w, n := escapeRun(dst[len(dst):cap(dst)], p, t)
		if dst, p = dst[:len(dst)+w], p[n:]; len(p) > 0 {
			dst, n = appendCharacter(dst, p)
			p = p[n:]
		}
	}
	return dst
}

// runSlack is how many bytes behind those that are asked for escapeRun and
// encodeRun may write to.
const runSlack = 64

// runTables are what escapeRun looks bytes up in. Assembly knows the layout.
type runTables struct {
	// ascii says what becomes of an ASCII character: 0, it stays; runStops, it is
	// none of escapeRun's; else a backslash and the value.
	ascii [128]byte
	// A byte of from or above is none of escapeRun's where lead and next have a bit in
	// common: of it, and of the byte behind it or 0, by their low six bits.
	lead, next [64]byte
	from       byte
}

const runStops = 0x80

var (
	textRuns  = makeTextRuns()
	asciiRuns = makeASCIIRuns()
)

// makeTextRuns stops at characters that perhaps deceive, in valid UTF-8: it has a
// bit for each first byte of some.
func makeTextRuns() *runTables {
	t := &runTables{ascii: asciiEscapes(), from: 0xc0}
	bits := map[byte]byte{}
	for _, of := range deceivers {
		for r := of.first; r <= of.last; r++ {
			var b [utf8.UTFMax]byte
			utf8.EncodeRune(b[:], r)
			bit, ok := bits[b[0]]
			if !ok {
				bit = 1 << len(bits)
				bits[b[0]] = bit
			}
			t.lead[b[0]&63] |= bit
			t.next[b[1]&63] |= bit
		}
	}
	return t
}

// makeASCIIRuns stops at whatever is not ASCII.
func makeASCIIRuns() *runTables {
	t := &runTables{ascii: asciiEscapes(), from: utf8.RuneSelf}
	for i := range t.lead {
		t.lead[i], t.next[i] = 1, 1
	}
	return t
}

func asciiEscapes() (t [128]byte) {
	for c := range byte(' ') {
		t[c] = runStops
	}
	t[0x7f] = runStops
	t['"'], t['\\'], t['\n'], t['\r'], t['\t'] = '"', '\\', 'n', 'r', 't'
	return t
}

// escapeWords is escapeRun without assembly: eight bytes at a time are copied, and
// looked at in the same step.
func escapeWords(d, p []byte, t *runTables) (w, n int) {
	d = d[:2*len(p)+runSlack]
	for n < len(p) {
		if len(p)-n >= 8 {
			v := binary.LittleEndian.Uint64(p[n:])
			binary.LittleEndian.PutUint64(d[w:], v)
			run := plainBytes(v)
			if v&tops != 0 {
				run = t.run(p[n:], v)
			}
			n, w = n+run, w+run
			if run == 8 {
				continue
			}
		}
		switch c := p[n]; {
		case c >= utf8.RuneSelf && t.stops(p[n:]):
			return w, n
		case c >= utf8.RuneSelf || t.ascii[c] == 0:
			d[w] = c
			w++
		case t.ascii[c] == runStops:
			return w, n
		default:
			d[w], d[w+1] = '\\', t.ascii[c]
			w += 2
		}
		n++
	}
	return w, n
}

// run returns how many bytes stay as they are of the eight that p begins with, v.
func (t *runTables) run(p []byte, v uint64) int {
	n := specialASCII(v)
	for m := v & tops; m != 0; m &= m - 1 {
		if k := bits.TrailingZeros64(m) / 8; k > n || t.stops(p[k:]) {
			return min(k, n)
		}
	}
	return n
}

// stops tells whether p, which begins with a byte that is not ASCII, begins with
// what is none of escapeRun's.
func (t *runTables) stops(p []byte) bool {
	if p[0] < t.from {
		return false
	}
	var follows byte
	if len(p) > 1 {
		follows = p[1]
	}
	return t.lead[p[0]&63]&t.next[follows&63] != 0
}

const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// plainBytes returns how many bytes of the word, lowest first, are ASCII and need no
// escape: from 0x20 to 0x7e without quote and backslash.
func plainBytes(v uint64) int { return bits.TrailingZeros64((escapedASCII(v)|v)&tops) / 8 }

// specialASCII is plainBytes for which all that is not ASCII needs none.
func specialASCII(v uint64) int { return bits.TrailingZeros64(escapedASCII(v)&^v&tops) / 8 }

// escapedASCII sets a byte's top bit when it is below 0x20, is a quote or a
// backslash (its difference is zero, and borrows), or is 0x7f; of bytes that are not
// ASCII, it may be set. A borrow runs only upwards from a byte that needs an escape
// itself, and a carry from 0xff, so the lowest bit found is always right in UTF-8.
func escapedASCII(v uint64) uint64 {
	return (v - ones*0x20) | ((v ^ ones*'"') - ones) | ((v ^ ones*'\\') - ones) | (v + ones)
}

// appendCharacter appends the character that p begins with, and returns how many
// bytes of p that is: one that is not UTF-8 becomes U+FFFD.
func appendCharacter(dst, p []byte) (out []byte, n int) {
	r, n := utf8.DecodeRune(p)
	switch {
	case deceives(r) && r > 0xffff:
		dst = appendHexEscape(dst, 0xd800+(r-0x10000)>>10)
		dst = appendHexEscape(dst, 0xdc00+(r-0x10000)&0x3ff)
	case deceives(r), r < ' ', r == 0x7f:
		dst = appendHexEscape(dst, r)
	default: // U+FFFD among them, for itself or for a byte
		dst = utf8.AppendRune(dst, r)
	}
	return dst, n
}

// appendHexEscape appends r, up to U+FFFF, as \uXXXX.
func appendHexEscape(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}
