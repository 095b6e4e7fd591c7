package event

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"
)

const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// maxEscape is the most that one byte of a string becomes: \u00XX, or two of
// them for the first of the four bytes of a character beyond U+FFFF.
const maxEscape = 12

// appendText is appendEscaped for p known to be valid UTF-8. Where the processor
// can, it looks at 64 bytes at a time and leaves to appendEscaped what has neither
// a short escape nor stays as it is.
func appendText(dst, p []byte) []byte {
	if !hasVectors {
		return appendEscaped(dst, p)
	}
	for len(p) > 0 {
		dst = slices.Grow(dst, 2*len(p)+vectorSlack)
		w, n := escapeRun(dst[len(dst):cap(dst)], p, textTables)
		dst, p = dst[:len(dst)+w], p[n:]
		if len(p) > 0 {
			_, n = utf8.DecodeRune(p)
			dst, p = appendEscaped(dst, p[:n]), p[n:]
		}
	}
	return dst
}

// appendString is appendEscaped, faster for what begins in ASCII.
func appendString(dst, p []byte) []byte {
	if hasVectors {
		dst = slices.Grow(dst, 2*len(p)+vectorSlack)
		w, n := escapeRun(dst[len(dst):cap(dst)], p, asciiTables)
		if dst, p = dst[:len(dst)+w], p[n:]; len(p) == 0 {
			return dst
		}
	}
	return appendEscaped(dst, p)
}

// vectorSlack is how many bytes behind those that are asked for vectors may write to.
const vectorSlack = 64

// runTables are what escapeRun looks bytes up in.
type runTables struct {
	// ascii says what becomes of an ASCII character: 0, it stays; runStops, it is
	// none of escapeRun's; else a backslash and the value.
	ascii [128]byte
	// A byte that is not ASCII is none of escapeRun's where it is not below from
	// and lead and next have a bit in common: of it and of the byte behind it, by
	// their low six bits.
	lead, next [64]byte
	from       byte
}

const runStops = 0x80

var (
	textTables  = makeTextTables()
	asciiTables = makeASCIITables()
)

// makeTextTables stops at characters that perhaps deceive, in valid UTF-8: it has a
// bit for each first byte of some.
func makeTextTables() *runTables {
	t := &runTables{ascii: asciiRuns(), from: 0xc0}
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

// makeASCIITables stops at whatever is not ASCII.
func makeASCIITables() *runTables {
	t := &runTables{ascii: asciiRuns(), from: utf8.RuneSelf}
	for i := range t.lead {
		t.lead[i], t.next[i] = 1, 1
	}
	return t
}

func asciiRuns() (t [128]byte) {
	for c := range t {
		switch e := escapes[c]; e {
		case escNone:
		case escHex:
			t[c] = runStops
		default:
			t[c] = e
		}
	}
	return t
}

// appendEscaped appends p as the inside of a JSON string (RFC 8259 §7). Eight
// bytes at a time are copied, and looked at in the same step: what stands behind
// the first of them that needs an escape is overwritten.
func appendEscaped(dst, p []byte) []byte {
	dst = slices.Grow(dst, len(p)+8+maxEscape)
	d, w, i := dst[:cap(dst)], len(dst), 0
	for i < len(p) {
		if len(d)-w < len(p)-i+8+maxEscape {
			d = slices.Grow(d[:w], 2*(len(p)-i)+8+maxEscape)
			d = d[:cap(d)]
		}
		if len(p)-i >= 8 {
			v := binary.LittleEndian.Uint64(p[i:])
			binary.LittleEndian.PutUint64(d[w:], v)
			n := plainBytes(v)
			i, w = i+n, w+n
			if n == 8 {
				continue
			}
		}
		switch e := escapes[p[i]]; {
		case e == escNone:
			d[w] = p[i]
			i++
			w++
		case e == escWide:
			var n int
			w, n = putWide(d, w, p[i:])
			i += n
		case e == escHex:
			putHex(d[w:], rune(p[i]))
			i++
			w += 6
		default:
			d[w], d[w+1] = '\\', e
			i++
			w += 2
		}
	}
	return d[:w]
}

// plainBytes returns how many bytes of the word, lowest first, need no escape:
// from 0x20 to 0x7e without quote and backslash.
func plainBytes(v uint64) int {
	// A byte's top bit is set when it is below 0x20, is a quote or a backslash
	// (its difference is zero, and borrows), is 0x7f, or is not ASCII. A borrow
	// runs only upwards from a byte that is special itself, so the lowest bit
	// found is always right.
	special := (v - ones*0x20) | ((v ^ ones*'"') - ones) | ((v ^ ones*'\\') - ones) | (v + ones) | v
	return bits.TrailingZeros64(special&tops) / 8
}

// What becomes of a byte: these, or a backslash and the value.
const (
	escNone = iota // it stays
	escHex         // \u00XX
	escWide        // it begins a character that is not ASCII
)

var escapes = makeEscapes()

func makeEscapes() (t [256]uint8) {
	for c := range t {
		switch {
		case c >= utf8.RuneSelf:
			t[c] = escWide
		case c < ' ' || c == 0x7f:
			t[c] = escHex
		}
	}
	t['"'], t['\\'], t['\n'], t['\r'], t['\t'] = '"', '\\', 'n', 'r', 't'
	return t
}

// putWide writes the character that p begins with, which is not ASCII, to d at w,
// where there is room. It returns the index behind it and how many bytes of p it
// took. What is not UTF-8 becomes U+FFFD.
func putWide(d []byte, w int, p []byte) (end, n int) {
	r, n := utf8.DecodeRune(p)
	switch {
	case deceives(r) && r > 0xffff:
		putHex(d[w:], 0xd800+(r-0x10000)>>10)
		putHex(d[w+6:], 0xdc00+(r-0x10000)&0x3ff)
		return w + 12, n
	case deceives(r):
		putHex(d[w:], r)
		return w + 6, n
	case r == utf8.RuneError: // itself, or one byte that is not UTF-8
		return w + utf8.EncodeRune(d[w:], r), n
	}
	return w + copy(d[w:w+n], p), n
}

// putHex writes r, up to U+FFFF, as \uXXXX.
func putHex(d []byte, r rune) {
	_ = d[5]
	d[0], d[1] = '\\', 'u'
	d[2], d[3], d[4], d[5] = hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15]
}
