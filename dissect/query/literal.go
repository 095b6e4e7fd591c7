package query

import (
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// fault is an error about a value: what is wrong, and what may be meant.
type fault struct{ msg, suggest string }

func wrong(format string, args ...any) *fault { return &fault{msg: fmt.Sprintf(format, args...)} }

func (f *fault) at(l literal) *Error {
	return &Error{Pos: l.pos, End: l.end, Msg: f.msg, Suggest: f.suggest}
}

// numberValue reads a value of a field whose accessor gives numbers.
func numberValue(ref fieldRef, s string) (uint64, *fault) {
	if strings.Contains(s, "..") {
		return 0, wrong("a range stands in { } after in, as in %s in {%s}", ref.name, s)
	}
	switch f := ref.field; f.Type {
	case Flag:
		return flagValue(s)
	case Size:
		return sizeValue(s)
	case Duration:
		return durationValue(s, ref.millis)
	case Time:
		return timeValue(s)
	case Name:
		return nameValue(f, s)
	case Hex:
		return hexValue(s)
	}
	return plainNumber(s)
}

func plainNumber(s string) (uint64, *fault) {
	n, ok := wholeNumber(s)
	if !ok {
		return 0, wrong("%s is not a whole number", s)
	}
	return n, nil
}

// wholeNumber reads decimal or 0x hexadecimal digits.
func wholeNumber(s string) (uint64, bool) {
	base := 10
	if len(s) > 2 && (s[:2] == "0x" || s[:2] == "0X") {
		s, base = s[2:], 16
	}
	if s == "" || s[0] == '+' {
		return 0, false
	}
	n, err := strconv.ParseUint(s, base, 64)
	return n, err == nil
}

func flagValue(s string) (uint64, *fault) {
	switch strings.ToLower(s) {
	case "true", "1", "yes":
		return 1, nil
	case "false", "0", "no":
		return 0, nil
	}
	return 0, &fault{msg: s + " is neither true nor false", suggest: nearest(strings.ToLower(s), []string{"true", "false"})}
}

// sizeValue reads a number of bytes as the flags do: 4096, 4k, 1.5M, 1GiB. Units
// are powers of 1024.
func sizeValue(s string) (uint64, *fault) {
	if n, ok := wholeNumber(s); ok {
		return n, nil
	}
	number := strings.TrimRight(s, "kKmMgGtTiIbB")
	unit := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(s[len(number):]), "b"), "i")
	shift, known := map[string]uint{"": 0, "k": 10, "m": 20, "g": 30, "t": 40}[unit]
	whole, fraction, dotted := strings.Cut(number, ".")
	n, err := strconv.ParseUint(whole, 10, 64)
	if !known || err != nil || strings.HasPrefix(whole, "+") || dotted && !isDigits(fraction) {
		f := wrong("%s is not a number of bytes, as in 4096, 4k, 1.5M", s)
		digits := strings.TrimRight(number, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
		if isDigits(digits) && strings.ContainsAny(unit, "kmgt") && len(digits) < 12 {
			f.suggest = digits + unit[strings.IndexAny(unit, "kmgt"):][:1]
		}
		return 0, f
	}
	if bits.Len64(n)+int(shift) > 64 {
		return 0, wrong("%s is more than 64 bits hold", s)
	}
	n <<= shift
	if !dotted {
		return n, nil
	}
	const maxFraction = 6
	fraction = strings.TrimRight(fraction, "0")
	scale := uint64(1)
	for range min(len(fraction), maxFraction) {
		scale *= 10
	}
	part, _ := strconv.ParseUint("0"+fraction[:min(len(fraction), maxFraction)], 10, 64)
	part <<= shift // below 10^6 · 2^40, about 2^60
	if len(fraction) > maxFraction || part%scale != 0 {
		return 0, wrong("%s is not a whole number of bytes", s)
	}
	return n + part/scale, nil // n is a multiple of the unit, the part is below it
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func durationValue(s string, millis bool) (uint64, *fault) {
	if isDigits(strings.ReplaceAll(s, ".", "")) && strings.Count(s, ".") <= 1 {
		switch {
		case millis:
			s += "ms"
		case strings.Trim(s, "0.") != "":
			return 0, &fault{msg: s + " needs a unit: ns, us, ms, s, m or h", suggest: s + "ms"}
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, wrong("%s is not a duration, as in 50ms, 1.5s, 2m", s)
	}
	return uint64(d), nil
}

// timeLayouts are tried in order; without a zone it is UTC.
var timeLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"}

func timeValue(s string) (uint64, *fault) {
	for _, layout := range timeLayouts {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if ns := t.UnixNano(); time.Unix(0, ns).Equal(t) {
			return timeKey(ns), nil
		}
		return 0, wrong("%s is outside the years 1678 to 2262", s)
	}
	return 0, wrong("%s is not a time, as in 2026-05-01T12:00:00Z", s)
}

func nameValue(f *field, s string) (uint64, *fault) {
	for i, v := range f.Values {
		if strings.EqualFold(v, s) {
			return uint64(i), nil
		}
	}
	if n, ok := wholeNumber(s); ok && f.ordered && n < uint64(len(f.Values)) {
		return n, nil
	}
	return 0, notAmong(f, s)
}

// notAmong says that a field is never s.
func notAmong(f *field, s string) *fault {
	e := wrong("%s is never %s", f.Name, s)
	e.suggest = nearest(strings.ToLower(s), f.Values)
	if e.suggest == "" && len(f.Values) <= 8 {
		e.msg += "; it is one of " + strings.Join(f.Values, ", ")
	}
	return e
}

func hexValue(s string) (uint64, *fault) {
	digits := strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(s), "0x"), ":", "")
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || digits[0] == '+' {
		return 0, wrong("%s is not a masking key: up to eight hexadecimal digits", s)
	}
	return n, nil
}

// textValue reads a value of a text. A word is held against the field's values.
func textValue(f *field, l literal, exact bool) (string, *fault) {
	s := l.text
	if f.Type == Bytes && !l.quoted {
		return bytesValue(s), nil
	}
	if f.upper && exact && !l.quoted {
		s = strings.ToUpper(s)
	}
	if f.checked && exact && !l.quoted {
		for _, v := range f.Values {
			if v == s || strings.EqualFold(v, s) {
				return v, nil
			}
		}
		e := notAmong(f, s)
		if e.suggest == "" {
			e.msg += "; a name that is not listed goes into quotes"
		}
		return "", e
	}
	return s, nil
}

// bytesValue reads 0x and pairs of hexadecimal digits as bytes, all else as text.
func bytesValue(s string) string {
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok || len(digits) == 0 || len(digits)%2 != 0 {
		return s
	}
	b := make([]byte, 0, len(digits)/2)
	for i := 0; i < len(digits); i += 2 {
		hi, lo := hexDigit(digits[i]), hexDigit(digits[i+1])
		if hi < 0 || lo < 0 {
			return s
		}
		b = append(b, byte(hi<<4|lo))
	}
	return string(b)
}

// place is a value of an address or endpoint: addresses, a port, or both.
type place struct {
	prefix netip.Prefix // invalid: any address
	port   uint16
	ported bool // the port counts
}

func (p place) holds(a netip.AddrPort) bool {
	if p.ported && a.Port() != p.port {
		return false
	}
	return !p.prefix.IsValid() || p.prefix.Contains(a.Addr().Unmap().WithZone(""))
}

// placeValue reads 10.0.0.7, 10.0.0.0/8, ::1, and for endpoints also
// 10.0.0.7:80, [::1]:80 and :80.
func placeValue(t Type, s string) (place, *fault) {
	if p, err := netip.ParsePrefix(s); err == nil {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		return place{prefix: p.Masked()}, nil
	}
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err == nil {
		a = a.Unmap().WithZone("")
		return place{prefix: netip.PrefixFrom(a, a.BitLen())}, nil
	}
	a, err := netip.ParseAddrPort(s)
	if t == Endpoint {
		if err == nil {
			ip := a.Addr().Unmap().WithZone("")
			return place{netip.PrefixFrom(ip, ip.BitLen()), a.Port(), true}, nil
		}
		if port, ok := strings.CutPrefix(s, ":"); ok {
			if n, ok := wholeNumber(port); ok && n <= 65535 {
				return place{port: uint16(n), ported: true}, nil
			}
		}
		return place{}, wrong("%s is not an address with or without a port, as in 10.0.0.7, 10.0.0.0/8, 10.0.0.7:80, [::1]:80, :80", s)
	}
	f := wrong("%s is not an address, as in 10.0.0.7, 10.0.0.0/8, ::1", s)
	if err == nil {
		f.suggest = a.Addr().String()
	}
	return place{}, f
}
