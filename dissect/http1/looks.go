package http1

import "bytes"

// LooksLikeRequest judges a prefix of any length of what a client sends. It is
// Yes once the first line is a request line: method, target, HTTP version
// (RFC 9112 §3). Protocols whose first line names no HTTP version (SMTP, Redis
// inline commands, memcached, RTSP) are No at the end of that line at the
// latest, and so is the preface of HTTP/2 (RFC 9113 §3.4). Empty lines before
// the request line are skipped, up to MaxEmptyLines.
func LooksLikeRequest(b []byte) Verdict {
	b, v := skipEmptyLines(b)
	if v != Yes {
		return v
	}
	i := 0
	for i < len(b) && i < MaxMethod && isTokenByte(b[i]) {
		i++
	}
	if i == len(b) {
		return Maybe
	}
	if i == 0 || b[i] != ' ' {
		return No
	}
	method := b[:i]
	line := b[i+1 : min(len(b), MaxStartLine)]
	if end := bytes.Index(line[:min(len(line), usualLine)], []byte("\r\n")); end >= 0 && !hasControl(line[:end]) {
		return requestLineEnd(method, line[:end])
	}
	for j, c := range line {
		switch {
		case c == '\n':
			return requestLineEnd(method, bytes.TrimSuffix(line[:j], []byte{'\r'}))
		case c == '\r' && (j+1 == len(line) || line[j+1] == '\n'):
			// The end, or the next byte will tell.
		case isControl(c):
			return No
		}
	}
	if len(b) >= MaxStartLine {
		return No
	}
	return Maybe
}

// usualLine is how long request lines usually are at most, in bytes.
const usualLine = 1 << 10

// requestLineEnd judges a complete line after the method and its space.
func requestLineEnd(method, rest []byte) Verdict {
	rest = trimRight(rest)
	cut := lastSpace(rest)
	if cut < 0 || len(trimRight(rest[:cut])) == 0 {
		return No
	}
	major, _, ok := parseVersion(rest[cut+1:])
	if !ok || major == 2 && string(method) == "PRI" {
		return No
	}
	return Yes
}

// statusPattern is a status line as far as it is fixed: d a digit, e a space
// or the line's end.
const statusPattern = "HTTP/1.d ddde"

// LooksLikeResponse judges a prefix of any length of what a server sends. It
// is Yes once the bytes are an HTTP/1 status line up to the status code
// (RFC 9112 §4), after at most MaxEmptyLines empty lines.
func LooksLikeResponse(b []byte) Verdict {
	b, v := skipEmptyLines(b)
	if v != Yes {
		return v
	}
	for i := 0; i < len(b) && i < len(statusPattern); i++ {
		c, want := b[i], statusPattern[i]
		var ok bool
		switch want {
		case 'd':
			ok = isDigit(c) && (i != len("HTTP/1.d ") || c != '0')
		case 'e':
			ok = c == ' ' || c == '\r' || c == '\n'
		default:
			ok = c == want
		}
		if !ok {
			return No
		}
	}
	if len(b) < len(statusPattern) {
		return Maybe
	}
	return Yes
}

// skipEmptyLines returns what follows the empty lines that b begins with. The
// verdict is Yes when that is at least one byte of something else.
func skipEmptyLines(b []byte) ([]byte, Verdict) {
	for range MaxEmptyLines + 1 {
		switch {
		case len(b) == 0 || len(b) == 1 && b[0] == '\r':
			return b, Maybe
		case b[0] == '\n':
			b = b[1:]
		case b[0] == '\r' && b[1] == '\n':
			b = b[2:]
		default:
			return b, Yes
		}
	}
	return b, No
}
