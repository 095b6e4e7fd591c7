package reassembly

import "math/bits"

// latest holds copies of what was handed on last, of all connections, in one ring:
// nearly all of it is acknowledged before the ring comes round. So a copy is
// written where the one before it ended, and nothing needs to be done to let go of
// it. What is not acknowledged by then, or what a retransmission must be compared
// with, moves to the retained copy of its direction.
type latest struct {
	copies []copied // by number: as many as a power of two
	buf    []byte   // by place: as many as a power of two
	most   int      // how long buf may become

	next, oldest uint32   // numbers of copies: the next one's, and the oldest in the ring
	place        uint32   // of the next one's bytes; places count on, and are taken modulo len(buf)
	order        []uint32 // scratch
}

// copied is a copy of one segment's bytes.
type copied struct {
	owner  *half // nil: it was let go
	off    uint64
	pkt    uint64
	place  uint32
	n      uint32
	this   uint32 // its number
	before uint32 // number of the direction's copy before it, if there was one
}

func (c *copied) end() uint64 { return c.off + uint64(c.n) }

const (
	latestLeast   = 16 << 10  // bytes of the ring at first; it doubles where it is full
	latestMost    = 512 << 10 // bytes of the ring: of 940,000 packets of chat, all are acknowledged in this
	latestCopy    = 128       // bytes for each copy that there is room for
	latestLongest = 4 << 10   // bytes of a copy: a longer one would push many out
	latestEvicted = 16        // copies taken out at once
)

// newLatest returns an empty ring that takes a quarter of limit bytes at most.
func newLatest(limit int64) latest {
	most := min(latestMost, 1<<max(0, bits.Len64(uint64(limit))-3))
	l := latest{most: most, next: 1, oldest: 1}
	l.resize(min(most, latestLeast))
	return l
}

// resize makes the ring size bytes long, a power of two. Numbers and places stay.
func (l *latest) resize(size int) {
	old := *l
	l.buf, l.copies = make([]byte, size), make([]copied, max(1, size/latestCopy))
	for n := old.oldest; n != old.next; n++ {
		c := l.at(n)
		*c = *old.at(n)
		copy(l.data(c), old.data(c))
	}
}

func (l *latest) at(number uint32) *copied { return &l.copies[number&uint32(len(l.copies)-1)] }

// of returns a direction's copy by its number; nil where it is gone.
func (l *latest) of(h *half, number uint32) *copied {
	if number-l.oldest >= l.next-l.oldest {
		return nil
	}
	if c := l.at(number); c.owner == h && c.this == number {
		return c
	}
	return nil
}

// data returns the bytes of a copy.
func (l *latest) data(c *copied) []byte {
	at := c.place & uint32(len(l.buf)-1)
	return l.buf[at : at+c.n]
}

// room returns the next place from which on n bytes lie in one piece.
func (l *latest) room(n uint32) uint32 {
	if at := l.place & uint32(len(l.buf)-1); at+n > uint32(len(l.buf)) {
		return l.place + uint32(len(l.buf)) - at
	}
	return l.place
}

// full tells whether copies must leave before the ring can take one that ends at end.
func (l *latest) full(end uint32) bool {
	first := l.place
	if l.next != l.oldest {
		first = l.at(l.oldest).place
	}
	return end-first > uint32(len(l.buf)) || int(l.next-l.oldest) == len(l.copies)
}

// keepCopy copies b, handed on at off by packet pkt and not acknowledged to its end.
func (t *Table) keepCopy(h *half, b []byte, off, pkt uint64) {
	l := &t.latest
	if len(b) > min(latestLongest, l.most/4) || off+uint64(len(b))-h.acked > uint64(t.limits.RetainDirBytes) || off < h.acked {
		t.settleCopies(h)
		t.retain(h, b, off, pkt)
		return
	}
	n := uint32(len(b))
	place := l.room(n)
	for l.full(place + n) {
		if 2*len(l.buf) <= l.most {
			l.resize(2 * len(l.buf))
			place = l.room(n)
			continue
		}
		t.evictCopies()
	}
	copy(l.buf[place&uint32(len(l.buf)-1):], b)
	c := l.at(l.next)
	c.owner = h
	c.off, c.pkt = off, pkt
	c.place, c.n = place, n
	c.this, c.before = l.next, h.latest
	h.latest = l.next
	l.next++
	l.place = place + n
}

// evictCopies takes the oldest copies out of the ring: some at a time, as the
// processor then waits for all their owners at once.
func (t *Table) evictCopies() {
	l := &t.latest
	for range min(latestEvicted, l.next-l.oldest) {
		c := l.at(l.oldest)
		l.oldest++
		if h := c.owner; h != nil && c.end() > h.acked {
			c.owner = nil
			t.retain(h, l.data(c), c.off, c.pkt)
			t.releaseRetained(h, h.acked)
		}
	}
}

// settleCopies moves what was not acknowledged of the copies of a direction to its
// retained copy, and lets go of the others.
func (t *Table) settleCopies(h *half) {
	l := &t.latest
	l.order = l.order[:0]
	for c := l.of(h, h.latest); c != nil; c = l.of(h, c.before) {
		if c.owner = nil; c.end() > h.acked {
			l.order = append(l.order, c.this)
		}
	}
	for i := len(l.order) - 1; i >= 0; i-- {
		c := l.at(l.order[i])
		t.retain(h, l.data(c), c.off, c.pkt)
	}
	if len(l.order) > 0 {
		t.releaseRetained(h, h.acked)
	}
}

// dropCopies lets go of all copies of a direction: another connection may take its place.
func (t *Table) dropCopies(h *half) {
	for c := t.latest.of(h, h.latest); c != nil; c = t.latest.of(h, c.before) {
		c.owner = nil
	}
	t.dropRetained(h)
}

// unacknowledged returns how many bytes of the ring were not let go.
func (l *latest) unacknowledged() (n int64) {
	for i := l.oldest; i != l.next; i++ {
		if c := l.at(i); c.owner != nil && c.end() > c.owner.acked {
			n += int64(c.n)
		}
	}
	return n
}
