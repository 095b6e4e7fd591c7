package dissect

import (
	"github.com/sockeye-dev/sockeye/dissect/websocket"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// acceptBits is the evidence for which a candidate is taken that cannot be
// confirmed further: a frame longer than the search window, or one at the
// beginning of the first segment behind a hole when the next hole follows.
// Random payload shows it once in 4096 such places.
const acceptBits = 12

// likelyBits is enough where a segment that the snap length cut was not a full one:
// what wrote it wrote whole frames, and the next segment begins with a header.
const likelyBits = 5

// Payload bytes of a segment: at least leastFull are in a full one whatever the path
// (RFC 9293 §3.7.1: 536 less options), and usualFull where it is an ordinary one.
const (
	leastFull = 512
	usualFull = 1200
)

// noteCut remembers, at a hole of n bytes that the snap length left, whether it is the
// rest of a segment that was not full.
func (s *wsSide) noteCut(k *Conn, n uint64, at reassembly.At) {
	size := at.Offset + n - k.a.segment
	s.longestCut = max(s.longestCut, size)
	s.likely = size < leastFull || size < usualFull && size < s.longestCut
}

// search looks for the next frame header in the bytes behind a hole.
func (w *webSocket) search(k *Conn, s *wsSide, b []byte, at reassembly.At, atEnd bool) int {
	if !atEnd && uint64(len(b))+at.Offset < s.lookAgain {
		return 0
	}
	if s.expected {
		if n, ok := w.behindHead(k, s, b, atEnd); ok && n == 0 && s.phase == atHeader {
			return w.Data(k, s.dir, b, at)
		} else if ok {
			return n
		}
	}
	r := websocket.Search(b, k.Starts(s.dir, at), w.expect(k, s), atEnd)
	stuck := r.State == websocket.NeedMore && (atEnd || len(b) >= websocket.SearchWindow)
	first := atEnd && r.Pos == 0 && at.Offset == k.heldSegment(s.dir)
	enough := acceptBits
	if s.likely && first {
		enough = likelyBits
	}
	if r.State != websocket.Found && r.Bits >= enough && (stuck && !atEnd || first) {
		r.State = websocket.Found
	}
	n := r.Discard
	switch {
	case r.State == websocket.Found:
		n = r.Pos
		s.found()
	case stuck && atEnd:
		n = len(b)
	case stuck:
		n = max(n, len(b)-websocket.MaxHeaderSize)
	}
	s.lookAgain = at.Offset + uint64(len(b)+max(1, r.More))
	if n > 0 {
		k.skipped(s.dir, n, at)
		s.lose(uint64(n))
	}
	if n == 0 && s.phase == atHeader {
		return w.Data(k, s.dir, b, at)
	}
	return n
}

// searchHeld searches in what is held, because no more comes.
func (w *webSocket) searchHeld(k *Conn, s *wsSide, held []byte) {
	k.drop(s.dir, w.search(k, s, held, k.heldAt(s.dir), true))
	k.pump(s.dir)
}

// expect says what headers of a direction look like.
func (w *webSocket) expect(k *Conn, s *wsSide) websocket.Expect {
	return websocket.Expect{
		Masked: websocket.TriOf(s.dir == k.Client()),
		RSV1:   websocket.TriOf(w.comp.on || !w.comp.known),
		Cut:    k.a.cut,
	}
}

// plausible tells whether a header of a direction looks like what it is expected to.
func (w *webSocket) plausible(k *Conn, s *wsSide, h *websocket.Header) bool {
	e := w.expect(k, s)
	return websocket.Plausible(h, &e)
}

// seek begins a search, behind lost bytes of which nothing is known.
func (s *wsSide) seek(lost uint64) {
	s.phase, s.lookAgain = searching, 0
	s.lose(lost)
}

// begins says whether the direction begins behind a hole in the handshake: then the
// next segment should begin with a header.
func (s *wsSide) begins(behindHole bool) {
	if behindHole {
		s.seek(0)
		s.expected = true
	}
}

// found goes on at a header that was searched for.
func (s *wsSide) found() { s.phase, s.unsure, s.expected = atHeader, unsureFrames, false }

// unsureFrames is for how many frames behind a search an implausible header means
// that the place was wrong, and not that the peer breaks the rules.
const unsureFrames = 4
