package dissect

import (
	"bytes"

	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect/http1"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// cutHead reads what was captured of a head whose rest is in a hole, most often
// one that the snap length left: the start line, and the header lines before the
// hole. held is what stands there. It returns false where that is not enough to
// go on with.
func (h *httpStream) cutHead(k *Conn, dir packet.Dir, s *httpSide, held []byte, at reassembly.At) bool {
	last := k.lastOf(dir, at, len(held))
	span := [2]uint64{at.Packet, last.Packet}
	lines := held[:bytes.LastIndexByte(held, '\n')+1] // what a line lacks is not known
	s.scanner.Reset()
	if s == &h.client {
		req := &k.a.heads.request
		if k.a.heads.Request(lines, req) != nil {
			return false
		}
		s.cut = true
		h.request(k, req, span)
		return true
	}
	switch http1.LooksLikeResponse(held) {
	case http1.No:
		if h.notHTTP(k, dir, s, held, at); k.d != Dissector(h) {
			k.pump(dir)
		}
		return true
	case http1.Maybe:
		return false
	}
	if len(lines) == 0 {
		lines = held // of the status line, the reason does not matter
	}
	resp := &k.a.heads.response
	if k.a.heads.Response(lines, resp) != nil {
		return false
	}
	s.cut = true
	h.response(k, resp, span, last.Time)
	return true
}

// tail passes over the rest of a request's head behind a hole in it. What cannot
// be part of a head waits for the answer.
func (h *httpStream) tail(k *Conn, dir packet.Dir, b []byte, at reassembly.At) int {
	s := &h.client
	if http1.LooksLikeRequest(b) == http1.Yes { // the answer to the one before is in a hole
		*s = httpSide{}
		return h.head(k, dir, s, b, at)
	}
	for _, end := range [...]string{"\n\r\n", "\n\n"} {
		if i := bytes.Index(b, []byte(end)); i >= 0 {
			s.phase, s.cut = onHold, false
			return i + len(end)
		}
	}
	for _, c := range b {
		if c >= 0x80 || c < ' ' && c != '\r' && c != '\n' && c != '\t' {
			s.phase = onHold
			return 0
		}
	}
	return len(b)
}

// tentative returns the attempt that a 101 answers although its request shows no
// sign of WebSocket, because it was not captured, or not whole; nil if it seems to
// switch to something else.
func (h *httpStream) tentative(x *exchange, resp *http1.Response) *attempt {
	shows := answersWebSocket(resp) || h.server.cut && !resp.Headers.Has("Upgrade")
	if shows && (x.perhaps || x.method == "") {
		return &x.asked
	}
	return nil
}

// behindHead reads what follows a hole in a handshake's head: more of the head, or
// the first frame. A hole ends where a segment does, and heads mostly do so too: a
// plausible header needs no further evidence there, nor does an implausible one
// whose frame ends exactly where the segment does. It returns false where the bytes
// are neither, and must be searched.
func (w *webSocket) behindHead(k *Conn, s *wsSide, b []byte, atEnd bool) (n int, ok bool) {
	if n, end := restOfHead(b); n > 0 {
		if end {
			s.found()
		}
		return n, true
	}
	h, size := websocket.ParseHeader(b)
	total := uint64(size) + h.Length
	ok = size > 0
	switch {
	case size == 0 && !atEnd:
		return 0, true
	case size == 0:
		h, total, ok = websocket.PartialHeader(b)
	}
	s.expected = false
	exact := total == uint64(len(b))+k.a.cut
	if !ok || !exact && !w.plausible(k, s, &h) {
		return 0, false
	}
	if s.found(); exact {
		s.unsure = 0 // if it breaks the rules, the peer does
	}
	return 0, true
}

// restOfHead returns how many bytes of b are lines of a head, and whether its end
// is among them. Of the first line, its end must be there or the name of a field.
func restOfHead(b []byte) (n int, end bool) {
	if bytes.HasPrefix(b, []byte("\r\n")) {
		return 2, false // of the empty line, or of one whose beginning is in the hole
	}
	const shortName = 4 // fewer letters and a colon may be a compressed frame
	for i, c := range b {
		switch {
		case c == '\n' || c == ':' && i >= shortName:
			if end := bytes.Index(b[i:], []byte("\n\r\n")); end >= 0 {
				return i + end + 3, true
			}
			return len(b), false
		case c >= 0x7f || c < ' ' && c != '\r' && c != '\t':
			return 0, false
		}
	}
	return 0, false
}
