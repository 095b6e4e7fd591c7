package reassembly

import "github.com/sockeye-dev/sockeye/capture/packet"

// segment takes a segment of a connection that has not ended.
func (t *Table) segment(c *Conn, d *packet.Decoded, at At) {
	dir := d.Dir
	rev := dir.Reverse()
	h := &c.half[dir]
	h.flags |= seen
	seq := d.Seq
	if d.Flags&packet.SYN != 0 {
		if !t.syn(c, d, at) {
			t.stats.Ignored++
			return
		}
		seq++
	} else {
		c.state |= handshaken
		if c.state&(synTimed|answered|rttDone) == synTimed|answered && dir == c.client && d.Flags&packet.ACK != 0 {
			c.state |= rttDone
			c.RTT = max(0, at.Time-c.mark)
		}
	}
	if d.Flags&packet.RST != 0 {
		t.reset(c, d, at)
		return
	}
	if d.Flags&packet.ACK != 0 {
		t.ack(c, rev, d.Ack, at)
		if c.half[rev].trouble != nil {
			t.declare(c, rev, at)
		}
	}
	h.window = d.Window
	if d.PayloadLen > 0 || d.Flags&packet.FIN != 0 {
		t.data(c, d, seq, at)
	}
	if h.trouble != nil {
		t.declare(c, dir, at)
	}
	if c.half[0].flags&c.half[1].flags&finDone != 0 {
		t.end(c, EndFIN, at)
	}
}

// ack notes that the peer of direction dir acknowledged up to a sequence number.
func (t *Table) ack(c *Conn, dir packet.Dir, ack uint32, at At) {
	h := &c.half[dir]
	if h.flags&started == 0 {
		t.ackTentative(c, dir, ack, at)
		return
	}
	off := int64(h.nxt) + int64(int32(ack-h.base-uint32(h.nxt)))
	h.flags |= ackKnown
	if off <= int64(h.acked) {
		return
	}
	if off-int64(h.nxt) > maxPlausible {
		t.wildAck(h, ack)
		return
	}
	h.acked = uint64(off)
	if h.retained != 0 {
		t.releaseRetained(h, h.acked)
	}
	if h.flags&frozen != 0 && h.trouble.refuted(h.flags&afterReset != 0, h.acked) {
		t.unreset(c, dir)
	}
	if h.acked > h.nxt {
		t.prove(c, dir, at)
	}
}

// ackTentative does the same before the stream's start is known. The first ACK
// number says where the capture of this direction begins.
func (t *Table) ackTentative(c *Conn, dir packet.Dir, ack uint32, at At) {
	h := &c.half[dir]
	switch {
	case h.flags&anchored == 0 && !c.Midstream:
		h.begin(ack)
		h.flags |= ackKnown
		return
	case h.flags&anchored == 0:
		h.anchor(ack)
		h.acked = h.nxt
		h.flags |= ackKnown | hinted
		return
	}
	off := h.offset(ack)
	if diff := off - tentativeBase; diff > maxPlausible || diff < -maxPlausible {
		t.stats.IgnoredACKs++
		return
	}
	if h.flags&ackKnown == 0 || off > int64(h.acked) {
		h.acked = uint64(off)
		h.flags |= ackKnown
	}
	if !c.Midstream && h.flags&hinted == 0 { // the handshake was captured: nothing came before it
		t.start(c, dir, min(uint64(off), t.startPlace(c, h)))
		t.checkFin(c, dir, at)
		return
	}
	t.tryStart(c, dir, at)
}

// prove notes that bytes beyond nxt exist, and since when that is known.
func (t *Table) prove(c *Conn, dir packet.Dir, at At) {
	h := &c.half[dir]
	if h.acked <= h.nxt {
		return
	}
	if x := t.troubleOf(c, dir); x.proofUpTo <= h.nxt {
		x.proofUpTo, x.proofPkts, x.proofTime, x.proofAt = h.acked, c.Packets, t.now, at
	}
}

// mature tells whether the proof is too old to be a reordering in the capture.
func (t *Table) mature(c *Conn, x *trouble) bool {
	return c.Packets-x.proofPkts >= proofPackets || t.now-x.proofTime >= proofAge
}

// declare reports the holes that are proven for long enough and have data, or
// the FIN, behind them.
func (t *Table) declare(c *Conn, dir packet.Dir, at At) {
	h := &c.half[dir]
	if h.flags&started == 0 {
		t.tryStart(c, dir, at)
		return
	}
	x := h.trouble
	for x != nil && x.proofUpTo > h.nxt && t.mature(c, x) {
		var to uint64
		switch {
		case h.flags&finSeen != 0 && (x.queue.empty() || x.queue.head().off >= h.finAt):
			to = h.finAt
		case !x.queue.empty():
			to = x.queue.head().off
		default:
			return
		}
		if to <= h.nxt || h.flags&frozen != 0 && to > x.resetAt {
			return // it waits for proof that the RST was forged, not behind a hole
		}
		if to > x.proofUpTo {
			if h.acked > x.proofUpTo {
				x.proofUpTo = 0 // a part was proven; take the fuller proof
			}
			break
		}
		t.skipTo(c, dir, to, Lost, x.proofAt)
		t.checkFin(c, dir, at)
		x = h.trouble
	}
	t.prove(c, dir, at)
	t.settleTrouble(h)
}

// fin takes a FIN at the given offset. The first one counts.
func (t *Table) fin(c *Conn, dir packet.Dir, off int64) {
	h := &c.half[dir]
	if h.flags&finSeen != 0 {
		return
	}
	if off < 0 || h.flags&started != 0 && uint64(off) < h.nxt {
		t.stats.Ignored++
		return
	}
	h.flags |= finSeen
	h.finAt = uint64(off)
	if h.flags&frozen != 0 && h.finAt+1 < h.trouble.resetAt {
		h.trouble.wentOn = h.finAt + 1 // its stream ends before the place of the RST
	}
	c.closes(dir)
}

// checkFin tells the handler when a stream is complete.
func (t *Table) checkFin(c *Conn, dir packet.Dir, at At) {
	h := &c.half[dir]
	if h.flags&(started|finSeen|finDone) != started|finSeen || h.nxt != h.finAt {
		return
	}
	h.flags |= finDone
	at.Offset = h.finAt
	c.handler.Fin(dir, at)
	if h.trouble != nil && h.flags&frozen == 0 {
		t.freeTrouble(h)
	}
}

// end hands on what waits, tells the handler why, and lets go of all buffers.
// The connection stays in the table to recognise what still belongs to it.
func (t *Table) end(c *Conn, reason Reason, at At) {
	if c.state&ended != 0 {
		return
	}
	for _, dir := range [2]packet.Dir{c.client, c.client.Reverse()} {
		t.flush(c, dir)
	}
	if c.half[0].flags&c.half[1].flags&finDone != 0 && c.state&wasReset == 0 {
		reason = EndFIN
	}
	t.endEmpty(c, reason, at)
	for i := range c.half {
		t.dropCopies(&c.half[i])
		t.freeTrouble(&c.half[i])
	}
}

// endEmpty is end for a connection on which nothing waits, as one that was a knock
// until now.
func (t *Table) endEmpty(c *Conn, reason Reason, at At) {
	c.state |= ended
	t.count(c, reason)
	c.handler.End(reason, c.closedBy(), at)
}

func (t *Table) count(c *Conn, reason Reason) {
	if c.Midstream {
		t.stats.Midstream++
	}
	switch reason {
	case EndFIN:
		t.stats.Closed++
	case EndHalfOpen:
		t.stats.HalfOpen++
	case EndRST:
		t.stats.Reset++
	case EndReused:
		t.stats.Reused++
	case EndIdle:
		t.stats.Idle++
	case EndEvicted:
		t.stats.Evicted++
	}
}

// flush ends the wait of one direction: every hole is final now.
func (t *Table) flush(c *Conn, dir packet.Dir) {
	h := &c.half[dir]
	at := c.lastAt()
	if h.flags&(anchored|started) == anchored {
		t.start(c, dir, t.startPlace(c, h))
	}
	if h.flags&started == 0 {
		return
	}
	for h.trouble != nil && !h.trouble.queue.empty() {
		x := h.trouble
		if x.queue.head().off < x.proofUpTo {
			t.hopeless(x, Lost, x.proofAt)
		} else {
			t.hopeless(x, Lost, at)
		}
	}
	to := h.acked
	switch {
	case h.flags&finSeen != 0:
		to = h.finAt
	case h.acked == h.nxt+1:
		to = h.nxt // the FIN's place, which was not captured
	}
	if to > h.nxt && h.flags&finDone == 0 {
		if x := h.trouble; x != nil && x.proofUpTo >= to {
			at = x.proofAt
		}
		t.gap(c, dir, to-h.nxt, Lost, at)
	}
	t.checkFin(c, dir, at)
}

// afterEnd takes what still arrives on a connection that has ended.
func (t *Table) afterEnd(c *Conn, d *packet.Decoded) {
	h := &c.half[d.Dir]
	h.flags |= seen
	if d.Flags&packet.RST != 0 || len(d.Payload) == 0 {
		return
	}
	if h.flags&started != 0 && h.offset(d.Seq)+int64(len(d.Payload)) <= int64(h.nxt) {
		c.mishaps().again[d.Dir] += uint64(len(d.Payload))
		t.stats.Retransmitted += uint64(len(d.Payload))
		return
	}
	t.stats.Ignored++
	t.stats.IgnoredBytes += uint64(len(d.Payload))
}
