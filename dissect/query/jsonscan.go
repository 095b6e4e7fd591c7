package query

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonKind is what a JSON value is (RFC 8259 §3).
type jsonKind uint8

const (
	jsonString jsonKind = iota
	jsonNumber
	jsonLiteral // true, false, null
	jsonObject
	jsonArray
)

// jsonRaw is a value as it stands in a text: the inside of a string with its
// escapes, a number or literal as written, nothing of an object or array.
type jsonRaw struct {
	kind    jsonKind
	text    string
	escaped bool
}

// find walks down a path and stops at the value, so that what comes after it is
// not looked at and need not be valid. The first of several equal keys counts. A
// value that is cut off is not found. buf is for keys with escapes.
func find(s string, path []step, buf *[]byte) (jsonRaw, bool) {
	x := scanner{s: jsonStart(s), buf: buf}
	if !x.walk(path) {
		return jsonRaw{}, false
	}
	return x.read(len(path) > 0)
}

// rawValue returns the value at path as it is written, whole objects and arrays
// too. A value that is cut off is not found.
func rawValue(s string, path []step, buf *[]byte) (string, bool) {
	x := scanner{s: jsonStart(s), buf: buf}
	if !x.walk(path) {
		return "", false
	}
	x.peek()
	start := x.i
	if !x.skip() {
		return "", false
	}
	return x.s[start:x.i], true
}

// walk goes down a path, to before the value.
func (x *scanner) walk(path []step) bool {
	for _, st := range path {
		ok := false
		if st.index >= 0 {
			ok = x.enterIndex(st.index)
		} else {
			ok = x.enterKey(st.key)
		}
		if !ok {
			return false
		}
	}
	return true
}

// jsonStart skips what Engine.IO and Socket.IO put before their JSON: packet
// types, "-" and a count of attachments, "/namespace,", an acknowledgement's
// number. No JSON text begins with a number and a bracket.
func jsonStart(s string) string {
	digits := func(s string) string { return strings.TrimLeft(s, "0123456789") }
	rest := digits(s)
	if len(rest) == len(s) || rest == "" {
		return s
	}
	if rest[0] == '-' {
		rest = digits(rest[1:])
	}
	if strings.HasPrefix(rest, "/") {
		const maxNamespace = 256
		i := strings.IndexByte(rest[:min(len(rest), maxNamespace)], ',')
		if i < 0 {
			return s
		}
		rest = digits(rest[i+1:])
	}
	if rest != "" && (rest[0] == '{' || rest[0] == '[') {
		return rest
	}
	return s
}

type scanner struct {
	s   string
	i   int
	buf *[]byte
}

// peek skips white space and returns the next byte, 0 at the end.
func (x *scanner) peek() byte {
	for ; x.i < len(x.s); x.i++ {
		if c := x.s[x.i]; c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c
		}
	}
	return 0
}

// eat skips white space and c, if that comes next.
func (x *scanner) eat(c byte) bool {
	if x.peek() != c || x.i == len(x.s) {
		return false
	}
	x.i++
	return true
}

// enterKey goes to the value of key in the object that comes next.
func (x *scanner) enterKey(key string) bool {
	for ok := x.eat('{'); ok; ok = x.eat(',') {
		if x.peek() != '"' {
			return false
		}
		raw, escaped, ok := x.str()
		if !ok || !x.eat(':') {
			return false
		}
		if escaped {
			if *x.buf, ok = unescapeJSON((*x.buf)[:0], raw); ok && string(*x.buf) == key {
				return true
			}
		} else if raw == key {
			return true
		}
		if !x.skip() {
			return false
		}
	}
	return false
}

// enterIndex goes to the n-th value of the array that comes next.
func (x *scanner) enterIndex(n int) bool {
	if !x.eat('[') {
		return false
	}
	for ; n > 0; n-- {
		if x.peek() == ']' || !x.skip() || !x.eat(',') {
			return false
		}
	}
	return x.peek() != ']'
}

// str reads the string that comes next and returns its inside.
func (x *scanner) str() (raw string, escaped, ok bool) {
	start := x.i + 1
	for i := start; i < len(x.s); i++ {
		switch x.s[i] {
		case '"':
			x.i = i + 1
			return x.s[start:i], escaped, true
		case '\\':
			escaped = true
			i++
		}
	}
	x.i = len(x.s)
	return "", false, false
}

// scalar reads a number or literal and returns it as written.
func (x *scanner) scalar() string {
	start := x.i
	for x.i < len(x.s) && strings.IndexByte(",]} \n\r\t:", x.s[x.i]) < 0 {
		x.i++
	}
	return x.s[start:x.i]
}

// skip goes behind the value that comes next. Nesting costs a counter and no
// stack, so it needs no bound.
func (x *scanner) skip() bool {
	switch x.peek() {
	case '"':
		_, _, ok := x.str()
		return ok
	case '{', '[':
	default:
		return x.scalar() != ""
	}
	for depth := 0; x.i < len(x.s); {
		switch x.s[x.i] {
		case '"':
			if _, _, ok := x.str(); !ok {
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		x.i++
		if depth == 0 {
			return true
		}
	}
	return false
}

// read reads the value that comes next. Inside of something, a number that
// reaches to the end of the text may be cut off.
func (x *scanner) read(inside bool) (jsonRaw, bool) {
	switch x.peek() {
	case '"':
		raw, escaped, ok := x.str()
		return jsonRaw{jsonString, raw, escaped}, ok
	case '{':
		return jsonRaw{kind: jsonObject}, x.i < len(x.s)
	case '[':
		return jsonRaw{kind: jsonArray}, x.i < len(x.s)
	}
	s := x.scalar()
	if inside && x.i == len(x.s) {
		return jsonRaw{}, false
	}
	switch s {
	case "true", "false", "null":
		return jsonRaw{kind: jsonLiteral, text: s}, true
	}
	_, ok := parseDecimal(s)
	return jsonRaw{kind: jsonNumber, text: s}, ok
}

// unescapeJSON appends the string whose inside is raw (RFC 8259 §7). ok is false
// where an escape is not valid. Half a surrogate pair becomes U+FFFD.
func unescapeJSON(dst []byte, raw string) (out []byte, ok bool) {
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		if i++; i == len(raw) {
			return dst, false
		}
		if k := strings.IndexByte(`"\/bfnrt`, raw[i]); k >= 0 {
			dst = append(dst, "\"\\/\b\f\n\r\t"[k])
			i++
			continue
		}
		r, ok := hex4(raw, i)
		if !ok {
			return dst, false
		}
		i += 5
		if utf16.IsSurrogate(r) {
			pair := rune(utf8.RuneError)
			if i < len(raw) && raw[i] == '\\' {
				if low, ok := hex4(raw, i+1); ok {
					pair = utf16.DecodeRune(r, low)
				}
			}
			if r = pair; r != utf8.RuneError {
				i += 6
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst, true
}

// hex4 reads uXXXX at s[i:].
func hex4(s string, i int) (r rune, ok bool) {
	if len(s)-i < 5 || s[i] != 'u' {
		return 0, false
	}
	for _, c := range []byte(s[i+1 : i+5]) {
		d := hexDigit(c)
		if d < 0 {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}
