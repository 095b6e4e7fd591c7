package http1

import "strings"

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

// trim removes optional white space: spaces and tabs (RFC 9110 §5.6.3).
func trim(s string) string { return trimLeft(trimRight(s)) }

func trimLeft(s string) string {
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	return s
}

func trimRight(s string) string {
	for len(s) > 0 && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// cutSpace divides s at its first space or tab.
func cutSpace(s string) (before, after string, found bool) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// parseVersion reads "HTTP/" digit "." digit (RFC 9112 §2.3).
func parseVersion(s string) (major, minor int, ok bool) {
	if len(s) != len("HTTP/1.1") || s[:5] != "HTTP/" || !isDigit(s[5]) || s[6] != '.' || !isDigit(s[7]) {
		return 0, 0, false
	}
	return int(s[5] - '0'), int(s[7] - '0'), true
}

// parseStatus reads three digits, the first not 0 (RFC 9112 §4, RFC 9110 §15).
func parseStatus(s string) (int, bool) {
	if len(s) != 3 || s[0] == '0' || !isDigit(s[0]) || !isDigit(s[1]) || !isDigit(s[2]) {
		return 0, false
	}
	return int(s[0]-'0')*100 + int(s[1]-'0')*10 + int(s[2]-'0'), true
}
