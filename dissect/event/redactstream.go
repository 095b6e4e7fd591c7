package event

import (
	"bytes"
	"strings"
)

// maxSecretName is how long a header's or a parameter's name may be to be known
// as one of a credential.
const maxSecretName = 64

// StreamRedactor hides credentials in a direction's stream, piece by piece. The
// zero value is ready. It puts a star for each byte that it hides, so that
// offsets stay.
type StreamRedactor struct {
	name    []byte // of the header or parameter that may begin here; at most maxSecretName
	inName  naming
	masking masking
}

// naming is what a name is looked for of.
type naming uint8

const (
	ofLine  naming = iota // from the line's beginning to its colon
	ofQuery               // from ? or & to =
	ofNone
)

// masking is what is being hidden.
type masking uint8

const (
	maskNothing masking = iota
	maskLine            // up to the line's end
	maskValue           // of a query parameter
)

// Append appends p to dst with stars for the credentials in it. p is borrowed.
func (r *StreamRedactor) Append(dst, p []byte) []byte {
	for i := 0; i < len(p); i++ {
		c := p[i]
		switch {
		case c == '\n':
			r.name, r.inName, r.masking = r.name[:0], ofLine, maskNothing
		case c == '\r' && r.masking == maskLine:
		case r.masking == maskLine:
			if c != ' ' {
				c = '*'
			}
		case r.masking == maskValue && !strings.ContainsRune("&;# \t\"'<>\r", rune(c)):
			c = '*'
		case c == '?' || c == '&':
			r.name, r.inName, r.masking = r.name[:0], ofQuery, maskNothing
		case c == '=' && r.inName == ofQuery:
			r.masking, r.inName = maskNothing, ofNone
			if secretName(string(r.name)) {
				r.masking = maskValue
			}
		case c == ':' && r.inName == ofLine:
			r.inName = ofNone
			switch headerSecret(string(r.name)) {
			case secretWhole, secretScheme, secretCookies:
				r.masking = maskLine
			case secretProtocols:
				dst = append(dst, c)
				n := 0
				dst, n = r.protocols(dst, p[i+1:])
				i += n
				continue
			}
		default:
			r.masking = maskNothing
			if len(r.name) < maxSecretName {
				r.name = append(r.name, c)
			} else {
				r.inName = ofNone
			}
		}
		dst = append(dst, c)
	}
	return dst
}

// protocols appends the value of Sec-WebSocket-Protocol, which p begins with,
// and returns its length. One that does not end in p is hidden as a whole.
func (r *StreamRedactor) protocols(dst, p []byte) ([]byte, int) {
	end := bytes.IndexByte(p, '\n')
	if end < 0 {
		r.masking = maskLine
		return dst, 0
	}
	value := string(bytes.TrimRight(p[:end], "\r"))
	hidden := strings.Split(redactProtocols(value), ",")
	for i, part := range strings.Split(value, ",") {
		if i > 0 {
			dst = append(dst, ',')
		}
		for k := range len(part) {
			c := part[k]
			if part != hidden[i] && c != ' ' && c != '\r' {
				c = '*'
			}
			dst = append(dst, c)
		}
	}
	return dst, len(value)
}
