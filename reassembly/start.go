package reassembly

import "github.com/sockeye-dev/sockeye/capture/packet"

// tentativeBase is the offset of the anchor while the start of a stream is not
// known: lower sequence numbers still have a place below it.
const tentativeBase = 1 << 32

// anchor begins a tentative stream at seq.
func (h *half) anchor(seq uint32) {
	h.base = seq
	h.nxt = tentativeBase
	h.flags |= anchored
}

// begin starts a stream whose first sequence number is known.
func (h *half) begin(seq uint32) {
	h.base, h.nxt, h.acked = seq, 0, 0
	h.flags |= anchored | started
}

// startPlace is where a tentative stream starts if it must start now.
func (t *Table) startPlace(c *Conn, h *half) uint64 {
	low := uint64(tentativeBase)
	x := h.trouble
	if x != nil && !x.queue.empty() {
		low = x.queue.head().off
		if h.flags&hinted != 0 && x.queue.head().time-c.Start >= startAge {
			// The peer waited for the anchor's byte, and whatever was in flight when
			// the capture began has long passed: what lies between was lost.
			low = tentativeBase
		}
	}
	if h.flags&finSeen != 0 {
		low = min(low, h.finAt)
	}
	return low
}

// tryStart starts a tentative stream as soon as its place is plain: the peer
// answered, or enough has been held.
func (t *Table) tryStart(c *Conn, dir packet.Dir, at At) {
	h := &c.half[dir]
	if h.flags&(anchored|started) != anchored {
		return
	}
	x := h.trouble
	empty := x == nil || x.queue.empty()
	if empty && h.flags&finSeen == 0 {
		return
	}
	low := uint64(tentativeBase)
	if !empty {
		low = x.queue.head().off
	}
	if h.flags&finSeen != 0 {
		low = min(low, h.finAt)
	}
	switch {
	case h.flags&hinted != 0 && low == tentativeBase:
	case h.flags&ackKnown != 0 && h.acked >= low && (h.flags&hinted == 0 || h.acked > tentativeBase):
	case !empty && (x.queue.count >= startSegments || x.queue.bytes >= startBytes || t.now-x.since >= startAge):
	default:
		return
	}
	t.start(c, dir, t.startPlace(c, h))
	t.checkFin(c, dir, at)
}

// start makes low the offset 0 of a tentative stream and hands on what follows it.
func (t *Table) start(c *Conn, dir packet.Dir, low uint64) {
	h := &c.half[dir]
	h.base += uint32(low) // uint32(tentativeBase) is 0
	h.nxt = 0
	h.acked -= min(h.acked, low)
	if h.flags&finSeen != 0 {
		h.finAt -= low
	}
	h.flags |= started
	h.flags &^= hinted
	if x := h.trouble; x != nil {
		if h.flags&frozen != 0 {
			x.resetAt -= min(x.resetAt, low)
		}
		x.queue.shift(low)
		t.drain(c, dir)
	}
	t.prove(c, dir, c.lastAt())
}

// syn takes a SYN: the byte after it is the stream's first. It returns false if
// the SYN belongs to another connection.
func (t *Table) syn(c *Conn, d *packet.Decoded, at At) bool {
	h, peer := &c.half[d.Dir], &c.half[d.Dir.Reverse()]
	first := d.Seq + 1
	answer := d.Flags&packet.ACK != 0
	if off := peer.offset(d.Ack); answer && peer.flags&synSeen != 0 && (off < 0 || off > int64(peer.nxt)) && h.base != first {
		return false // RFC 9293 §3.10.7.3: it does not answer the SYN that was sent
	}
	switch {
	case h.flags&started != 0 && h.base != first:
		return false
	case h.flags&started != 0:
	case h.flags&anchored != 0:
		if off := h.offset(first); off >= 0 && t.nearStart(h, uint64(off)) {
			t.start(c, d.Dir, uint64(off))
		} else {
			return false
		}
	default:
		h.begin(first)
	}
	if h.flags&synSeen == 0 {
		h.flags |= synSeen
		c.scale[d.Dir] = min(d.WindowScale, unknownScale)
	}
	c.Midstream = false
	if !answer {
		if peer.flags&synSeen == 0 || c.state&answered != 0 {
			c.setClient(d.Dir)
			if c.state&(answered|rttDone) == 0 {
				c.mark = at.Time // the latest SYN before the answer
				c.state |= synTimed
			}
		}
		return true
	}
	if c.state&answered == 0 {
		c.state |= answered
		if peer.flags&synSeen == 0 {
			c.setClient(d.Dir.Reverse())
		}
	}
	return true
}

// nearStart tells whether off can be the beginning of what a tentative stream holds.
func (t *Table) nearStart(h *half, off uint64) bool {
	if h.flags&finSeen != 0 && off > h.finAt {
		return false // a stream does not begin behind its FIN
	}
	low := uint64(tentativeBase)
	if x := h.trouble; x != nil && !x.queue.empty() {
		low = min(low, x.queue.head().off)
	}
	return off <= low && low-off <= startBytes
}

// reused tells whether a SYN begins another connection on c's addresses and ports.
func (t *Table) reused(c *Conn, d *packet.Decoded) bool {
	h, peer := &c.half[d.Dir], &c.half[d.Dir.Reverse()]
	over := c.state&(ended|wasReset) != 0 || c.State() == Closed
	first := d.Seq + 1
	if d.Flags&packet.ACK != 0 {
		// Only an answer that fits neither direction speaks of a SYN that was not captured.
		if h.flags&started == 0 || h.base == first || c.state&handshaken == 0 {
			return false
		}
		return peer.flags&started == 0 || d.Ack != peer.base
	}
	switch {
	case over:
		return true
	case h.flags&started != 0:
		return h.base != first
	case h.flags&anchored != 0:
		off := h.offset(first)
		return off < 0 || !t.nearStart(h, uint64(off))
	case peer.flags&synSeen != 0:
		return false // simultaneous open, or the SYN was captured after its answer
	default:
		return peer.flags&started != 0 // else this is the beginning of what waits
	}
}
