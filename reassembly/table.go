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
	keep   keeper
	pool   pool
	stats  Stats
	number uint64

	overlap Overlap // scratch

	now  int64 // the clock
	prev int64 // time of the previous packet
	next int64 // nothing expires before

	current *Conn // connection of the previous packet
	suspect *Conn // connection of the previous packet, if its time was not believed yet
}

// Lists of a connection.
const (
	inEstablished = iota
	inClosed      // half-open, ended, or the handshake not complete
	inReset       // an RST was seen, End comes resetLinger later
)

// New returns an empty table that asks o for the handler of each connection.
func New(o Opener, l Limits) *Table {
	return &Table{opener: o, limits: l.withDefaults(), conns: newIndex(), now: math.MinInt64, next: math.MaxInt64}
}

// Packet takes one TCP segment; d.IsTCP() must hold. p and d are borrowed.
// Handlers of this and of expired connections are called before it returns.
func (t *Table) Packet(p *capture.Packet, d *packet.Decoded) {
	t.stats.Packets++
	t.tick(p.Time)
	at := At{Packet: p.Number, Time: p.Time}
	c := t.conns.find(&d.Flow)
	if c != nil && d.Flags&packet.SYN != 0 && t.reused(c, d) {
		t.end(c, EndReused, at)
		t.forget(c)
		c = nil
	}
	if c == nil {
		c = t.open(p, d)
	}
	c.Packets++
	c.Last = p.Time
	c.LastPacket = p.Number
	if c.state&ended != 0 {
		t.afterEnd(c, d)
	} else {
		t.segment(c, d, at)
	}
	t.touch(c)
	t.current = c
	t.suspect = nil
	if t.prev-t.now > maxJump {
		t.suspect = c
	}
}

// Close ends the capture: what still waits is handed on with its holes as gaps,
// in the order of connection numbers; End and Forget follow for each. The
// table is empty then.
func (t *Table) Close() {
	for _, c := range t.conns.all() {
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
	t.current, t.suspect = nil, nil
}

func (c *Conn) lastAt() At { return At{Packet: c.LastPacket, Time: c.Last} }

func (t *Table) open(p *capture.Packet, d *packet.Decoded) *Conn {
	for t.conns.count >= t.limits.MaxConns {
		t.evict()
	}
	c := t.conns.add(&d.Flow)
	t.number++
	t.stats.Connections++
	c.Number = t.number
	c.Start, c.Last = p.Time, p.Time
	c.FirstPacket, c.LastPacket = p.Number, p.Number
	c.Midstream = true
	c.client = d.Dir
	c.scale = [2]int8{-1, -1}
	c.touched = t.now
	c.where = inClosed
	t.conns.push(&t.lists[inClosed], c)
	t.due(t.now + int64(t.limits.IdleClosed))
	if d.Flags&packet.SYN != 0 { // known before the handler sees it
		c.Midstream = false
		c.client = d.Dir
		if d.Flags&packet.ACK != 0 {
			c.client = d.Dir.Reverse()
		}
		c.state |= clientKnown
	}
	c.handler = t.opener.Open(c)
	if c.handler == nil {
		c.handler = discard{}
	}
	return c
}

// tick advances the clock and lets go what is due.
func (t *Table) tick(ts int64) {
	ts = max(-1<<61, min(ts, 1<<61)) // so that no difference or sum of times overflows
	if t.now == math.MinInt64 || t.stats.Packets == 2 && t.now-ts > maxJump {
		t.now = ts // the first, or the first one's time was the outlier
	}
	if ts-t.now > maxJump {
		t.now = max(t.now, min(ts, t.prev))
		if t.suspect != nil {
			t.touch(t.suspect) // it was later than the clock said then
		}
	}
	if ts-t.now <= maxJump {
		t.now = max(t.now, ts)
	}
	t.prev = ts
	if t.now >= t.next {
		t.expire()
	}
}

// due says that something may expire at the given time.
func (t *Table) due(at int64) { t.next = min(t.next, at) }

func (t *Table) expire() {
	for c := t.oldest(inReset); c != nil && t.now-c.mark >= resetLinger; c = t.oldest(inReset) {
		t.end(c, EndRST, At{Packet: c.LastPacket, Time: c.mark + resetLinger})
		t.touchAs(c, c.touched)
	}
	for i, idle := range [2]int64{int64(t.limits.IdleEstablished), int64(t.limits.IdleClosed)} {
		for c := t.oldest(i); c != nil && t.now-c.touched >= idle; c = t.oldest(i) {
			t.end(c, EndIdle, c.lastAt())
			t.forget(c)
		}
	}
	for x := t.waits.oldest; x != nil && t.now-x.since >= int64(t.limits.HoleAge); x = t.waits.oldest {
		t.hopeless(x, Lost, x.c.lastAt())
	}
	t.next = math.MaxInt64
	if c := t.oldest(inReset); c != nil {
		t.due(c.mark + resetLinger)
	}
	if c := t.oldest(inEstablished); c != nil {
		t.due(c.touched + int64(t.limits.IdleEstablished))
	}
	if c := t.oldest(inClosed); c != nil {
		t.due(c.touched + int64(t.limits.IdleClosed))
	}
	if x := t.waits.oldest; x != nil {
		t.due(x.since + int64(t.limits.HoleAge))
	}
}

// touch moves c to the recent end of the list that its state calls for.
func (t *Table) touch(c *Conn) { t.touchAs(c, t.now) }

func (t *Table) touchAs(c *Conn, when int64) {
	where := uint8(inEstablished)
	switch {
	case c.state&ended != 0:
		where = inClosed
	case c.state&wasReset != 0:
		where = inReset
	case c.state&handshaken == 0 || (c.half[0].flags|c.half[1].flags)&finSeen != 0:
		where = inClosed
	}
	c.touched = when
	l := &t.lists[where]
	if c.where == where && (l.newest == c.ref() || where == inReset) {
		return // the wait after an RST does not start anew
	}
	t.conns.unlink(&t.lists[c.where], c)
	t.conns.push(l, c)
	if c.where != where {
		c.where = where
		switch where {
		case inEstablished:
			t.due(when + int64(t.limits.IdleEstablished))
		case inClosed:
			t.due(when + int64(t.limits.IdleClosed))
		case inReset:
			t.due(c.mark + resetLinger)
		}
	}
}

// evict ends the connection that was idle for longest.
func (t *Table) evict() {
	var c *Conn
	for i := range t.lists {
		if o := t.oldest(i); o != nil && (c == nil || o.touched < c.touched || o.touched == c.touched && o.LastPacket < c.LastPacket) {
			c = o
		}
	}
	t.end(c, EndEvicted, c.lastAt())
	t.forget(c)
}

func (t *Table) forget(c *Conn) {
	c.handler.Forget()
	if t.current == c {
		t.current = nil
	}
	if t.suspect == c {
		t.suspect = nil
	}
	t.conns.unlink(&t.lists[c.where], c)
	t.conns.remove(c)
}

// oldest returns the Conn of a list that was idle for longest; nil: the list is empty.
func (t *Table) oldest(list int) *Conn { return t.conns.get(t.lists[list].oldest) }

// discard stands in for a nil Handler.
type discard struct{}

func (discard) Data(packet.Dir, []byte, At)       {}
func (discard) Gap(packet.Dir, uint64, Cause, At) {}
func (discard) Fin(packet.Dir, At)                {}
func (discard) Overlap(packet.Dir, *Overlap)      {}
func (discard) End(Reason, packet.Dir, At)        {}
func (discard) Forget()                           {}
