package http1

import "encoding/binary"

// tokenBytes are the bytes that may stand in a token (RFC 9110 §5.6.2).
var tokenBytes = func() (t [256]bool) {
	for c := range t {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			t[c] = true
		}
	}
	for _, c := range []byte("!#$%&'*+-.^_`|~") {
		t[c] = true
	}
	return t
}()

func isTokenByte(c byte) bool { return tokenBytes[c] }

func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isControl tells whether c may not stand in a target or a value; bytes from
// 0x80 up may, they are obs-text (RFC 9110 §5.5).
func isControl(c byte) bool { return c < 0x20 && c != '\t' || c == 0x7f }

// indexControl returns the index of the first control character, or -1.
func indexControl(s string) int {
	for i := 0; i < len(s); i++ {
		if isControl(s[i]) {
			return i
		}
	}
	return -1
}

// hasControl tells whether b holds a control character, or a tab: eight bytes at a
// time, in which no byte borrows from the next one unless one of them is a hit.
func hasControl(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		x := binary.LittleEndian.Uint64(b)
		del := x ^ 0x7f*ones
		if ((x-0x20*ones)&^x|(del-ones)&^del)&high != 0 {
			return true
		}
	}
	for _, c := range b {
		if c < 0x20 || c == 0x7f {
			return true
		}
	}
	return false
}

// trim removes optional white space: spaces and tabs (RFC 9110 §5.6.3).
func trim(s string) string { return trimLeft(trimRight(s)) }

func trimLeft(s string) string {
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	return s
}

func trimRight[T string | []byte](s T) T {
	for len(s) > 0 && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// cutSpace divides s at its first space or tab.
func cutSpace(s string) (before, after string, found bool) {
	i := indexSpace(s)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// indexSpace returns the index of the first space or tab, or -1.
func indexSpace(s string) int {
	for i := 0; i < len(s); i++ {
		if isSpace(s[i]) {
			return i
		}
	}
	return -1
}

// lastSpace returns the index of the last space or tab, or -1.
func lastSpace[T string | []byte](s T) int {
	for i := len(s) - 1; i >= 0; i-- {
		if isSpace(s[i]) {
			return i
		}
	}
	return -1
}

// parseVersion reads "HTTP/" digit "." digit (RFC 9112 §2.3).
func parseVersion[T string | []byte](s T) (major, minor int, ok bool) {
	if len(s) != len("HTTP/1.1") || string(s[:5]) != "HTTP/" || !isDigit(s[5]) || s[6] != '.' || !isDigit(s[7]) {
		return 0, 0, false
	}
	return int(s[5] - '0'), int(s[7] - '0'), true
}

// parseStatus reads three digits, the first not 0 (RFC 9112 §4, RFC 9110 §15).
func parseStatus[T string | []byte](s T) (int, bool) {
	if len(s) != 3 || s[0] == '0' || !isDigit(s[0]) || !isDigit(s[1]) || !isDigit(s[2]) {
		return 0, false
	}
	return int(s[0]-'0')*100 + int(s[1]-'0')*10 + int(s[2]-'0'), true
}
