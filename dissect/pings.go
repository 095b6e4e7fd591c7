package dissect

import (
	"fmt"
	"slices"
	"time"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
)

// ping is a ping that waits for its pong.
type ping struct {
	time int64
	// covered is when a pong answered an equal ping before this one, or 0: that
	// pong may have been for this one too (RFC 6455 §5.5.3), or its own follows.
	covered int64
	at, n   uint16 // its payload in waiting.payloads
	owed    bool   // an answer is due: it was legal, and no close frame came before it (RFC 6455 §5.5.2)
}

// coveredFor is how long, in ns, a covered ping waits for a pong of its own:
// who answers each of several pings answers them one right after the other.
const coveredFor = int64(time.Second)

// maxPings bounds the pings that wait; a pong may answer only the latest (RFC 6455 §5.5.3).
const maxPings = 16

// waiting is what a side sent and the other may still say something to. Its memory
// serves one connection after the other; a side that sent neither has none.
type waiting struct {
	pings    []ping  // oldest first
	payloads []byte  // of them, in this order, and of some that wait no more
	covered  bool    // pings may be
	few      [2]ping // pings, and payloads below, where they began: in the same two cache lines
	short    [80]byte
	unasked  pongUnasked // where wsSide.unasked says that there is one
	payload  []byte      // of unasked
}

// pongUnasked is the first pong of a side for which there is no ping. It is
// reported at the end: the ping may only have been captured later.
type pongUnasked struct {
	frame, message uint64
	packets        [2]uint64
	time           int64
}

// waitings recycles what connections have waited for.
type waitings struct{ free []*waiting }

// of returns what waits on a side.
func (l *waitings) of(s *wsSide) *waiting {
	if n := len(l.free); s.waiting == nil && n > 0 {
		s.waiting = l.free[n-1]
		l.free = l.free[:n-1]
	}
	if s.waiting == nil {
		s.waiting = new(waiting)
		s.waiting.pings, s.waiting.payloads = s.waiting.few[:0], s.waiting.short[:0]
	}
	return s.waiting
}

func (l *waitings) put(w *waiting) {
	if w == nil || len(l.free) == maxFree {
		return
	}
	*w = waiting{pings: w.pings[:0], payloads: w.payloads[:0], payload: w.payload[:0]}
	l.free = append(l.free, w)
}

// pingPayload is what is compared: what is longer than it may be is not held.
func pingPayload(p []byte) []byte { return p[:min(len(p), websocket.MaxControlPayload)] }

// latency pairs pings and pongs: for a pong, how long after its ping it came, or -1.
func (w *webSocket) latency(k *Conn, s *wsSide, m *assembly, payload []byte, complete bool) int64 {
	peer := &w.side[s.dir.Reverse()]
	switch {
	case s.closed:
	case m.opcode == websocket.Close:
		s.closedAt = m.span.time
	default:
		s.spoke = m.span.time
	}
	whole := complete && m.missing == 0
	payload = pingPayload(payload)
	switch {
	case m.opcode == websocket.Ping && whole:
		k.a.waitings.of(s)
		s.sentPing(payload, m.span.time, !s.closed && !m.spoilt)
		if peer.unasked && string(peer.waiting.payload) == string(payload) {
			peer.unasked = false
		}
	case m.opcode == websocket.Ping:
		s.forgot = true
	case m.opcode == websocket.Pong && whole:
		if l := peer.answered(payload, m.span.time); l >= 0 {
			return l
		}
		if s.closed || m.spoilt {
			break
		}
		if !s.unasked {
			s.unasked = true
			u := k.a.waitings.of(s)
			u.unasked = pongUnasked{s.frames, m.number, m.span.packets(), m.span.time}
			u.payload = append(u.payload[:0], payload...)
		}
	case m.opcode == websocket.Pong: // it may answer any of them
		if peer.forgot = true; peer.waiting != nil {
			peer.waiting.pings = peer.waiting.pings[:0]
		}
	}
	return -1
}

// sentPing notes a ping of a side that has a waiting.
func (s *wsSide) sentPing(payload []byte, now int64, owed bool) {
	w := s.waiting
	if len(w.pings) == maxPings {
		w.pings = w.pings[:copy(w.pings, w.pings[1:])]
		s.forgot = true
	}
	if len(w.payloads)+len(payload) > cap(w.payloads) {
		if w.compact(); len(w.payloads) > cap(w.payloads)/2 { // else it would soon be full again
			w.payloads = slices.Grow(w.payloads, cap(w.payloads))
		}
	}
	w.pings = append(w.pings, ping{time: now, at: uint16(len(w.payloads)), n: uint16(len(payload)), owed: owed})
	w.payloads = append(w.payloads, payload...)
}

// compact forgets the payloads of pings that wait no more: those that do take
// 2,000 bytes at most.
func (w *waiting) compact() {
	n := 0
	for i := range w.pings {
		p := &w.pings[i]
		payload := w.of(p)
		p.at = uint16(n)
		n += copy(w.payloads[n:], payload)
	}
	w.payloads = w.payloads[:n]
}

// of returns the payload of a ping.
func (w *waiting) of(p *ping) []byte { return w.payloads[p.at : p.at+p.n] }

// answered returns how long after its ping the pong came, or -1. Of several
// equal pings that wait, a pong answers the first. Pings before the answered
// one are settled with it, and those up to the last equal one are covered.
func (s *wsSide) answered(payload []byte, now int64) int64 {
	w := s.waiting
	if w == nil {
		return -1
	}
	if w.covered {
		waiting := len(w.pings)
		w.pings = slices.DeleteFunc(w.pings, func(p ping) bool { return p.covered != 0 && now-p.covered > coveredFor })
		s.forgot = s.forgot || len(w.pings) < waiting
	}
	first := 0
	for first < len(w.pings) && string(w.of(&w.pings[first])) != string(payload) {
		first++
	}
	if first == len(w.pings) {
		return -1
	}
	latency := now - w.pings[first].time
	w.pings = w.pings[:copy(w.pings, w.pings[first+1:])]
	for last := len(w.pings) - 1; last >= 0; last-- {
		if string(w.of(&w.pings[last])) == string(payload) {
			for i := range w.pings[:last+1] {
				w.pings[i].owed, w.pings[i].covered = false, now
			}
			w.covered = true
			break
		}
	}
	return max(0, latency)
}

// owed returns how many pings of a side an answer is due to, and when the first came.
func (s *wsSide) owed() (n int, first int64) {
	if s.waiting == nil {
		return 0, 0
	}
	for i := range s.waiting.pings {
		if p := &s.waiting.pings[i]; p.owed {
			if n == 0 {
				first = p.time
			}
			n++
		}
	}
	return n, first
}

// judgePings notes pings that nobody answered although the connection went on,
// and pongs that answer nothing: the first of each side. Both need the other
// direction whole, and the handshake captured.
func (w *webSocket) judgePings(k *Conn) {
	for dir := range w.side {
		s := &w.side[dir]
		peer := &w.side[s.dir.Reverse()]
		if !w.comp.known || peer.lostAny {
			continue
		}
		last := peer.packets.time
		if peer.closed && (!s.closed || peer.closedAt < s.closedAt) {
			last = peer.spoke // it closed first: pings that crossed its close frame are not owed
		}
		if n, first := s.owed(); n > 0 && last > first {
			p := websocket.Problem{Rule: websocket.RulePong, Side: websocket.Side(k.side(peer.dir)), Reference: "RFC 6455 §5.5.2"}
			if k.tells() {
				p.Text = fmt.Sprintf("%d of the last pings of the %v got no pong", n, k.side(s.dir))
			}
			k.findProblem(&p, k.tcp.Last, [2]uint64{k.tcp.LastPacket, k.tcp.LastPacket}, peer.frames, 0, "")
		}
		if w := s.waiting; s.unasked && !peer.forgot {
			p := websocket.Problem{Rule: websocket.RulePong, Side: websocket.Side(k.side(s.dir)), Reference: "RFC 6455 §5.5.3"}
			if k.tells() {
				p.Text = fmt.Sprintf("pong %q answers no ping of the %v", event.SafeString(string(w.payload)), k.side(peer.dir))
			}
			u := &w.unasked
			k.findProblem(&p, u.time, u.packets, u.frame, u.message, "")
		}
	}
}
