package reassembly

import (
	"cmp"
	"math"
	"slices"
)

// Connections that were idle for too long, or for longest where there are too many,
// leave. Lists hold them in the order of their latest packets, but moving one to the end
// with each packet would touch three others of the thousands that are talking. So
// established ones are in order by the bucket of time of their latest packet only; the
// oldest bucket is sorted once it matters, and from then on kept in order.

// bucketBits is the length of a bucket: 2^34 ns are 17 s.
const bucketBits = 34

const noBucket = math.MinInt64

func bucketOf(clock int64) int64 { return clock >> bucketBits }

// touchAgain is touch for whatever r refers to, if anything.
func (t *Table) touchAgain(r ref) {
	if r&huskRef != 0 {
		t.touchHusk(r, t.conns.husks.At(r.slot()))
	} else if c := t.whole(r); c != nil {
		t.touch(c)
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
	before := bucketOf(c.touched)
	c.touched = when
	l := &t.lists[where]
	if c.where == where {
		switch {
		case l.newest == c.ref():
			return
		case where == inReset:
			return // the wait after an RST does not start anew
		case where == inEstablished && before == bucketOf(when) && before != t.sorted:
			return
		}
	}
	t.conns.unlink(&t.lists[c.where], &c.links)
	t.conns.push(l, c.ref(), &c.links)
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

// oldest returns what of a list was idle for longest; 0: the list is empty.
func (t *Table) oldest(list int) ref {
	l := &t.lists[list]
	if list == inEstablished && l.oldest != 0 {
		if b := bucketOf(t.touched(l.oldest)); b != t.sorted {
			t.sortOldest(b)
		}
	}
	return l.oldest
}

// since returns a time at which, by the clock, nothing in a list had its latest packet
// yet, or the first one just had; the list is not empty.
func (t *Table) since(list int) int64 {
	at := t.touched(t.lists[list].oldest)
	if b := bucketOf(at); list == inEstablished && b != t.sorted {
		return b << bucketBits
	}
	return at
}

// sortOldest puts the oldest bucket of the established in order.
func (t *Table) sortOldest(b int64) {
	l := &t.lists[inEstablished]
	t.order = t.order[:0]
	r := l.oldest
	for r != 0 {
		c := t.conns.conns.At(r.slot())
		if bucketOf(c.touched) != b {
			break
		}
		t.order = append(t.order, c)
		r = c.links.newer
	}
	slices.SortFunc(t.order, func(a, b *Conn) int {
		return cmp.Or(cmp.Compare(a.touched, b.touched), cmp.Compare(a.LastPacket, b.LastPacket))
	})
	last := ref(0)
	for _, c := range t.order {
		c.links.older = last
		if last == 0 {
			l.oldest = c.ref()
		} else {
			t.conns.linksOf(last).newer = c.ref()
		}
		last = c.ref()
	}
	t.conns.linksOf(last).newer = r
	if r != 0 {
		t.conns.linksOf(r).older = last
	} else {
		l.newest = last
	}
	t.sorted = b
}

// due says that something may expire at the given time.
func (t *Table) due(at int64) { t.next = min(t.next, at) }

func (t *Table) expire() {
	for r := t.oldest(inReset); r != 0 && t.now-t.whole(r).mark >= resetLinger; r = t.oldest(inReset) {
		c := t.whole(r)
		t.end(c, EndRST, At{Packet: c.LastPacket, Time: c.mark + resetLinger})
		t.touchAs(c, c.touched)
	}
	for i, idle := range [2]int64{int64(t.limits.IdleEstablished), int64(t.limits.IdleClosed)} {
		for t.lists[i].oldest != 0 && t.now-t.since(i) >= idle {
			r := t.oldest(i)
			if t.now-t.touched(r) < idle {
				break
			}
			t.leave(r, EndIdle)
		}
	}
	for x := t.waits.oldest; x != nil && t.now-x.since >= int64(t.limits.HoleAge); x = t.waits.oldest {
		t.hopeless(x, Lost, x.c.lastAt())
	}
	t.next = math.MaxInt64
	if r := t.oldest(inReset); r != 0 {
		t.due(t.whole(r).mark + resetLinger)
	}
	if t.lists[inEstablished].oldest != 0 {
		t.due(t.since(inEstablished) + int64(t.limits.IdleEstablished))
	}
	if t.lists[inClosed].oldest != 0 {
		t.due(t.since(inClosed) + int64(t.limits.IdleClosed))
	}
	if x := t.waits.oldest; x != nil {
		t.due(x.since + int64(t.limits.HoleAge))
	}
}

// evict ends the connection that was idle for longest.
func (t *Table) evict() {
	var least ref
	for i := range t.lists {
		if r := t.oldest(i); r != 0 && (least == 0 || t.idler(r, least)) {
			least = r
		}
	}
	t.leave(least, EndEvicted)
}

// idler tells whether a was idle for longer than b.
func (t *Table) idler(a, b ref) bool {
	if x, y := t.touched(a), t.touched(b); x != y {
		return x < y
	}
	return t.lastPacket(a) < t.lastPacket(b)
}
