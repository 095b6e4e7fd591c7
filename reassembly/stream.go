package reassembly

import (
	"bytes"

	"github.com/sockeye-dev/sockeye/capture/packet"
)

// data takes the payload and the FIN of a segment of direction dir.
func (t *Table) data(c *Conn, d *packet.Decoded, seq uint32, at At) {
	h := &c.half[d.Dir]
	n := d.PayloadLen
	if n < len(d.Payload) || n > maxSegment {
		n = len(d.Payload)
	}
	if h.flags&(started|finSeen|frozen) == started && h.trouble == nil && seq == h.base+uint32(h.nxt) &&
		n == len(d.Payload) && d.Flags&packet.FIN == 0 {
		t.emit(c, d.Dir, d.Payload, at) // the common case
		return
	}
	fin := d.Flags&packet.FIN != 0
	if h.flags&anchored == 0 {
		if n == 1 && !fin && c.state&answered == 0 && len(d.Payload) == 1 && d.Payload[0] == 0 && d.Flags&packet.PSH == 0 {
			t.stats.KeepAlives++ // nobody starts a conversation with a pushless zero
			return
		}
		h.anchor(seq)
	}
	off := h.offset(seq)
	if diff := off - int64(h.nxt); diff > maxPlausible || diff < -maxPlausible {
		t.wild(c, d, seq, n, at)
		return
	}
	if t.keepAlive(c, h, d, off, n) {
		t.stats.KeepAlives++
		return
	}
	end := off + int64(n)
	if fin {
		t.fin(c, d.Dir, end)
	}
	if n > 0 {
		t.piece(c, d, off, end, at)
	}
	if h.flags&started == 0 {
		t.tryStart(c, d.Dir, at)
	} else if h.flags&finSeen != 0 {
		t.checkFin(c, d.Dir, at)
	}
}

// keepAlive tells whether a segment is a probe of one garbage byte that stands
// where the peer has already acknowledged (RFC 9293 §3.8.4). Behind a hole it
// must not win over the real byte either; but a pushed byte whose ACK was
// captured only just before it is a reordering in the capture.
func (t *Table) keepAlive(c *Conn, h *half, d *packet.Decoded, off int64, n int) bool {
	if n != 1 || d.Flags&packet.FIN != 0 || h.flags&ackKnown == 0 || off+1 != int64(h.acked) {
		return false
	}
	if off < int64(h.nxt) || h.flags&started == 0 || d.Flags&packet.PSH == 0 {
		return true
	}
	x := h.trouble
	return x == nil || x.proofUpTo <= uint64(off) || t.mature(c, x)
}

// piece takes the bytes [off, end) of a segment: old ones are compared, the next
// ones handed on, later ones kept.
func (t *Table) piece(c *Conn, d *packet.Decoded, off, end int64, at At) {
	h := &c.half[d.Dir]
	seg := span{off: off, b: d.Payload}
	low := int64(0)
	switch {
	case h.flags&started != 0:
		low = int64(h.nxt)
	case h.flags&hinted != 0:
		low = tentativeBase
	}
	if off < low {
		old := min(end, low)
		known := uint64(max(0, min(old-off, int64(len(d.Payload)))))
		if known > 0 {
			c.mishaps().again[d.Dir] += known
		}
		t.stats.Retransmitted += known
		if h.flags&started != 0 {
			t.compareKept(c, d.Dir, seg, old, at)
		}
		off = old
	}
	if h.flags&finSeen != 0 && end > int64(h.finAt) { // RFC 9293 §3.10.4: nothing follows a FIN
		if t.stats.Ignored++; off < end {
			t.stats.IgnoredBytes += uint64(end - max(off, int64(h.finAt)))
		}
		end = int64(h.finAt)
	}
	if off >= end {
		return
	}
	pos, stop := uint64(off), uint64(end)
	if h.flags&frozen != 0 && stop > h.trouble.resetAt {
		h.flags |= afterReset
		t.hold(c, d.Dir, seg, pos, stop, at)
		t.bound(c, d.Dir, at)
		return
	}
	if h.flags&frozen != 0 {
		t.goesOn(c, h.trouble, stop)
	}
	if h.flags&started != 0 && pos == h.nxt {
		t.inOrder(c, d.Dir, seg, stop, at)
		return
	}
	t.stats.OutOfOrder++
	t.hold(c, d.Dir, seg, pos, stop, at)
	t.bound(c, d.Dir, at)
}

// span is a segment's payload placed in its stream; the part beyond b was cut off.
type span struct {
	off int64
	b   []byte
}

// at returns what was captured of [lo, hi).
func (s *span) at(lo, hi uint64) []byte {
	n := int64(len(s.b))
	return s.b[min(int64(lo)-s.off, n):min(int64(hi)-s.off, n)]
}

// inOrder hands on [nxt, stop) of a segment. What waits already came first and wins.
func (t *Table) inOrder(c *Conn, dir packet.Dir, seg span, stop uint64, at At) {
	h := &c.half[dir]
	told := false
	for h.nxt < stop {
		to := stop
		x := h.trouble
		if x != nil && !x.queue.empty() {
			to = min(stop, x.queue.head().off)
		}
		if to > h.nxt {
			b := seg.at(h.nxt, to)
			cut := to - h.nxt - uint64(len(b))
			if len(b) > 0 {
				t.emit(c, dir, b, at)
			}
			if cut > 0 {
				t.gap(c, dir, cut, Snaplen, at)
			}
			continue
		}
		s := x.queue.head()
		both := min(stop, s.end())
		told = t.compareHeld(c, dir, s, seg, s.off, both, at, told)
		t.emitHead(c, dir)
	}
	t.drain(c, dir)
}

// hold copies what is not known yet of [pos, stop) into the queue.
func (t *Table) hold(c *Conn, dir packet.Dir, seg span, pos, stop uint64, at At) {
	x := t.troubleOf(c, dir)
	told := false
	for pos < stop {
		to := stop
		if s := x.queue.after(pos); s != nil {
			if s.off <= pos {
				both := min(stop, s.end())
				told = t.compareHeld(c, dir, s, seg, pos, both, at, told)
				pos = both
				continue
			}
			to = min(stop, s.off)
		}
		if b := seg.at(pos, to); len(b) > 0 {
			own := t.pool.get(len(b))
			copy(own, b)
			t.enqueue(x, segment{pos, uint64(len(b)), own, at.Packet, at.Time})
			pos += uint64(len(b))
		}
		if pos < to {
			t.enqueue(x, segment{pos, to - pos, nil, at.Packet, at.Time})
			pos = to
		}
	}
}

// bound gives up holes while too much waits: of this direction, or else of the
// one that has waited for longest.
func (t *Table) bound(c *Conn, dir packet.Dir, at At) {
	h := &c.half[dir]
	for h.trouble != nil && (h.trouble.queue.bytes > t.limits.DirBytes || h.trouble.queue.islands > t.limits.Islands) {
		t.hopeless(h.trouble, Limit, at)
	}
	for t.waits.held > t.limits.TotalBytes && t.waits.oldest != nil {
		x := t.waits.oldest
		if x.c != c {
			at = x.c.lastAt()
		}
		t.hopeless(x, Limit, at)
	}
}

// hopeless ends the wait for the first hole of x. Afterwards x waits for less,
// or may have been freed.
func (t *Table) hopeless(x *trouble, cause Cause, at At) {
	c, dir := x.c, x.dir
	h := &c.half[dir]
	switch {
	case h.flags&started == 0:
		t.start(c, dir, t.startPlace(c, h))
	case h.flags&frozen != 0 && x.queue.head().end() > x.resetAt:
		t.dropQueue(x)
	default:
		t.skipTo(c, dir, x.queue.head().off, cause, at)
	}
	t.checkFin(c, dir, at)
}

// skipTo reports the hole up to off and hands on what waits behind it.
func (t *Table) skipTo(c *Conn, dir packet.Dir, off uint64, cause Cause, at At) {
	h := &c.half[dir]
	if h.flags&finSeen != 0 {
		off = min(off, h.finAt)
	}
	if off > h.nxt {
		t.gap(c, dir, off-h.nxt, cause, at)
	}
	t.drain(c, dir)
}

// drain hands on what waits and is next.
func (t *Table) drain(c *Conn, dir packet.Dir) {
	h := &c.half[dir]
	x := h.trouble
	if x == nil {
		return
	}
	moved := false
	for !x.queue.empty() && x.queue.head().off <= h.nxt {
		if h.flags&frozen != 0 && x.queue.head().end() > x.resetAt {
			break
		}
		t.emitHead(c, dir)
		moved = true
	}
	if h.flags&finSeen != 0 && h.nxt >= h.finAt {
		t.dropQueue(x) // nothing follows a FIN
	}
	if !x.queue.empty() && (moved || x.since < t.now) {
		t.waits.list(x, t.now) // progress: the wait for the next hole begins
	}
	t.settleTrouble(h)
}

// emitHead hands on the first waiting segment, which must begin at or before nxt.
func (t *Table) emitHead(c *Conn, dir packet.Dir) {
	h := &c.half[dir]
	s := h.trouble.queue.head()
	off, end, data := s.off, s.end(), s.data
	at := At{Packet: s.pkt, Time: s.time}
	t.dequeue(h.trouble)
	if h.flags&finSeen != 0 {
		end = min(end, h.finAt)
	}
	if end > h.nxt {
		if data == nil {
			t.gap(c, dir, end-h.nxt, Snaplen, at)
		} else {
			t.emit(c, dir, data[h.nxt-off:end-off], at)
		}
	}
	if data != nil {
		t.pool.put(data)
	}
}

// emit hands on the next bytes.
func (t *Table) emit(c *Conn, dir packet.Dir, b []byte, at At) {
	if len(b) == 0 {
		return
	}
	h := &c.half[dir]
	at.Offset = h.nxt
	h.nxt += uint64(len(b))
	t.stats.Bytes += uint64(len(b))
	if h.acked < h.nxt {
		t.keepCopy(h, b, at.Offset, at.Packet)
	}
	c.handler.Data(dir, b, at)
}

// gap reports the next n bytes as missing.
func (t *Table) gap(c *Conn, dir packet.Dir, n uint64, cause Cause, at At) {
	h := &c.half[dir]
	at.Offset = h.nxt
	h.nxt += n
	c.mishaps().missing[dir] += n
	t.stats.Gaps[cause&3]++
	t.stats.MissingBytes[cause&3] += n
	c.handler.Gap(dir, n, cause, at)
}

// compareKept compares the part of seg before old with the copy of what was
// handed on and not acknowledged.
func (t *Table) compareKept(c *Conn, dir packet.Dir, seg span, old int64, at At) {
	h := &c.half[dir]
	if len(seg.b) == 1 && seg.off+1 == int64(h.nxt) {
		return // one byte before the next is what a keep-alive probe sends, with any value (RFC 9293 §3.8.4)
	}
	t.settleCopies(h)
	r := t.keep.of(h)
	if r == nil {
		return
	}
	lo := uint64(max(seg.off, int64(r.lo)))
	hi := uint64(max(0, min(old, int64(r.hi), seg.off+int64(len(seg.b)))))
	if lo < hi {
		t.compare(c, dir, r.bytes(lo, hi), seg.at(lo, hi), lo, r.origin, at)
	}
}

// compareHeld does the same for [lo, hi) with a segment that waits.
func (t *Table) compareHeld(c *Conn, dir packet.Dir, s *segment, seg span, lo, hi uint64, at At, told bool) bool {
	b := seg.at(lo, hi)
	c.mishaps().again[dir] += uint64(len(b))
	t.stats.Retransmitted += uint64(len(b))
	if told || s.data == nil || len(b) == 0 {
		return told
	}
	first := s.data[lo-s.off:]
	return t.compare(c, dir, first[:len(b)], b, lo, func(uint64) uint64 { return s.pkt }, at)
}

// compare reports the first difference of two copies of the bytes at off, if any.
func (t *Table) compare(c *Conn, dir packet.Dir, first, second []byte, off uint64, origin func(uint64) uint64, at At) bool {
	if bytes.Equal(first, second) {
		return false
	}
	i := 0
	for first[i] == second[i] {
		i++
	}
	to := min(len(first), i+overlapBytes)
	t.stats.Overlaps++
	t.overlap = Overlap{
		Offset: off + uint64(i), First: first[i:to], Second: second[i:to],
		FirstPacket: origin(off + uint64(i)), Packet: at.Packet, Time: at.Time,
	}
	c.handler.Overlap(dir, &t.overlap)
	t.overlap = Overlap{}
	return true
}
