package websocket

import (
	"bytes"
	"slices"
)

// Expect is what is known about frames that are searched for.
type Expect struct {
	Masked Tri // the mask bit: Yes from a client, No from a server
	RSV1   Tri // whether RSV1 may be set: No where the handshake agreed on nothing that uses it
	// Bits is the evidence wanted for a header at the start of a segment; 0
	// means ResyncBits. Elsewhere OffsetBits more are wanted.
	Bits int
	// Cut is how many bytes follow that the snap length cut off: behind them another
	// segment begins. 0: what follows is not known to be that. Only with atEnd.
	Cut uint64
}

// Thresholds, in bits of evidence: a chain of n bits is what random bytes show
// at a given place once in 2^n.
const (
	// ResyncBits is for a connection known to speak WebSocket. A resync looks
	// at a few dozen segment starts, so random payload is taken for a header
	// once in some ten thousand holes.
	ResyncBits = 20
	// OffsetBits is added where no segment starts: up to 2^17 places are
	// tried, of which the first bytes alone rule out all but one in 50.
	OffsetBits = 10
	// EndSlack is taken off, for resync only, when nothing more can come and
	// the chain ends exactly at the end: the last frame of a connection has no
	// successor to confirm it.
	EndSlack = 6
	// MidstreamBits is for a connection of which nothing is known, over both
	// directions together: a capture may hold a million of them.
	MidstreamBits = 32
	// MidstreamSideBits is what each direction that has bytes should show by itself.
	MidstreamSideBits = 8
	// SearchWindow is how many bytes of b are looked at.
	SearchWindow = 128 << 10
	// MaxPlausibleLength of a frame that was not announced by anything.
	MaxPlausibleLength = 1 << 40
)

const (
	maxChain   = 16      // frames followed from one candidate
	maxSteps   = 1 << 16 // frames followed in one search, all candidates together
	textSample = 64      // bytes of a text frame that are looked at
	strongHead = 8       // bits by which a frame away from a segment start stands by itself
)

// SearchState is the outcome of a Search.
type SearchState uint8

// Outcomes.
const (
	NotFound SearchState = iota // and no candidate is left: drop Discard bytes, go on with what comes
	NeedMore                    // candidates are left that more bytes may confirm
	Found                       // a header is at Pos
)

func (s SearchState) String() string {
	return [...]string{"not found", "need more", "found", ""}[s&3]
}

// SearchResult is what a Search found.
type SearchResult struct {
	State SearchState
	// Pos is the offset of the header: the one found, else of the best candidate.
	Pos int
	// Bits is the evidence for Pos, 0 if there is no candidate. For midstream
	// recognition the caller adds those of both directions and compares with
	// MidstreamBits.
	Bits int
	// Frames is how many headers the evidence comes from.
	Frames int
	// Discard is how many bytes at the start of b need not be kept for the
	// next call; starts are to be moved by as much. When Found it is Pos.
	Discard int
	// More is how many further bytes make another call worthwhile: with it,
	// repeated calls look at every byte a bounded number of times.
	More int
}

// Plausible reports whether h looks like a header that a conforming endpoint
// sends: a known opcode, no reserved bit but RSV1 where allowed, the shortest
// length form and a length up to MaxPlausibleLength, control frames whole and
// short, the mask bit as expected (RFC 6455 §5.2, §5.5; RFC 7692 §6).
func Plausible(h *Header, e *Expect) bool {
	if h.Opcode.IsReserved() || h.RSV&(RSV2|RSV3) != 0 || h.Length > MaxPlausibleLength || !h.Minimal() {
		return false
	}
	if h.RSV != 0 && (e.RSV1 == No || h.Opcode != Text && h.Opcode != Binary) {
		return false
	}
	if h.Opcode.IsControl() && (!h.Fin || h.Length > 125 || h.Opcode == Close && h.Length == 1) {
		return false
	}
	return e.Masked == Unknown || (e.Masked == Yes) == h.Masked
}

// Search looks for a frame header in b: the bytes of one direction, without a
// hole, of which it is not known where in a frame they begin. starts are the
// ascending offsets in b at which segments began; they are tried first, as a
// frame header usually stands there, then every other offset. A candidate is
// confirmed by the chain of frames that follows from it. atEnd says that no
// bytes follow b. b is borrowed and may have any length; only SearchWindow
// bytes of it are looked at.
func Search(b []byte, starts []int, e Expect, atEnd bool) SearchResult {
	if len(b) > SearchWindow {
		b, atEnd, e.Cut = b[:SearchWindow], false, 0
	}
	starts = starts[:lowerBound(starts, len(b))]
	var s search // filled in place: put together elsewhere and copied, it takes longer
	s.b, s.starts, s.atEnd, s.want, s.alive = b, starts, atEnd, e.Bits, -1
	s.e.Masked, s.e.RSV1, s.e.Cut = e.Masked, e.RSV1, e.Cut
	if s.want == 0 {
		s.want = ResyncBits
		if atEnd {
			s.slack = EndSlack
		}
	}
	for _, p := range starts {
		if p >= 0 && s.try(p, s.want) {
			return s.found()
		}
	}
	for p := s.next(0); p < len(b); p = s.next(p + 1) {
		if !s.isStart(p) && s.try(p, s.want+OffsetBits) {
			return s.found()
		}
	}
	return s.pending()
}

// search is the state of one Search.
type search struct {
	b       []byte
	starts  []int
	e       Expect
	atEnd   bool
	want    int
	slack   int
	steps   int
	best    chain
	bestPos int
	alive   int // lowest candidate that bytes to come may confirm; -1: none
	// lowest such candidate in the second half of b, for when the window is full
	aliveLate int
}

// chain is what following the frames from a candidate showed.
type chain struct {
	bits   int
	frames int
	open   bool // it runs past the end of b, so more bytes may add to it
	clean  bool // its last frame ends exactly at the end of b
	head   int  // bits of the first frame
	second int  // where the second frame begins
}

// try follows the chain from p and reports whether it shows want bits.
func (s *search) try(p, want int) bool {
	if s.steps >= maxSteps {
		return false
	}
	if s.breaksOff(p) {
		s.steps++
		return false
	}
	var c chain
	if !s.follow(p, &c) {
		return false
	}
	if c.open {
		if s.alive < 0 || p < s.alive {
			s.alive = p
		}
		if p >= len(s.b)/2 && (s.aliveLate == 0 || p < s.aliveLate) {
			s.aliveLate = p
		}
	}
	if c.clean {
		want -= s.slack
	}
	if c.bits > s.best.bits {
		s.best, s.bestPos = c, p
	}
	if c.bits < want {
		return false
	}
	s.best, s.bestPos = c, p
	s.trim(want)
	return true
}

// breaksOff tells whether a chain from p certainly ends with its first frame, as no
// header can begin behind that. It is what follow would say, at a glance.
func (s *search) breaksOff(p int) bool {
	if p+4 > len(s.b) {
		return false
	}
	length := int(s.b[p+1] & 0x7f)
	switch length {
	case 126:
		length = int(s.b[p+2])<<8 | int(s.b[p+3])
	case 127:
		return false
	}
	next := p + HeaderSize(s.b[p], s.b[p+1]) + length
	if next+MaxHeaderSize > len(s.b) {
		return false
	}
	return !s.firstByte(s.b[next]) || !s.secondByte(s.b[next+1])
}

// trim moves from a weak first frame to a strong one that follows and is
// confirmed by itself: bytes that look like a small frame and happen to end at a
// true header are more frequent than true frames that begin where no segment
// does. Where all that follow are weak too, it moves by one.
func (s *search) trim(want int) {
	best, pos := s.best, s.bestPos
	for moves := 0; best.head < strongHead && !s.isStart(pos) && best.frames > 1; moves++ {
		var c chain
		if !s.follow(best.second, &c) || c.bits < want {
			break
		}
		pos, best = best.second, c
		if moves == 0 {
			s.bestPos, s.best = pos, best
		}
	}
	if best.head >= strongHead || s.isStart(pos) {
		s.bestPos, s.best = pos, best
	}
}

func (s *search) found() SearchResult {
	return SearchResult{State: Found, Pos: s.bestPos, Bits: s.best.bits, Frames: s.best.frames, Discard: s.bestPos}
}

func (s *search) pending() SearchResult {
	r := SearchResult{State: NotFound, Pos: s.bestPos, Bits: s.best.bits, Frames: s.best.frames}
	if s.atEnd {
		r.Discard = len(s.b)
		return r
	}
	// The last bytes may be the beginning of a header; only whole ones were tried.
	r.Discard = max(0, len(s.b)-(MaxHeaderSize-1))
	if a := s.alive; a >= 0 && a < r.Discard {
		r.State, r.Discard = NeedMore, a
	}
	if len(s.b) == SearchWindow && r.Discard < len(s.b)/2 {
		// The window is full: give up what is in its first half.
		r.Discard = max(0, len(s.b)-(MaxHeaderSize-1))
		if s.aliveLate > 0 {
			r.Discard = min(r.Discard, s.aliveLate)
		}
	}
	r.More = max(1, (len(s.b)-r.Discard)/8)
	return r
}

// lowerBound returns the index of the first element that is at least v: mostly there is
// none, as few segments, or one, are searched at once.
func lowerBound(a []int, v int) int {
	if len(a) == 0 || a[len(a)-1] < v {
		return len(a)
	}
	i, _ := slices.BinarySearch(a, v)
	return i
}

func (s *search) isStart(p int) bool {
	i := lowerBound(s.starts, p)
	return i < len(s.starts) && s.starts[i] == p
}

// follow walks the frames from p into c, which is empty. It returns false if one of
// them is not what a conforming endpoint sends.
func (s *search) follow(p int, c *chain) bool {
	msg := messageUnknown
	closed := false
	var headers [2]Header // by turns that of the frame at hand and of the one before
	var lastPayload []byte
	for c.frames < maxChain {
		s.steps++
		rest := s.b[p:]
		h, last := &headers[c.frames&1], &headers[^c.frames&1]
		n := h.Parse(rest)
		if n == 0 && s.e.Cut > 0 {
			if bits := s.cutHeader(rest, msg, closed); bits > 0 {
				c.bits, c.frames, c.clean = c.bits+bits, c.frames+1, true
				return true
			}
		}
		if n == 0 {
			c.open = !s.atEnd
			c.clean = len(rest) == 0 && c.frames > 0
			// A header cut off by the end: what is there of it must fit.
			return len(rest) == 0 || s.firstByte(rest[0])
		}
		if !Plausible(h, &s.e) || closed && h.Opcode != Close || !step(&msg, h) {
			return false
		}
		payload := rest[n:min(uint64(len(rest)), uint64(n)+h.Length)]
		frame, ok := s.payloadBits(h, payload)
		if !ok {
			return false
		}
		frame += headerBits(h, &s.e)
		if h.Masked && (plainKey(h.Mask) || c.frames > 0 && alikeKeys(h.Mask, last.Mask)) ||
			c.frames > 0 && *h == *last && dull(payload) && bytes.Equal(payload, lastPayload) {
			frame = 0 // runs of a byte value, and tables, look like that; random keys do not
		}
		whole := uint64(len(payload)) == h.Length
		end := s.endBits(p+n, h)
		frame += end
		c.bits += frame
		c.frames++
		if c.frames == 1 {
			c.head = frame
		}
		if !whole {
			c.open = !s.atEnd
			c.clean = end > 0
			return true
		}
		p += n + len(payload)
		if c.frames == 1 {
			c.second = p
		}
		lastPayload, closed = payload, closed || h.Opcode == Close
	}
	return true
}
