package dissect

import (
	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// Gap keeps framing in sync through a hole inside a frame, and begins a search
// behind one that covers a header (DESIGN: a frame of known length survives).
func (w *webSocket) Gap(k *Conn, dir packet.Dir, held []byte, n uint64, at reassembly.At) bool {
	s := &w.side[dir]
	w.gap(k, s, held, n, at)
	s.likely = false
	if k.a.cut > 0 {
		s.noteCut(k, n, at)
	}
	return true
}

func (w *webSocket) gap(k *Conn, s *wsSide, held []byte, n uint64, at reassembly.At) {
	dir := s.dir
	switch s.phase {
	case skipping:
		s.phase = searching
		return
	case searching:
		if len(held) > 0 {
			w.searchHeld(k, s, held)
			if s.phase != searching {
				w.gap(k, s, k.heldBytes(dir), n, at)
			}
		}
		return
	case atHeader:
		if _, total, ok := websocket.PartialHeader(held); ok {
			// The length survived, though the masking key did not: the frame is
			// lost, but not where it ends.
			s.phase, s.rest = inLost, total-uint64(len(held))
			s.lose(uint64(len(held)))
		} else {
			s.seek(n + uint64(len(held)))
			k.skipped(dir, len(held), k.heldAt(dir))
			return
		}
	}
	in := min(n, s.rest)
	if s.phase == inLost {
		s.lose(in)
		s.rest -= in
		if s.rest == 0 {
			s.phase = atHeader
		}
	} else {
		w.missing(k, s, in, at)
	}
	if n > in {
		s.seek(n - in)
	}
}

// missing passes over payload bytes that were not captured.
func (w *webSocket) missing(k *Conn, s *wsSide, n uint64, at reassembly.At) {
	s.frame.Missing += n
	if s.to != nil {
		s.to.hole(n)
		s.to.zeros(k, n)
	}
	s.pos += n
	s.rest -= n
	if s.rest == 0 {
		w.finishFrame(k, s)
	}
}

// lose notes bytes of frames that were not read: what was compressed in them is
// missing from the window.
func (s *wsSide) lose(n uint64) {
	s.lost += n
	s.lostAny = true
	s.judge.Hole()
	s.inflater.lose()
}
