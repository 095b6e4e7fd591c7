package event

import (
	"math/bits"
	"strconv"
	"unicode/utf8"
)

const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// appendEscaped appends s as the inside of a JSON string (RFC 8259 §7). Plain
// ASCII, nearly all there is, is found eight bytes at a time and copied whole.
func appendEscaped(dst []byte, s string) []byte {
	start, i := 0, 0
	for i < len(s) {
		if n := plainPrefix(s[i:]); n > 0 {
			i += n
			continue
		}
		c := s[i]
		if c < utf8.RuneSelf {
			dst = append(dst, s[start:i]...)
			dst = appendEscapedASCII(dst, c)
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, s[start:i]...)
			dst = utf8.AppendRune(dst, utf8.RuneError)
			start = i + 1
		case deceives(r):
			dst = append(dst, s[start:i]...)
			dst = appendEscapedRune(dst, r)
			start = i + size
		}
		i += size
	}
	return append(dst, s[start:]...)
}

// plainPrefix returns how many bytes at the beginning of s need no escape: from
// 0x20 to 0x7e without quote and backslash.
func plainPrefix(s string) int {
	i := 0
	for ; len(s)-i >= 8; i += 8 {
		b := s[i : i+8]
		w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		// A byte's top bit is set when it is below 0x20, is a quote or a backslash
		// (its difference is zero, and borrows), is 0x7f, or is not ASCII. A borrow
		// runs only upwards from a byte that is special itself, so the lowest bit
		// found is always right.
		special := (w - ones*0x20) | ((w ^ ones*'"') - ones) | ((w ^ ones*'\\') - ones) | (w + ones) | w
		if special &= tops; special != 0 {
			return i + bits.TrailingZeros64(special)/8
		}
	}
	for i < len(s) && s[i] >= 0x20 && s[i] < 0x7f && s[i] != '"' && s[i] != '\\' {
		i++
	}
	return i
}

func appendEscapedASCII(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// appendEscapedRune appends r as \uXXXX, as two of them beyond U+FFFF.
func appendEscapedRune(dst []byte, r rune) []byte {
	if r > 0xffff {
		r -= 0x10000
		dst = appendEscapedRune(dst, 0xd800+r>>10)
		r = 0xdc00 + r&0x3ff
	}
	return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
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

// clock formats times. It remembers the last day's date: consecutive events
// nearly always share it, and a date costs a dozen divisions.
type clock struct {
	day  int64
	set  bool
	date [11]byte // "2006-01-02T"
}

const nsPerDay = 86400 * 1_000_000_000

// append appends ns since the epoch as RFC 3339 in UTC with nine decimals. Every
// int64 is in the years 1677 to 2262, so the year always has four digits.
func (c *clock) append(dst []byte, ns int64) []byte {
	day := ns / nsPerDay
	rest := ns % nsPerDay
	if rest < 0 { // before 1970: floor, not towards zero
		day--
		rest += nsPerDay
	}
	if !c.set || c.day != day {
		c.setDay(day)
	}
	sec, nano := uint32(rest/1_000_000_000), uint32(rest%1_000_000_000)
	dst = append(dst, c.date[:]...)
	h, m, s := sec/3600, sec/60%60, sec%60
	var b [19]byte // 15:04:05.123456789Z
	b[0], b[1], b[2] = digit(h/10), digit(h), ':'
	b[3], b[4], b[5] = digit(m/10), digit(m), ':'
	b[6], b[7], b[8] = digit(s/10), digit(s), '.'
	for i := 17; i > 8; i-- {
		b[i] = digit(nano)
		nano /= 10
	}
	b[18] = 'Z'
	return append(dst, b[:]...)
}

func digit(n uint32) byte { return byte('0' + n%10) }

// setDay works out the date of a day since the epoch in the Gregorian calendar,
// with years that begin in March so that the leap day comes last.
func (c *clock) setDay(day int64) {
	c.day, c.set = day, true
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
	c.date = [11]byte{
		digit(uint32(y / 1000)), digit(uint32(y / 100)), digit(uint32(y / 10)), digit(uint32(y)), '-',
		digit(uint32(m / 10)), digit(uint32(m)), '-', digit(uint32(d / 10)), digit(uint32(d)), 'T',
	}
}
