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

// search looks for the next frame header in the bytes behind a hole.
func (w *webSocket) search(k *Conn, s *wsSide, b []byte, at reassembly.At, atEnd bool) int {
	if !atEnd && uint64(len(b))+at.Offset < s.lookAgain {
		return 0
	}
	r := websocket.Search(b, k.Starts(s.dir, at), w.expect(k, s), atEnd)
	stuck := r.State == websocket.NeedMore && (atEnd || len(b) >= websocket.SearchWindow)
	first := atEnd && r.Pos == 0 && at.Offset == k.heldSegment(s.dir)
	if r.State != websocket.Found && r.Bits >= acceptBits && (stuck && !atEnd || first) {
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
	}
}
