package dissect

import (
	"fmt"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
)

// ping is a ping that waits for its pong.
type ping struct {
	payload string
	time    int64
	owed    bool // an answer is due: it was legal, and no close frame came before it (RFC 6455 §5.5.2)
}

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
func pingPayload(p []byte) string { return string(p[:min(len(p), websocket.MaxControlPayload)]) }

// latency pairs pings and pongs: for a pong, how long after its ping it came, or -1.
func (w *webSocket) latency(s *wsSide, m *assembly, payload []byte, complete bool) int64 {
	peer := &w.side[s.dir.Reverse()]
	whole := complete && m.missing == 0
	switch {
	case m.opcode == websocket.Ping && whole:
		s.sentPing(ping{pingPayload(payload), m.span.time, !s.closed && !m.spoilt})
		if u := peer.unasked; u != nil && u.payload == pingPayload(payload) {
			peer.unasked = nil
		}
	case m.opcode == websocket.Ping:
		s.forgot = true
	case m.opcode == websocket.Pong && whole:
		if l := peer.answered(pingPayload(payload), m.span.time); l >= 0 {
			return l
		}
		if s.unasked == nil && !s.closed && !m.spoilt {
			s.unasked = &pongUnasked{pingPayload(payload), s.frame.Number, m.number, m.span.packets(), m.span.time}
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

// answered returns how long after its ping the pong came, or -1. Pings before
// the answered one are settled with it.
func (s *wsSide) answered(payload string, time int64) int64 {
	for i := len(s.pings) - 1; i >= 0; i-- {
		if s.pings[i].payload == payload {
			latency := time - s.pings[i].time
			s.pings = s.pings[:copy(s.pings, s.pings[i+1:])]
			return max(0, latency)
		}
	}
	return -1
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
		n := 0
		for n < len(s.pings) && s.pings[n].owed {
			n++
		}
		if n > 0 && peer.packets.time > s.pings[0].time {
			p := websocket.Problem{Rule: websocket.RulePong, Side: websocket.Side(k.side(peer.dir)), Reference: "RFC 6455 §5.5.2",
				Text: fmt.Sprintf("%d of the last pings of the %v got no pong", n, k.side(s.dir))}
			k.findProblem(&p, k.tcp.Last, [2]uint64{k.tcp.LastPacket, k.tcp.LastPacket}, peer.frame.Number, 0, "")
		}
		if u := s.unasked; u != nil && !peer.forgot {
			p := websocket.Problem{Rule: websocket.RulePong, Side: websocket.Side(k.side(s.dir)), Reference: "RFC 6455 §5.5.3",
				Text: fmt.Sprintf("pong %q answers no ping of the %v", event.SafeString(u.payload), k.side(peer.dir))}
			k.findProblem(&p, u.time, u.packets, u.frame, u.message, "")
		}
	}
}
