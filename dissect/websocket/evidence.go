package websocket

import (
	"bytes"
	"math/bits"
)

// step follows RFC 6455 §5.4 from one header to the next, and refuses empty
// continuations that end nothing: legal, but every run of zero bytes is full of them.
func step(m *messageState, h *Header) bool {
	switch {
	case h.Opcode.IsControl():
		return true
	case h.Opcode == Continuation:
		if *m == noMessage || !h.Fin && h.Length == 0 {
			return false
		}
	case *m == inMessage:
		return false
	}
	*m = inMessage
	if h.Fin {
		*m = noMessage
	}
	return true
}

// headerBits is how unlikely a random header is to be as plausible as h:
// 9 first bytes of 256 are (13 with RSV1), half of the mask bits, and of the
// 64-bit lengths one in 2^24 (less is counted: binary data is full of zeros).
func headerBits(h *Header, e *Expect) int {
	n := 5
	if e.RSV1 != No {
		n = 4
	}
	if h.Opcode == Continuation && !h.Fin {
		// Zero bytes are not rare. Before a small number they are how strings and
		// records with 16-bit lengths begin.
		if n = 2; h.Form == 7 && !h.Masked {
			return 0
		}
	}
	if e.Masked != Unknown {
		n++
	}
	if h.Form == 64 {
		n += 15
	}
	return n
}

// payloadBits looks at what is there of a frame's payload: a close code must be
// a legal one, text that is not compressed must be UTF-8. Masked text that
// becomes readable is strong evidence. Plain one is little, as bytes around a
// false header would often be text too. Text with control characters is none:
// masked text that is unmasked with other masked text of its own gives it.
func (s *search) payloadBits(h *Header, p []byte) (n int, ok bool) {
	var buf [textSample]byte
	whole := uint64(len(p)) == h.Length
	if len(p) > textSample {
		p, whole = p[:textSample], false
	}
	switch {
	case h.Opcode == Close && len(p) >= 2:
	case h.RSV&RSV1 != 0 && len(p) > 0:
		return 0, deflateBegins(p[0]^h.Mask[0], h)
	case h.Opcode == Text && len(p) > 0:
	default:
		return 0, true
	}
	if h.Masked {
		UnmaskInto(buf[:len(p)], p, h.Mask, 0)
		p = buf[:len(p)]
	}
	if h.Opcode == Close {
		code, _, _ := ParseClose(p)
		return 5, CloseCodeAllowed(code)
	}
	var u UTF8
	if !u.Write(p) || whole && h.Fin && !u.Close() {
		return 0, false
	}
	for _, c := range p {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			return 0, true
		}
	}
	if h.Masked {
		return min(len(p), 12), true
	}
	return min(len(p)/2, 4), true
}

// deflateBegins reports whether c can be the first byte of a compressed message:
// block type 3 does not exist (RFC 1951 §3.2.3), and a message of one byte is the
// empty one (RFC 7692 §7.2.3.6).
func deflateBegins(c byte, h *Header) bool {
	return c&6 != 6 && (h.Length > 1 || c == 0 || !h.Fin)
}

// endBits is how unlikely a random length is to end the frame exactly where a
// segment ends: of the values that the length field can have, as many hit as
// segments end within its reach. payload is where the frame's payload begins.
func (s *search) endBits(payload int, h *Header) int {
	last := uint64(len(s.b)) + s.e.Cut // where the last segment ends
	end := uint64(payload) + h.Length
	if end != last && !(end < uint64(len(s.b)) && s.isStart(int(end))) {
		return 0
	}
	reach, most := 125, 7
	switch h.Form {
	case 16:
		reach, most = 0xffff, 16
	case 64:
		return 10
	}
	hits := lowerBound(s.starts, payload+reach+1) - lowerBound(s.starts, payload)
	if last <= uint64(payload+reach) {
		hits++
	}
	return min(10, max(0, most-bits.Len(uint(max(hits, 1)-1))))
}

// cutHeader is the evidence of a header of which the masking key was cut off, if
// its frame ends where the segment does; else 0.
func (s *search) cutHeader(b []byte, msg messageState, closed bool) int {
	h, total, ok := PartialHeader(b)
	if !ok || total != uint64(len(b))+s.e.Cut || !Plausible(&h, &s.e) || closed && h.Opcode != Close || !step(&msg, &h) {
		return 0
	}
	payload := len(s.b) - len(b) + HeaderSize(b[0], b[1])
	return headerBits(&h, &s.e) + s.endBits(payload, &h)
}

// dull reports whether the sample of p has four different byte values at most.
func dull(p []byte) bool {
	var seen [4]byte
	n := 0
	for _, c := range p[:min(len(p), textSample)] {
		if bytes.IndexByte(seen[:n], c) >= 0 {
			continue
		}
		if n == len(seen) {
			return false
		}
		seen[n] = c
		n++
	}
	return true
}

// plainKey tells whether a masking key looks like anything but a random one: one
// byte repeated, or two and more of 00 and ff. One random key in 2,700 does.
func plainKey(k [4]byte) bool {
	n := 0
	for _, b := range k {
		if b == 0 || b == 0xff {
			n++
		}
	}
	return n > 1 || k[0] == k[1] && k[1] == k[2] && k[2] == k[3]
}

// alikeKeys tells whether two keys have three bytes in common, as the entries of
// a table do. Two random keys in four million do.
func alikeKeys(a, b [4]byte) bool {
	n := 0
	for i := range a {
		if a[i] == b[i] {
			n++
		}
	}
	return n >= 3
}
