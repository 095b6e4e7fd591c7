package event

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strconv"
	"unicode/utf8"
)

const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// maxEscape is the most that one byte of a string becomes: \u00XX, or two of
// them for the first of the four bytes of a character beyond U+FFFF.
const maxEscape = 12

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

// appendMillis appends ns as a decimal number of milliseconds without trailing zeros.
func appendMillis(dst []byte, ns int64) []byte {
	u := uint64(ns)
	if ns < 0 {
		dst = append(dst, '-')
		u = -u
	}
	dst = strconv.AppendUint(dst, u/1e6, 10)
	frac := u % 1e6
	if frac == 0 {
		return dst
	}
	dst = append(dst, '.')
	for div := uint64(100_000); frac > 0; div /= 10 {
		dst = append(dst, byte('0'+frac/div))
		frac %= div
	}
	return dst
}

// clock formats times. It remembers what it wrote last: consecutive events nearly
// always share the second, and always the day; a date costs a dozen divisions.
type clock struct {
	day    int64
	second int64 // the next two are its
	set    bool
	text   [30]byte // "2006-01-02T15:04:05.123456789Z"
}

const secondsPerDay = 86400

// append appends ns since the epoch as RFC 3339 in UTC with nine decimals. Every
// int64 is in the years 1677 to 2262, so the year always has four digits.
func (c *clock) append(dst []byte, ns int64) []byte {
	second, nano := ns/1_000_000_000, ns%1_000_000_000
	if nano < 0 { // before 1970: floor, not towards zero
		second--
		nano += 1_000_000_000
	}
	if !c.set || c.second != second {
		c.setSecond(second)
	}
	high, low := uint32(nano)/10_000, uint32(nano)%10_000 // 5 and 4 digits
	c.text[20] = digit(high / 10_000)
	c.text[21], c.text[22], c.text[23], c.text[24] = digit(high/1000), digit(high/100), digit(high/10), digit(high)
	c.text[25], c.text[26], c.text[27], c.text[28] = digit(low/1000), digit(low/100), digit(low/10), digit(low)
	return append(dst, c.text[:]...)
}

// setSecond writes all but the decimals.
func (c *clock) setSecond(second int64) {
	day, rest := second/secondsPerDay, second%secondsPerDay
	if rest < 0 {
		day--
		rest += secondsPerDay
	}
	if !c.set || c.day != day {
		c.setDay(day)
	}
	c.second, c.set = second, true
	sec := uint32(rest)
	h, m, s := sec/3600, sec/60%60, sec%60
	copy(c.text[11:], []byte{digit(h / 10), digit(h), ':', digit(m / 10), digit(m), ':', digit(s / 10), digit(s), '.'})
	c.text[29] = 'Z'
}

func digit(n uint32) byte { return byte('0' + n%10) }

// setDay works out the date of a day since the epoch in the Gregorian calendar,
// with years that begin in March so that the leap day comes last.
func (c *clock) setDay(day int64) {
	c.day = day
	z := day + 719468 // days since 0000-03-01; positive for every int64 of nanoseconds
	era := z / 146097
	doe := z % 146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d, m, y := doy-(153*mp+2)/5+1, mp+3, yoe+era*400
	if m > 12 {
		m -= 12
		y++
	}
	copy(c.text[:], []byte{
		digit(uint32(y / 1000)), digit(uint32(y / 100)), digit(uint32(y / 10)), digit(uint32(y)), '-',
		digit(uint32(m / 10)), digit(uint32(m)), '-', digit(uint32(d / 10)), digit(uint32(d)), 'T',
	})
}
