package guess

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// isXMPP tells a stream header (RFC 6120 §4.2).
func isXMPP(s string) bool {
	return strings.Contains(s, "<stream:stream") && strings.HasPrefix(s, "<")
}

// isSTOMP tells the frame that opens a session (STOMP 1.2, CONNECT).
func isSTOMP(s string) bool {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return (strings.HasPrefix(s, "CONNECT\n") || strings.HasPrefix(s, "STOMP\n")) && (strings.Contains(s, "\naccept-version:") || strings.Contains(s, "\nlogin:") || strings.Contains(s, "\n\n\x00"))
}

var (
	respCommand = matches(`^\*[1-9]\d{0,5}\r\n\$[1-9]\d{0,3}\r\n[A-Za-z]`)
	respReply   = matches(`^(\+[^\r\n]*\r\n|-[A-Z]+ [^\r\n]*\r\n|:-?\d+\r\n|\$(-1|\d+)\r\n|[*%~]-?\d+\r\n|_\r\n)`)
	respInline  = matches(`^(?i)(PING|GET|SET|AUTH|SELECT|INFO|DEL|EXISTS|INCR|KEYS|ECHO|LPUSH|RPUSH|HGET|HSET|SUBSCRIBE|CONFIG|CLIENT|COMMAND|HELLO|DBSIZE|TTL|EXPIRE|MULTI|MONITOR|SYNC|PSYNC|REPLCONF|QUIT|FLUSHALL)( [^\r\n]+)?\r?\n`)
	respAnswer  = matches(`^(\+(OK|PONG|QUEUED)\r\n|-(ERR|NOAUTH|WRONGTYPE|WRONGPASS|NOPERM|MOVED|LOADING|READONLY|DENIED)\b[^\r\n]*\r\n|:-?\d+\r\n|\$(-1|\d+)\r\n|\*-?\d+\r\n)`)
)

// isRedis tells RESP: a command as an array of bulk strings and nothing else
// in answer, or an inline command with an answer of Redis.
func isRedis(p pair) bool {
	if respCommand(p.client) {
		return p.server == "" || respReply(p.server)
	}
	return respInline(p.client) && respAnswer(p.server)
}

// isJSONLines tells that everything both sides sent is JSON objects or arrays,
// one a line, with one whole line at least.
func isJSONLines(p pair) bool {
	whole := 0
	for _, s := range []string{p.client, p.server} {
		for s != "" {
			l, rest, ended := strings.Cut(s, "\n")
			s = rest
			l = strings.TrimSuffix(l, "\r")
			switch {
			case l == "" && ended:
			case l == "" || l[0] != '{' && l[0] != '[':
				return false
			case ended && !json.Valid([]byte(l)):
				return false
			case ended:
				whole++
			case !text(l):
				return false
			}
		}
	}
	return whole > 0
}

// isTextLines tells that everything both sides sent is printable text, with
// one whole line at least and eight bytes in all.
func isTextLines(p pair) bool {
	ended := strings.Contains(p.client, "\n") || strings.Contains(p.server, "\n")
	return ended && len(p.client)+len(p.server) >= 8 && text(p.client) && text(p.server)
}

// text tells whether s is UTF-8 without control characters other than line
// ends and tabs. A sequence cut off at the end is allowed.
func text(s string) bool {
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !utf8.FullRuneInString(s[i:]):
			return true
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			return false
		case r < 0x20 && r != '\n' && r != '\r' && r != '\t' || 0x7f <= r && r < 0xa0:
			return false
		}
	}
	return true
}

// printable tells whether s is ASCII without control characters.
func printable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}
