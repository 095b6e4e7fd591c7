package dissect

import (
	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect/http1"
	"github.com/sockeye-dev/sockeye/dissect/tls"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// signs is what the recogniser of a protocol looks at, and what it concludes.
type signs struct {
	k *Conn
	// b are the held bytes by direction, starts the offsets in them at which
	// segments begin.
	b      [2][]byte
	starts [2][]int
	at     [2]reassembly.At // of the first byte of b
	// fresh: b begins with the first bytes of both streams. Otherwise it begins
	// in midstream or behind a hole, perhaps within a unit.
	fresh bool
	// final: more will not come, or is not waited for.
	final bool
	// client is the direction of the client, as far as known; recognisers set it.
	client      packet.Dir
	clientKnown bool
	// upgrade is the WebSocket request whose answer was not captured, if any.
	upgrade *attempt
	forced  bool // by --decode-as
	// bits is evidence for frames from before a hole: by direction, masked or not.
	bits [2][2]int
	// cut is how many bytes of a segment that b ends with were cut off, by direction.
	cut [2]uint64
	// frameAt are the offsets in b of the first frame headers found, or -1.
	frameAt [2]int
}

// clients returns the directions that may be the client's.
func (s *signs) clients() []packet.Dir {
	if s.clientKnown {
		return []packet.Dir{s.client}
	}
	return []packet.Dir{s.client, s.client.Reverse()}
}

func (s *signs) found(client packet.Dir) verdict {
	s.client, s.clientKnown = client, true
	return yes
}

func fromHTTP(v http1.Verdict) verdict {
	switch v {
	case http1.Yes:
		return yes
	case http1.Maybe:
		return maybe
	}
	return no
}

func fromTLS(v tls.Verdict) verdict {
	switch v {
	case tls.Yes:
		return yes
	case tls.Maybe:
		return maybe
	}
	return no
}

// anyStart applies look at each segment's beginning and returns the best verdict.
// At the beginning of a connection only its first byte counts.
func (s *signs) anyStart(dir packet.Dir, look func([]byte) verdict) verdict {
	b := s.b[dir]
	if len(b) == 0 {
		return no
	}
	if s.fresh {
		return look(b)
	}
	best := no
	for _, at := range s.starts[dir] {
		if v := look(b[at:]); v > best {
			best = v
		}
		if best == yes {
			break
		}
	}
	return best
}

// recogniseHTTP takes a request line from the client, or a status line from the
// server where the request was not seen (RFC 9112 §2.1).
func recogniseHTTP(s *signs) verdict {
	best := no
	for _, c := range s.clients() {
		req := s.anyStart(c, func(b []byte) verdict { return fromHTTP(http1.LooksLikeRequest(b)) })
		if req == yes {
			return s.found(c)
		}
		res := s.anyStart(c.Reverse(), func(b []byte) verdict { return fromHTTP(http1.LooksLikeResponse(b)) })
		if res == yes && (req == maybe || len(s.b[c]) == 0 || !s.fresh) {
			return s.found(c)
		}
		// An answer that is not HTTP decides an unfinished request line.
		if s.fresh && res == no && len(s.b[c.Reverse()]) > 0 {
			req = no
		}
		best = max(best, req, res)
	}
	return best
}

// recogniseTLS takes the hellos, or behind a hole a chain of records (RFC 8446 §5.1).
func recogniseTLS(s *signs) verdict {
	best := no
	for _, c := range s.clients() {
		if s.fresh {
			if len(s.b[c]) == 0 {
				continue
			}
			v := fromTLS(tls.LooksLikeClient(s.b[c]))
			if v == yes {
				return s.found(c)
			}
			best = max(best, v)
			continue
		}
		hello := s.anyStart(c, func(b []byte) verdict { return fromTLS(tls.LooksLikeClient(b)) })
		if hello == yes {
			return s.found(c)
		}
		if s.recordChain(c)+s.recordChain(c.Reverse()) >= chainRecords {
			return yes
		}
	}
	return best
}

// chainRecords is how many plausible TLS records in a row, over both directions,
// tell TLS in midstream: each shows about 30 bits.
const chainRecords = 2

// recordChain counts the TLS records of a direction that follow each other from
// the beginning of a segment on, each up to the next or to the end of what is held.
func (s *signs) recordChain(dir packet.Dir) int {
	best := 0
	for i, at := range s.starts[dir] {
		if i == 64 {
			break // what begins with 64 segments inside records is no TLS, or very patient
		}
		n := 0
		for b := s.b[dir][at:]; ; n++ {
			h, ok := tls.ParseRecordHeader(b)
			if !ok || !h.Plausible() || len(b) < tls.RecordHeaderLen+int(h.Length) {
				if len(b) > 0 && (!ok || !h.Plausible()) {
					n = 0
				}
				break
			}
			b = b[tls.RecordHeaderLen+int(h.Length):]
		}
		best = max(best, n)
	}
	return best
}

// recogniseWebSocket finds frames without their handshake (midstream, or behind
// a hole): chains of plausible headers, the client's masked, the server's not.
func recogniseWebSocket(s *signs) verdict {
	if s.fresh {
		return no // a connection seen from its first byte has its handshake
	}
	for _, c := range s.clients() {
		need := websocket.MidstreamBits
		if s.upgrade != nil {
			need = websocket.ResyncBits
		}
		client := s.frames(c, websocket.Yes, need)
		server := s.frames(c.Reverse(), websocket.No, need)
		client.Bits += s.bits[c][0]
		server.Bits += s.bits[c.Reverse()][1]
		if client.Bits+server.Bits >= need && s.agrees(c, client) && s.agrees(c.Reverse(), server) {
			return s.found(c)
		}
	}
	if s.final {
		return no
	}
	return maybe // frames may follow in any segment
}

// frames searches a direction for frames and notes where they begin.
func (s *signs) frames(dir packet.Dir, masked websocket.Tri, need int) websocket.SearchResult {
	if len(s.b[dir]) == 0 {
		return websocket.SearchResult{}
	}
	r := websocket.Search(s.b[dir], s.starts[dir], websocket.Expect{Masked: masked, Bits: need, Cut: s.cut[dir]}, s.final || s.cut[dir] > 0)
	s.frameAt[dir] = -1
	if r.Bits >= websocket.ResyncBits {
		s.frameAt[dir] = r.Pos // else the direction searches on, with what comes
	}
	return r
}

// agrees tells whether a direction shows frames by itself, or is silent.
func (s *signs) agrees(dir packet.Dir, r websocket.SearchResult) bool {
	return len(s.b[dir]) == 0 || r.Bits >= websocket.MidstreamSideBits
}

// recogniseRaw takes what nothing else wanted, once there is something to take.
func recogniseRaw(s *signs) verdict {
	if len(s.b[0])+len(s.b[1]) == 0 {
		return maybe
	}
	return yes
}
