package http1

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

// A plain head has a start line divided by single spaces, of version 1, and fields in
// which nothing is wrong; every line ends in CRLF. Nearly all are plain. They are read
// in one pass over eight bytes at a time, instead of one to find the end, one for each
// line and one for each part of it.

// WholeRequest reads the head of a request that b begins with into r, as Request does, if
// it is whole and plain: n bytes of it. Of any other n is 0, and r is not valid:
// Scanner and Request tell what it is. It is a request for LooksLikeRequest, too.
func (p *Parser) WholeRequest(b []byte, r *Request) (n int) {
	end := lineEnd(b, 0)
	if end < len("G / HTTP/1.1") || b[end-9] != ' ' {
		return 0
	}
	major, minor, ok := parseVersion(b[end-8 : end])
	space := 0
	for space < MaxMethod && isTokenByte(b[space]) { // it ends at a space: there is one
		space++
	}
	if !ok || major != 1 || b[space] != ' ' || space == 0 || space+1 >= end-9 {
		return 0
	}
	for _, c := range b[space+1 : end-9] {
		if c == ' ' {
			return 0
		}
	}
	if n = p.lines(b, end+2); n == 0 {
		return 0
	}
	text := p.own(b[:n])
	r.Method, r.Target, r.Major, r.Minor = text[:space], text[space+1:end-9], major, minor
	r.Head.plain(text, p.spans[:p.used])
	return n
}

// WholeResponse is WholeRequest for responses.
func (p *Parser) WholeResponse(b []byte, r *Response) (n int) {
	const reason = len("HTTP/1.1 200 ")
	end := lineEnd(b, 0)
	if end < reason-1 || b[8] != ' ' || end >= reason && b[reason-1] != ' ' {
		return 0
	}
	major, minor, ok := parseVersion(b[:8])
	status, valid := parseStatus(b[9:12])
	if !ok || !valid || major != 1 {
		return 0
	}
	if n = p.lines(b, end+2); n == 0 {
		return 0
	}
	text := p.own(b[:n])
	r.Major, r.Minor, r.Status, r.Reason = major, minor, status, trim(text[min(reason, end):end])
	r.Head.plain(text, p.spans[:p.used])
	return n
}

// spans are the parts of a field line: offsets in the head.
type spans struct{ name, colon, value, end uint16 }

// maxPlain is the length of the longest plain head, in bytes.
const maxPlain = 1 << 15

// lines notes the fields of a head from at on, and returns where it ends; 0: it is not plain.
func (p *Parser) lines(b []byte, at int) int {
	b = b[:min(len(b), maxPlain)]
	for p.used = 0; ; p.used++ {
		if at+2 > len(b) {
			return 0
		}
		if b[at] == '\r' && b[at+1] == '\n' {
			return at + 2
		}
		colon := tokenEnd(b, at)
		if colon == at || colon == len(b) || b[colon] != ':' || p.used == len(p.spans) {
			return 0
		}
		value := colon + 1
		if value < len(b) && b[value] == ' ' {
			value++
		}
		end := lineEnd(b, value)
		if end < 0 {
			return 0
		}
		p.spans[p.used] = spans{uint16(at), uint16(colon), uint16(value), uint16(end)}
		at = end + 2
	}
}

const (
	ones = 0x0101010101010101
	high = 0x80 * ones
)

// lineEnd returns where the line that goes on at at ends in CRLF, without another
// control character in front of it; -1: it does not, or not in b.
func lineEnd(b []byte, at int) int {
	for ; at+8 <= len(b); at += 8 {
		x := binary.LittleEndian.Uint64(b[at:])
		del := x ^ 0x7f*ones
		// A byte borrows from the next one only if it is a hit: the first hit is one.
		if hit := ((x-0x20*ones)&^x | (del-ones)&^del) & high; hit != 0 {
			at += bits.TrailingZeros64(hit) / 8
			break
		}
	}
	for at < len(b) && b[at] >= 0x20 && b[at] != 0x7f {
		at++
	}
	if at+1 < len(b) && b[at] == '\r' && b[at+1] == '\n' {
		return at
	}
	return -1
}

// tokenEnd returns the end of the token that b[at:] begins with.
func tokenEnd(b []byte, at int) int {
	for ; at+8 <= len(b); at += 8 {
		x := binary.LittleEndian.Uint64(b[at:])
		// Letters and dashes, which most are: y has ASCII letters in lower case.
		y := x | 0x20*ones
		letter := (y + (0x80-'a')*ones) &^ (y + (0x80-'z'-1)*ones)
		dash := ^(x ^ '-'*ones + 0x7f*ones)
		if other := (^(letter | dash) | x) & high; other != 0 {
			at += bits.TrailingZeros64(other) / 8
			break
		}
	}
	for at < len(b) && isTokenByte(b[at]) {
		at++
	}
	return at
}

// names says what is known of a head's fields: which of those that decide how the
// message goes on it has, in any case.
type names uint8

const (
	namesKnown names = 1 << iota // else nothing is
	hasUpgrade
	hasLength    // Content-Length
	hasEncoding  // Transfer-Encoding
	hasWebSocket // any that begins with Sec-WebSocket-
	hasExtensions
)

// plain sets the fields of text that lie in spans.
func (h *Head) plain(text string, fields []spans) {
	*h = h.emptied()
	if cap(h.Headers) < len(fields) {
		h.Headers = make(Headers, 0, max(len(fields), usualFields/2))
	}
	h.Headers = h.Headers[:len(fields)]
	h.names = namesKnown
	for i := range fields {
		f, s := &h.Headers[i], &fields[i]
		f.Name, f.Value = text[s.name:s.colon], text[s.value:s.end]
		if v := f.Value; v != "" && (v[0] == ' ' || v[len(v)-1] == ' ') {
			f.Value = trim(v)
		}
		h.names |= nameOf(f.Name)
	}
}

// webSocketPrefix begins the names of the fields that only WebSocket uses (RFC 6455 §11.3).
const webSocketPrefix = "Sec-WebSocket-"

func nameOf(s string) names {
	switch {
	case len(s) == len("Upgrade"):
		if sameName(s, "Upgrade") {
			return hasUpgrade
		}
	case len(s) < len(webSocketPrefix):
	case len(s) == len("Content-Length") && sameName(s, "Content-Length"):
		return hasLength
	case len(s) == len("Transfer-Encoding") && sameName(s, "Transfer-Encoding"):
		return hasEncoding
	case s[0]|0x20 == 's' && sameName(s[:len(webSocketPrefix)], webSocketPrefix):
		if sameName(s[len(webSocketPrefix):], "Extensions") {
			return hasWebSocket | hasExtensions
		}
		return hasWebSocket
	}
	return 0
}

// sameName compares names in any case.
func sameName(a, b string) bool {
	return a == b || len(a) == len(b) && a[0]|0x20 == b[0]|0x20 && strings.EqualFold(a, b)
}

// lacks tells whether the head is known to have no field of those.
func (h *Head) lacks(n names) bool { return h.names&(namesKnown|n) == namesKnown }

// framed tells whether the head may have fields that say how its body is framed.
func (h *Head) framed() bool { return !h.lacks(hasLength | hasEncoding) }

// AsksWebSocket tells whether the head shows any sign of WebSocket: its token in
// Upgrade, or a field that only WebSocket uses (RFC 6455 §11.3).
func (h *Head) AsksWebSocket() bool {
	if h.lacks(hasUpgrade | hasWebSocket) {
		return false
	}
	if h.Headers.HasToken("Upgrade", "websocket") {
		return true
	}
	for i := range h.Headers {
		if n := h.Headers[i].Name; len(n) >= len(webSocketPrefix) && strings.EqualFold(n[:len(webSocketPrefix)], webSocketPrefix) {
			return true
		}
	}
	return false
}

// HasExtensions tells whether there is a field Sec-WebSocket-Extensions, in any case.
func (h *Head) HasExtensions() bool {
	return !h.lacks(hasExtensions) && h.Headers.Has("Sec-WebSocket-Extensions")
}

// Upgrades tells whether Upgrade names any protocol (RFC 9110 §7.8).
func (h *Head) Upgrades() bool { return !h.lacks(hasUpgrade) && h.Headers.Upgrades() }
