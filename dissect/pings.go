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
	payload string
	time    int64
	owed    bool // an answer is due: it was legal, and no close frame came before it (RFC 6455 §5.5.2)
	// covered is when a pong answered an equal ping before this one, or 0: that
	// pong may have been for this one too (RFC 6455 §5.5.3), or its own follows.
	covered int64
}

// coveredFor is how long, in ns, a covered ping waits for a pong of its own:
// who answers each of several pings answers them one right after the other.
const coveredFor = int64(time.Second)

// maxPings bounds the pings that wait; a pong may answer only the latest (RFC 6455 §5.5.3).
const maxPings = 16

// pongUnasked is the first pong of a side for which there is no ping. It is
// reported at the end: the ping may only have been captured later.
type pongUnasked struct {
	payload        string
	frame, message uint64
	packets        [2]uint64
	time           int64
}

// pingPayload is what is compared: what is longer than it may be is not held.
func pingPayload(p []byte) []byte { return p[:min(len(p), websocket.MaxControlPayload)] }

// latency pairs pings and pongs: for a pong, how long after its ping it came, or -1.
func (w *webSocket) latency(s *wsSide, m *assembly, payload []byte, complete bool) int64 {
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
		s.sentPing(ping{payload: string(payload), time: m.span.time, owed: !s.closed && !m.spoilt})
		if u := peer.unasked; u != nil && u.payload == string(payload) {
			peer.unasked = nil
		}
	case m.opcode == websocket.Ping:
		s.forgot = true
	case m.opcode == websocket.Pong && whole:
		if l := peer.answered(payload, m.span.time); l >= 0 {
			return l
		}
		if s.unasked == nil && !s.closed && !m.spoilt {
			s.unasked = &pongUnasked{string(payload), s.frames, m.number, m.span.packets(), m.span.time}
		}
	case m.opcode == websocket.Pong: // it may answer any of them
		peer.pings, peer.forgot = peer.pings[:0], true
	}
	return -1
}

func (s *wsSide) sentPing(p ping) {
	if len(s.pings) == maxPings {
		s.pings = s.pings[:copy(s.pings, s.pings[1:])]
		s.forgot = true
	}
	s.pings = append(s.pings, p)
}

// answered returns how long after its ping the pong came, or -1. Of several
// equal pings that wait, a pong answers the first. Pings before the answered
// one are settled with it, and those up to the last equal one are covered.
func (s *wsSide) answered(payload []byte, now int64) int64 {
	waiting := len(s.pings)
	s.pings = slices.DeleteFunc(s.pings, func(p ping) bool { return p.covered != 0 && now-p.covered > coveredFor })
	s.forgot = s.forgot || len(s.pings) < waiting
	equal := func(p ping) bool { return p.payload == string(payload) }
	first := slices.IndexFunc(s.pings, equal)
	if first < 0 {
		return -1
	}
	latency := now - s.pings[first].time
	s.pings = s.pings[:copy(s.pings, s.pings[first+1:])]
	for last := len(s.pings) - 1; last >= 0; last-- {
		if equal(s.pings[last]) {
			for i := range s.pings[:last+1] {
				s.pings[i].owed, s.pings[i].covered = false, now
			}
			break
		}
	}
	return max(0, latency)
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
		owed := slices.DeleteFunc(slices.Clone(s.pings), func(p ping) bool { return !p.owed })
		last := peer.packets.time
		if peer.closed && (!s.closed || peer.closedAt < s.closedAt) {
			last = peer.spoke // it closed first: pings that crossed its close frame are not owed
		}
		if n := len(owed); n > 0 && last > owed[0].time {
			p := websocket.Problem{Rule: websocket.RulePong, Side: websocket.Side(k.side(peer.dir)), Reference: "RFC 6455 §5.5.2",
				Text: fmt.Sprintf("%d of the last pings of the %v got no pong", n, k.side(s.dir))}
			k.findProblem(&p, k.tcp.Last, [2]uint64{k.tcp.LastPacket, k.tcp.LastPacket}, peer.frames, 0, "")
		}
		if u := s.unasked; u != nil && !peer.forgot {
			p := websocket.Problem{Rule: websocket.RulePong, Side: websocket.Side(k.side(s.dir)), Reference: "RFC 6455 §5.5.3",
				Text: fmt.Sprintf("pong %q answers no ping of the %v", event.SafeString(u.payload), k.side(peer.dir))}
			k.findProblem(&p, u.time, u.packets, u.frame, u.message, "")
		}
	}
}
