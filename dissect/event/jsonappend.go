package event

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"
)

// appendBase64 appends p in base64 (RFC 4648 §4).
func appendBase64(dst, p []byte) []byte {
	w, n := len(dst), base64.StdEncoding.EncodedLen(len(p))
	dst = slices.Grow(dst, n+runSlack)
	encodeRun(dst[w:cap(dst)], p)
	return dst[:w+n]
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
	text   [32]byte // "2006-01-02T15:04:05.000000000Z" and two more
}

const secondsPerDay = 86400

// put writes ns since the epoch to d at w as RFC 3339 in UTC with nine decimals.
// Every int64 is in the years 1677 to 2262, so the year always has four digits.
func (c *clock) put(d []byte, w int, ns int64) int {
	second, nano := ns/1_000_000_000, ns%1_000_000_000
	if nano < 0 { // before 1970: floor, not towards zero
		second--
		nano += 1_000_000_000
	}
	if !c.set || c.second != second {
		c.setSecond(second)
	}
	to := d[w : w+len(c.text)]
	*(*[32]byte)(to) = c.text
	to[20] = byte('0' + nano/1e8)
	binary.LittleEndian.PutUint64(to[21:], digits8(uint32(nano%1e8))|ones*'0')
	return w + 30
}

// append is put behind dst.
func (c *clock) append(dst []byte, ns int64) []byte {
	w := len(dst)
	d := slices.Grow(dst, len(c.text))
	return d[:c.put(d[:cap(d)], w, ns)]
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
