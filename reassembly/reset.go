package reassembly

import "github.com/sockeye-dev/sockeye/capture/packet"

// reset takes an RST. Its payload, if any, is not stream (RFC 9293 §3.5.3).
func (t *Table) reset(c *Conn, d *packet.Decoded, at At) {
	if c.state&wasReset != 0 {
		return
	}
	if !t.resetFits(c, d) {
		t.stats.IgnoredResets++
		return
	}
	h := &c.half[d.Dir]
	if h.flags&anchored == 0 {
		h.begin(d.Seq)
	}
	c.state |= wasReset
	c.mark, c.mishaps().reset = t.now, at.Packet
	c.closes(d.Dir)
	h.flags |= frozen
	x := t.troubleOf(c, d.Dir)
	x.resetPkts, x.wentOn = c.Packets, 0
	x.resetAt = uint64(max(0, h.offset(d.Seq)))
	if h.flags&started != 0 {
		x.resetAt = max(x.resetAt, h.nxt)
	}
}

// resetFits tells whether the receiver may have believed an RST: it must lie in
// the window, as far as the capture shows it (RFC 9293 §3.10.7.4), or answer
// the SYN (§3.10.7.3).
func (t *Table) resetFits(c *Conn, d *packet.Decoded) bool {
	h, peer := &c.half[d.Dir], &c.half[d.Dir.Reverse()]
	if h.flags&anchored == 0 {
		if peer.flags&synSeen == 0 || c.state&handshaken == 0 && d.Flags&packet.ACK == 0 {
			return peer.flags&synSeen == 0
		}
		off := peer.offset(d.Ack)
		return d.Flags&packet.ACK == 0 || off >= 0 && off <= int64(peer.nxt)+1
	}
	off := h.offset(d.Seq)
	nxt := int64(h.nxt)
	if off == nxt || h.flags&finSeen != 0 && off == int64(h.finAt)+1 {
		return true
	}
	if h.flags&synSeen != 0 && peer.flags&(synSeen|seen) == synSeen|seen && off == -1 && c.state&handshaken == 0 {
		return true
	}
	edge := nxt
	if h.flags&ackKnown != 0 {
		edge = int64(h.acked)
	}
	return off >= edge-1 && off <= edge+c.windowOf(d.Dir.Reverse())
}

// windowOf returns the receive window that a side last advertised, in bytes,
// or the largest it may have meant.
func (c *Conn) windowOf(dir packet.Dir) int64 {
	h, peer := &c.half[dir], &c.half[dir.Reverse()]
	scale, peerScale := c.scale[dir], c.scale[dir.Reverse()]
	switch {
	case h.flags&seen == 0:
		return 0xffff << unknownScale
	case h.flags&synSeen != 0 && scale < 0, peer.flags&synSeen != 0 && peerScale < 0:
		return int64(h.window) // RFC 7323 §2.2: scaled only if both offer it
	case h.flags&synSeen != 0:
		return int64(h.window) << scale
	}
	return int64(h.window) << unknownScale
}

// goesOn notes bytes up to end that the alleged sender of an RST sent in front of
// its place. A receiver heeds only an RST at exactly the next byte (RFC 5961
// §3.2), so this is one that was forged, or the capture lacks what lies between:
// then nothing new follows for longer than a reordering lasts.
func (t *Table) goesOn(c *Conn, x *trouble, end uint64) {
	if c.Packets-x.resetPkts >= proofPackets || t.now-c.mark >= proofAge {
		x.wentOn = max(x.wentOn, end)
	}
}

// refuted tells whether the peer acknowledged what the alleged sender of an RST
// sent later; beyond says that it sent something behind the place of the RST.
func (x *trouble) refuted(beyond bool, acked uint64) bool {
	return beyond && acked > x.resetAt || x.wentOn > 0 && acked >= x.wentOn
}

// unreset takes an RST back: its sender went on, and the peer acknowledged that.
func (t *Table) unreset(c *Conn, dir packet.Dir) {
	h := &c.half[dir]
	t.stats.ForgedResets++
	h.flags &^= frozen | afterReset
	h.trouble.wentOn = 0
	c.state &^= wasReset
	c.mark, c.mishaps().reset = 0, 0
	if (c.half[0].flags|c.half[1].flags)&finSeen == 0 {
		c.state &^= closerKnown
	} else if by := c.closedBy(); c.half[by].flags&finSeen == 0 {
		c.half[by].flags &^= closer
		c.half[by.Reverse()].flags |= closer
	}
	if h.flags&started != 0 {
		t.drain(c, dir)
	}
}

// wild takes a segment whose sequence number is far outside the stream. It is
// ignored, unless more follow on it and the peer acknowledges them: then the
// sequence number really jumped.
func (t *Table) wild(c *Conn, d *packet.Decoded, seq uint32, n int, at At) {
	h := &c.half[d.Dir]
	t.stats.Ignored++
	t.stats.IgnoredBytes += uint64(len(d.Payload))
	if h.flags&started == 0 || n == 0 {
		return
	}
	x := t.troubleOf(c, d.Dir)
	if x.wildRun == 0 || seq != x.wildNext {
		x.wildRun, x.wildStart, x.wildAcked = 0, seq, false
	}
	x.wildRun = min(x.wildRun+1, resyncRun)
	x.wildNext = seq + uint32(n)
	to := h.offset(seq)
	if x.wildRun < resyncRun || !x.wildAcked || to <= int64(h.nxt) || h.flags&(finSeen|frozen) != 0 {
		return
	}
	t.stats.Ignored--
	t.stats.IgnoredBytes -= uint64(len(d.Payload))
	t.stats.Resyncs++
	x.wildRun = 0
	for !x.queue.empty() { // what waits lies before the jump
		t.hopeless(x, Lost, at)
		if x = h.trouble; x == nil {
			break
		}
	}
	t.dropCopies(h)
	t.gap(c, d.Dir, uint64(to)-h.nxt, Lost, at)
	t.inOrder(c, d.Dir, span{to, d.Payload}, uint64(to)+uint64(n), at)
}

// wildAck notes an ACK number far ahead of the stream: it proves nothing, but
// for a jump of the sequence number that was seen.
func (t *Table) wildAck(h *half, ack uint32) {
	t.stats.IgnoredACKs++
	if x := h.trouble; x != nil && x.wildRun > 0 && ack-x.wildStart-1 < x.wildNext-x.wildStart {
		x.wildAcked = true
	}
}
