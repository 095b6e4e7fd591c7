package filter

import (
	"fmt"
	"net/netip"
	"strings"
)

// kind is what a token is.
type kind uint8

const (
	kEnd     kind = iota
	kNum          // number, also by a name such as tcp-syn; val
	kName         // a name that is no keyword, or one escaped by \; text
	kDotted       // dotted IPv4 number of two to four parts; text
	kIPv6         // IPv6 address; text
	kMAC          // Ethernet address; text
	kAID          // $xx, an ARCnet address
	kKeyword      // text, in the one spelling of synonyms
	kOp           // operator or bracket; text
)

// token is one word of an expression.
type token struct {
	kind     kind
	text     string
	val      uint32
	pos, end int
}

func (t token) is(k kind, text string) bool { return t.kind == k && t.text == text }

func (t token) fail(format string, args ...any) *Error {
	return &Error{Pos: t.pos, End: t.end, Msg: fmt.Sprintf(format, args...)}
}

// operators, longest first.
var operators = []string{"&&", "||", ">=", "<=", "!=", "==", "<<", ">>",
	"+", "-", "*", "/", "%", ":", "[", "]", "!", "<", ">", "(", ")", "&", "|", "^", "="}

// lex splits an expression into tokens, the last of which is kEnd.
//
// As in libpcap, the longest reading wins: "80-443" is a name, not a
// subtraction, because a name may hold hyphens; "1:2:3:4:5:6" is an Ethernet
// address, and "1:2" is three tokens.
func lex(s string) ([]token, error) {
	var out []token
	for pos := 0; pos < len(s); {
		if c := s[pos]; c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			pos++
			continue
		}
		t, err := lexOne(s, pos)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		pos = t.end
	}
	return append(out, token{kind: kEnd, pos: len(s), end: len(s)}), nil
}

func lexOne(s string, pos int) (token, error) {
	t := token{pos: pos}
	switch c := s[pos]; {
	case c == '\\':
		t.end = pos + 1
		for t.end < len(s) && !strings.ContainsRune(" !()\n\t", rune(s[t.end])) {
			t.end++
		}
		t.kind, t.text = kName, s[pos+1:t.end]
		if t.text == "" {
			return t, t.fail("a backslash needs a name behind it")
		}
		return t, nil
	case c == '$' && pos+1 < len(s) && isHex(s[pos+1]):
		t.kind, t.end = kAID, pos+2
		if t.end < len(s) && isHex(s[t.end]) {
			t.end++
		}
		t.text = s[pos:t.end]
		return t, nil
	case isWord(c) || c == ':' && strings.HasPrefix(s[pos:], "::"):
		return lexWord(s, pos)
	}
	for _, op := range operators {
		if strings.HasPrefix(s[pos:], op) {
			t.kind, t.text, t.end = kOp, op, pos+len(op)
			switch op {
			case "==":
				t.text = "="
			case "&&":
				t.kind, t.text = kKeyword, "and"
			case "||":
				t.kind, t.text = kKeyword, "or"
			case "!":
				t.kind, t.text = kKeyword, "not"
			}
			return t, nil
		}
	}
	t.end = pos + 1
	for t.end < len(s) && s[t.end]&0xc0 == 0x80 {
		t.end++
	}
	return t, t.fail("no part of the language begins like this")
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isWord(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// lexWord reads what begins with a letter or a digit, or an IPv6 address.
func lexWord(s string, pos int) (token, error) {
	name := pos // end of [A-Za-z0-9]([-_.A-Za-z0-9]*[.A-Za-z0-9])?
	for i := pos; i < len(s) && (isWord(s[i]) || s[i] == '-' || s[i] == '_' || s[i] == '.'); i++ {
		if isWord(s[i]) || s[i] == '.' && i > pos {
			name = i + 1
		}
	}
	if end := longestIPv6(s, pos); end > name {
		return token{kind: kIPv6, text: s[pos:end], pos: pos, end: end}, nil
	}
	if end := macEnd(s, pos); end >= name {
		return token{kind: kMAC, text: s[pos:end], pos: pos, end: end}, nil
	}
	t := token{kind: kName, text: s[pos:name], pos: pos, end: name}
	switch {
	case isNumber(t.text):
		v, err := number(t)
		t.kind, t.val = kNum, v
		return t, err
	case isDotted(t.text):
		t.kind = kDotted
	default:
		if v, ok := namedNumbers[t.text]; ok {
			t.kind, t.val = kNum, v
		} else if k, ok := keywords[t.text]; ok {
			t.kind, t.text = kKeyword, k
		}
	}
	return t, nil
}

// longestIPv6 returns the end of the IPv6 address that begins at pos, or pos.
func longestIPv6(s string, pos int) int {
	end, colons := pos, 0
	for end < len(s) && end-pos < 46 && (isHex(s[end]) || s[end] == ':' || s[end] == '.') {
		if s[end] == ':' {
			colons++
		}
		end++
	}
	if colons < 2 {
		return pos
	}
	for ; end > pos+1; end-- {
		if a, err := netip.ParseAddr(s[pos:end]); err == nil && a.Is6() {
			return end
		}
	}
	return pos
}

// macEnd returns the end of the longest Ethernet address that begins at pos, or
// pos: 1:2:3:4:5:6, with hyphens or dots too, 0102.0304.0506, 010203040506.
func macEnd(s string, pos int) int {
	best := pos
	for _, sep := range []byte{':', '-', '.'} {
		i, parts := pos, 0
		for parts < 6 {
			n := 0
			for n < 2 && i < len(s) && isHex(s[i]) {
				i, n = i+1, n+1
			}
			if n == 0 {
				break
			}
			if parts++; parts == 6 {
				best = max(best, i)
			} else if i >= len(s) || s[i] != sep {
				break
			} else {
				i++
			}
		}
	}
	for _, sep := range []string{".", ""} {
		i := pos
		for part := range 3 {
			if part > 0 {
				if !strings.HasPrefix(s[min(i, len(s)):], sep) {
					i = len(s) + 1
					break
				}
				i += len(sep)
			}
			for range 4 {
				if i >= len(s) || !isHex(s[i]) {
					i = len(s) + 1
					break
				}
				i++
			}
		}
		if i <= len(s) {
			best = max(best, i)
		}
	}
	return best
}

// parseMAC returns the six bytes of what macEnd accepts.
func parseMAC(s string) (mac [6]byte) {
	sep := strings.IndexAny(s, ":-.")
	if sep < 0 || sep > 2 {
		s = strings.ReplaceAll(s, ".", "")
		for i := range mac {
			mac[i] = hexByte(s[2*i : 2*i+2])
		}
		return mac
	}
	for i, part := range strings.Split(s, s[sep:sep+1]) {
		mac[i] = hexByte(part)
	}
	return mac
}

func hexByte(s string) (v byte) {
	for i := range len(s) {
		c := s[i] | 0x20
		if c >= 'a' {
			c -= 'a' - 10 - '0'
		}
		v = v<<4 | (c-'0')&0xf
	}
	return v
}

func isNumber(s string) bool {
	if len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		for i := 2; i < len(s); i++ {
			if !isHex(s[i]) {
				return false
			}
		}
		return true
	}
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

func isDotted(s string) bool {
	parts := strings.Split(s, ".")
	for _, p := range parts {
		if !isNumber(p) {
			return false
		}
	}
	return len(parts) >= 2 && len(parts) <= 4
}

// number reads a decimal, octal (0...) or hexadecimal (0x...) number of 32 bits.
func number(t token) (uint32, error) {
	s, base := t.text, uint64(10)
	switch {
	case len(s) > 2 && s[1]|0x20 == 'x':
		s, base = s[2:], 16
	case len(s) > 1 && s[0] == '0':
		s, base = s[1:], 8
	}
	var v uint64
	for i := range len(s) {
		d := uint64(hexByte(s[i : i+1]))
		if d >= base {
			return 0, t.fail("a number that begins with 0 is octal, and has no digit %c", s[i])
		}
		if v = v*base + d; v > 0xffffffff {
			return 0, t.fail("the number does not fit into 32 bits")
		}
	}
	return uint32(v), nil
}
