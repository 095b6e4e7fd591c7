package reassembly

import (
	"math"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
)

// Table tracks connections and puts their bytes in order. It works entirely on
// the goroutine that calls it and is not safe for concurrent use.
//
// Its clock is capture time: the latest packet's, which never goes back, and
// leaps by more than 10 minutes only on the word of two packets.
type Table struct {
	opener Opener
	limits Limits
	conns  index
	lists  [3]connList
	waits  troubles
	latest latest
	keep   keeper
	pool   pool
	stats  Stats
	number uint64

	overlap Overlap // scratch
	late    bool    // handlers are opened late
	folder  Folder  // nil: connections that are over stay what they are

	now  int64 // the clock
	prev int64 // time of the previous packet
	next int64 // nothing expires before

	sorted int64   // the bucket of the established that is in order, if it is the oldest
	order  []*Conn // scratch

	current ref // connection of the previous packet
	suspect ref // the same, if its time was not believed yet
}

// Lists of a connection.
const (
	inEstablished = iota
	inClosed      // half-open, ended, or the handshake not complete
	inReset       // an RST was seen, End comes resetLinger later
)

// New returns an empty table that asks o for the handler of each connection.
func New(o Opener, l Limits) *Table {
	l = l.withDefaults()
	return &Table{opener: o, limits: l, conns: newIndex(), latest: newLatest(l.RetainBytes), now: math.MinInt64, next: math.MaxInt64, sorted: noBucket}
}

// OpenLate makes the Opener wait, which makes a flood of SYNs cheap: the handler of a
// connection that begins with a SYN without data is opened with its second packet, or
// right before its End. Nothing else changes. It must be called before Packet.
func (t *Table) OpenLate() { t.late = true }

// Packet takes one TCP segment; d.IsTCP() must hold. p and d are borrowed.
// Handlers of this and of expired connections are called before it returns.
func (t *Table) Packet(p *capture.Packet, d *packet.Decoded) {
	t.stats.Packets++
	t.tick(p.Time)
	at := At{Packet: p.Number, Time: p.Time}
	tag := t.conns.hash(&d.Flow)
	c, r := t.conns.find(&d.Flow, tag)
	switch {
	case r&knockRef != 0:
		c = t.unfold(r, tag)
	case r&huskRef != 0 && t.afterFold(r, tag, p, d):
		return
	}
	if c != nil && d.Flags&packet.SYN != 0 && t.reused(c, d) {
		t.end(c, EndReused, at)
		t.forget(c)
		c = nil
	}
	if c == nil {
		if t.late && t.knocks(p, d) {
			t.knock(p, d, tag)
			return
		}
		c = t.open(p, d, tag)
	}
	c.Packets++
	c.Last = p.Time
	c.LastPacket = p.Number
	if c.state&ended != 0 {
		t.afterEnd(c, d)
	} else {
		t.segment(c, d, at)
		if c.state&ended != 0 && t.folder != nil && t.fold(c, tag) {
			return
		}
	}
	t.touch(c)
	t.isCurrent(c.ref())
}

// isCurrent notes whose the packet was.
func (t *Table) isCurrent(r ref) {
	t.current, t.suspect = r, 0
	if t.prev-t.now > maxJump {
		t.suspect = r
	}
}

// Close ends the capture: what still waits is handed on with its holes as gaps,
// in the order of connection numbers; End and Forget follow for each. The
// table is empty then.
func (t *Table) Close() {
	t.current, t.suspect = 0, 0
	var lone *Conn // what becomes of one knock after the other
	for _, r := range t.conns.all() {
		if r&knockRef != 0 {
			if lone == nil {
				lone = t.conns.newConn(&packet.Flow{})
			}
			*lone = Conn{slot: lone.slot}
			t.conns.knocks.At(r.slot()).into(lone)
			t.handle(lone)
			t.endEmpty(lone, EndOpen, lone.lastAt())
			lone.handler.Forget()
			continue
		}
		c := t.conns.conns.At(r.slot())
		reason := EndOpen
		switch c.State() {
		case HalfOpen, Closed:
			reason = EndHalfOpen
		case Reset:
			reason = EndRST
		}
		t.end(c, reason, c.lastAt())
		c.handler.Forget()
	}
	t.conns, t.lists = newIndex(), [3]connList{}
}

func (c *Conn) lastAt() At { return At{Packet: c.LastPacket, Time: c.Last} }

func (t *Table) open(p *capture.Packet, d *packet.Decoded, tag uint32) *Conn {
	t.makeRoom()
	c := t.conns.newConn(&d.Flow)
	t.conns.put(entry{tag, c.ref()})
	c.Number = t.nextNumber()
	c.Start, c.Last = p.Time, p.Time
	c.FirstPacket, c.LastPacket = p.Number, p.Number
	c.Midstream = true
	c.client = d.Dir
	c.scale = [2]int8{-1, -1}
	c.touched = t.now
	c.where = inClosed
	t.conns.push(&t.lists[inClosed], c.ref(), &c.links)
	t.due(t.now + int64(t.limits.IdleClosed))
	if d.Flags&packet.SYN != 0 { // known before the handler sees it
		c.Midstream = false
		c.client = d.Dir
		if d.Flags&packet.ACK != 0 {
			c.client = d.Dir.Reverse()
		}
		c.state |= clientKnown
	}
	t.handle(c)
	return c
}

// makeRoom lets connections go until one more may be in the table.
func (t *Table) makeRoom() {
	for t.conns.count >= t.limits.MaxConns {
		t.evict()
	}
}

// nextNumber counts a new connection.
func (t *Table) nextNumber() uint64 {
	t.stats.Connections++
	t.number++
	return t.number
}

// handle gets the handler of a new connection.
func (t *Table) handle(c *Conn) {
	if c.handler = t.opener.Open(c); c.handler == nil {
		c.handler = discard{}
	}
}

// tick advances the clock and lets go what is due.
func (t *Table) tick(ts int64) {
	ts = max(-1<<61, min(ts, 1<<61)) // so that no difference or sum of times overflows
	if t.now == math.MinInt64 || t.stats.Packets == 2 && t.now-ts > maxJump {
		t.now = ts // the first, or the first one's time was the outlier
	}
	if ts-t.now > maxJump {
		t.now = max(t.now, min(ts, t.prev))
		t.touchAgain(t.suspect) // it was later than the clock said then
	}
	if ts-t.now <= maxJump {
		t.now = max(t.now, ts)
	}
	t.prev = ts
	if t.now >= t.next {
		t.expire()
	}
}

// leave ends a connection and forgets it.
func (t *Table) leave(r ref, reason Reason) {
	if r&huskRef != 0 {
		t.drop(r, t.conns.hash(&t.conns.husks.At(r.slot()).flow))
		return
	}
	c := t.whole(r)
	if r&knockRef != 0 {
		t.endEmpty(c, reason, c.lastAt())
	} else {
		t.end(c, reason, c.lastAt())
	}
	t.forget(c)
}

func (t *Table) forget(c *Conn) {
	c.handler.Forget()
	t.isGone(c.ref())
	t.conns.unlink(&t.lists[c.where], &c.links)
	t.conns.remove(c.ref(), t.conns.hash(&c.Flow))
	t.conns.free(c)
}

// isGone notes that r refers to nothing any more.
func (t *Table) isGone(r ref) {
	if t.current == r {
		t.current = 0
	}
	if t.suspect == r {
		t.suspect = 0
	}
}

// discard stands in for a nil Handler.
type discard struct{}

func (discard) Data(packet.Dir, []byte, At)       {}
func (discard) Gap(packet.Dir, uint64, Cause, At) {}
func (discard) Fin(packet.Dir, At)                {}
func (discard) Overlap(packet.Dir, *Overlap)      {}
func (discard) End(Reason, packet.Dir, At)        {}
func (discard) Forget()                           {}
