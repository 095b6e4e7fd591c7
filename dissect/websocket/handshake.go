package websocket

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"strings"
)

// GUID is what a server appends to the key before hashing it (RFC 6455 §1.3).
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// AcceptKey returns the Sec-WebSocket-Accept value for a Sec-WebSocket-Key:
// base64 of the SHA-1 of the key, as text, followed by GUID (RFC 6455 §4.2.2).
func AcceptKey(key string) string {
	v := acceptOf(key)
	return string(v[:])
}

// acceptLen is the length of base64 of a SHA-1.
const acceptLen = (sha1.Size + 2) / 3 * 4

// acceptOf is AcceptKey without an allocation for a key of the right length.
func acceptOf(key string) (v [acceptLen]byte) {
	var buf [keyLen + len(GUID)]byte
	sum := sha1.Sum(append(append(buf[:0], key...), GUID...))
	base64.StdEncoding.Encode(v[:], sum[:])
	return v
}

func acceptFrom(b []byte) string {
	s := sha1.Sum(b)
	return base64.StdEncoding.EncodeToString(s[:])
}

// CheckKey returns nil for a Sec-WebSocket-Key that is the base64 of 16 bytes
// (RFC 6455 §4.1), else an error that says what it is instead.
func CheckKey(key string) error {
	if isUsualKey(key) {
		return nil
	}
	if key == "" {
		return fmt.Errorf("is empty")
	}
	if strings.ContainsAny(key, "\r\n") { // which the decoder would skip
		return fmt.Errorf("is not base64: contains a line break")
	}
	b, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return fmt.Errorf("is not base64: %w", err)
	}
	if len(b) != 16 {
		return fmt.Errorf("decodes to %d bytes instead of 16", len(b))
	}
	return nil
}

// keyLen is the length of base64 of 16 bytes, the last two of which are padding.
const keyLen = 24

// isUsualKey recognises what nearly every key is: 22 letters of base64 and its padding.
func isUsualKey(key string) bool {
	if len(key) != keyLen || key[keyLen-2:] != "==" {
		return false
	}
	for i := range keyLen - 2 {
		if !base64Letters[key[i]] {
			return false
		}
	}
	return true
}

var base64Letters = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = true
	}
	return t
}()

// Field is one HTTP header field, name and value trimmed.
type Field struct{ Name, Value string }

// Fields are the header fields of a head, in order.
type Fields []Field

// Get returns the values of every field of that name, in order; names are
// compared without regard to case (RFC 9110 §5.1). The strings alias those of f.
func (f Fields) Get(name string) []string {
	var v []string
	for i := range f {
		if sameName(f[i].Name, name) {
			v = append(v, f[i].Value)
		}
	}
	return v
}

// sameName compares names of fields, which are ASCII.
func sameName(a, b string) bool {
	return a == b || len(a) == len(b) && a != "" && a[0]|0x20 == b[0]|0x20 && strings.EqualFold(a, b)
}

// Request is the head of an opening handshake's request (RFC 6455 §4.1; over
// HTTP/2 and HTTP/3 RFC 8441, RFC 9220).
type Request struct {
	Method, Target string
	Protocol       string // the :protocol of an extended CONNECT; else empty
	Major, Minor   int    // HTTP version
	Headers        Fields
	// Cut: the rest of the head was not captured. What Headers lack is not missing.
	Cut bool
}

// Get returns the values of every field of that name.
func (r *Request) Get(name string) []string { return r.Headers.Get(name) }

// Response is the head of the answer (RFC 6455 §4.2.2).
type Response struct {
	Status       int // 100 to 999
	Reason       string
	Major, Minor int
	Headers      Fields
	Cut          bool // as of a Request
}

// Get returns the values of every field of that name.
func (r *Response) Get(name string) []string { return r.Headers.Get(name) }

// Accepted reports whether resp opens a WebSocket: 101 over HTTP/1, any 2xx to
// an extended CONNECT (RFC 8441 §5).
func Accepted(req *Request, resp *Response) bool {
	if resp == nil {
		return false
	}
	if req != nil && req.Major >= 2 {
		return resp.Status >= 200 && resp.Status < 300
	}
	return resp.Status == 101
}

// IsUpgrade reports whether the request shows any sign of WebSocket: an Upgrade
// token, :protocol, or a Sec-WebSocket-* field. It may still be wrong in every other way.
func (r *Request) IsUpgrade() bool {
	if strings.EqualFold(r.Protocol, "websocket") || HasToken(r.Get("Upgrade"), "websocket") {
		return true
	}
	for i := range r.Headers {
		n := r.Headers[i].Name
		if len(n) >= 14 && strings.EqualFold(n[:14], "Sec-WebSocket-") {
			return true
		}
	}
	return false
}

// Tokens splits comma-separated field values into their trimmed, non-empty
// elements. A comma inside a quoted string does not separate (RFC 9110 §5.6.1).
// The result aliases values.
func Tokens(values []string) []string {
	var out []string
	for _, v := range values {
		for v != "" {
			var e string
			e, v = cutElement(v)
			if e = strings.Trim(e, " \t"); e != "" {
				out = append(out, e)
			}
		}
	}
	return out
}

// cutElement splits v at its first comma outside quotes.
func cutElement(v string) (element, rest string) {
	quoted := false
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case c == ',' && !quoted:
			return v[:i], v[i+1:]
		}
	}
	return v, ""
}

// HasToken reports whether the list in values has token among its elements,
// without regard to case, as Upgrade and Connection are read (RFC 6455 §4.2.1).
func HasToken(values []string, token string) bool {
	for _, v := range values {
		if v == token {
			return true
		}
		for v != "" {
			var e string
			e, v = cutElement(v)
			if strings.EqualFold(strings.Trim(e, " \t"), token) {
				return true
			}
		}
	}
	return false
}

// Subprotocols returns the elements of Sec-WebSocket-Protocol values, in order
// of preference (RFC 6455 §4.1). Subprotocol names are compared exactly.
func Subprotocols(values []string) []string { return Tokens(values) }
