package dissect

import (
	"bytes"
	"regexp"
	"slices"

	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect/http1"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// recogniser holds the first bytes of a connection, or those behind a hole,
// until they tell what the connection speaks.
type recogniser struct {
	fresh   bool
	before  Dissector // what the connection spoke before the hole; nil at its beginning
	upgrade *attempt
	barren  int       // holes in a row that left no evidence of anything
	line    bool      // a request line was cut off
	passed  [2]int    // bytes of a direction that were looked at and let go
	bits    [2][2]int // evidence for frames in pieces that ended at a hole: by direction, masked or not
	look    [2]int    // a direction is looked at again when it is this long, or has a new line
	seen    [2]int
}

// unheard is a connection that has not said anything yet: the first bytes, or a
// hole, make its recogniser. A flood of SYNs needs none.
type unheard struct{}

func (unheard) Layer() string { return "" }

func (unheard) Data(k *Conn, dir packet.Dir, b []byte, at reassembly.At) int {
	k.heard()
	if n := k.opens(dir, b, at); n > 0 {
		return n
	}
	k.d = newRecogniser(k, !k.tcp.Midstream)
	return 0 // the same bytes come again, to the recogniser
}

func (unheard) Gap(k *Conn, dir packet.Dir, held []byte, n uint64, at reassembly.At) bool {
	k.heard()
	k.d = newRecogniser(k, !k.tcp.Midstream)
	return k.d.Gap(k, dir, held, n, at)
}

func (unheard) Fin(*Conn, packet.Dir, []byte) {}
func (unheard) End(*Conn)                     {}

func newRecogniser(k *Conn, fresh bool) *recogniser {
	r := k.a.recognisers.get()
	r.fresh = fresh
	return r
}

// newRecogniserAfter recognises anew behind a hole that d did not survive.
func newRecogniserAfter(k *Conn, d Dissector) *recogniser {
	r := newRecogniser(k, false)
	r.before = d
	switch d := d.(type) {
	case *recogniser:
		r.before, r.upgrade = d.before, d.upgrade
	case *httpStream:
		r.upgrade = d.lostUpgrade()
	}
	return r
}

func (r *recogniser) Layer() string { return "" }

func (r *recogniser) Data(k *Conn, dir packet.Dir, b []byte, at reassembly.At) int {
	if !r.worthLooking(dir, b) {
		return 0
	}
	limits := &k.a.opt.Limits
	full := len(b) >= limits.Recognise
	patient := !r.fresh && r.passed[dir] < limits.Midstream
	r.decide(k, dir, b, at, full && !patient)
	if k.d != Dissector(r) || !full || !patient {
		return 0
	}
	// In midstream a message may be longer than what is held: the older half
	// goes, and looking goes on.
	n := len(b) / 2
	k.skipped(dir, n, at)
	r.passed[dir] += n
	r.look[dir], r.seen[dir] = limits.Recognise, len(b)-n
	return n
}

// worthLooking keeps a stream of tiny segments from being looked at anew with each.
func (r *recogniser) worthLooking(dir packet.Dir, b []byte) bool {
	fresh := b[min(r.seen[dir], len(b)):]
	r.seen[dir] = len(b)
	if len(b) < 64 || len(b) >= r.look[dir] || bytes.IndexByte(fresh, '\n') >= 0 && len(b) < 8192 {
		r.look[dir] = len(b) + len(b)/2
		return true
	}
	return false
}

// decide asks the table. b are the bytes of dir; those of the other direction are
// held. It returns the protocol that needs more bytes, if nothing was decided.
func (r *recogniser) decide(k *Conn, dir packet.Dir, b []byte, at reassembly.At, final bool) *protocol {
	s := &k.a.signs
	starts := s.starts
	*s = signs{k: k, frameAt: [2]int{-1, -1}, fresh: r.fresh, final: final, client: k.Client(), clientKnown: k.settled, upgrade: r.upgrade, bits: r.bits}
	other := dir.Reverse()
	s.b[dir], s.b[other] = b, k.heldBytes(other)
	s.at[dir], s.at[other] = at, k.heldAt(other)
	s.cut[dir] = k.a.cut
	if !r.fresh {
		starts[dir] = append(starts[dir][:0], k.Starts(dir, at)...)
		starts[other] = append(starts[other][:0], k.Starts(other, k.heldAt(other))...)
		s.starts = starts
	}
	for i := range protocols {
		p := &protocols[i]
		switch p.recognise(s) {
		case yes:
			r.settle(k, p, s)
			return nil
		case maybe:
			if !final {
				return p
			}
		}
	}
	return nil
}

// settle hands the connection to what was recognised. Behind a hole, bytes that
// nobody recognises stay what the connection spoke before.
func (r *recogniser) settle(k *Conn, p *protocol, s *signs) {
	if h, ok := r.before.(*httpStream); ok && p.name == "raw" {
		h.hunt()
		k.Switch(h)
		return
	}
	if s.clientKnown {
		k.setClient(s.client)
	}
	k.Switch(k.enter(p, s))
	k.settle()
	k.a.recycle(r)
}

func (r *recogniser) Gap(k *Conn, dir packet.Dir, held []byte, n uint64, at reassembly.At) bool {
	if r.fresh && len(held) > 0 {
		// The bytes before the hole are the best there will be, but for a start line
		// that was cut: the answer to it, or frames, may tell more.
		if p := r.decide(k, dir, held, k.heldAt(dir), false); k.d == Dissector(r) && (p == nil || p.name != "http") {
			r.decide(k, dir, held, k.heldAt(dir), true)
		} else if dir == k.Client() {
			r.line = beginsRequest.Match(held)
		}
		if k.d != Dissector(r) {
			return r.after(k, dir, n, at)
		}
		held = k.heldBytes(dir)
	}
	if len(held) > 0 {
		r.line = r.line && (dir == k.Client() || http1.LooksLikeResponse(held) != http1.No)
		r.decide(k, dir, held, k.heldAt(dir), r.barren >= maxBarren)
		if k.d != Dissector(r) {
			return r.after(k, dir, n, at)
		}
		if r.barren++; r.remember(k, dir, held) {
			r.barren = 0
		}
	}
	k.skipped(dir, len(held), k.heldAt(dir))
	r.fresh = false
	r.look, r.seen = [2]int{}, [2]int{}
	return true
}

// after lets what was recognised read the bytes before a hole of n bytes, and then the hole.
func (r *recogniser) after(k *Conn, dir packet.Dir, n uint64, at reassembly.At) bool {
	d := k.d
	k.wake[dir] = false
	k.pump(dir)
	return d.Gap(k, dir, k.heldBytes(dir), n, at)
}

// remember keeps the evidence of bytes that end at a hole: in a capture full of
// holes no piece is long enough by itself. Only a chain that begins where a
// segment does counts, and only what chance does not give. It returns whether there
// was any.
func (r *recogniser) remember(k *Conn, dir packet.Dir, held []byte) (any bool) {
	starts := k.Starts(dir, k.heldAt(dir))
	for role, masked := range [2]websocket.Tri{websocket.Yes, websocket.No} {
		res := websocket.Search(held, starts, websocket.Expect{Masked: masked, Bits: websocket.MidstreamBits, Cut: k.a.cut}, true)
		if res.Bits >= acceptBits && slices.Contains(starts, res.Pos) {
			r.bits[dir][role] += res.Bits - chanceBits
			any = true
		}
	}
	return any
}

// maxBarren is how many pieces between holes, one after the other without any
// evidence, are looked at before a stream is taken for raw.
const maxBarren = 256

// chanceBits is what the best of the segments in a piece shows by chance.
const chanceBits = 6

func (r *recogniser) Fin(k *Conn, dir packet.Dir, held []byte) {}

// End decides on what there is. Where no byte was seen, there is nothing to name.
func (r *recogniser) End(k *Conn) {
	c := k.Client()
	if k.in[0] == nil && k.in[1] == nil {
		if r.line {
			k.Switch(k.enter(protocolNamed("http"), &signs{k: k}))
		}
		return
	}
	r.decide(k, c, k.heldBytes(c), k.heldAt(c), true)
}

// beginsRequest matches a request line to the end of which nothing is known.
var beginsRequest = regexp.MustCompile(`^[A-Z]{3,} /`)
