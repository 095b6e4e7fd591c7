package reassembly

import (
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/internal/slab"
)

// index finds a connection by its flow: open addressing with linear probing
// over 8-byte entries without pointers, beside slabs of Conn, knock and husk. A lookup of
// a known flow touches one entry and the Conn itself.
type index struct {
	entries []entry
	conns   store[Conn]
	knocks  store[knock]
	husks   store[husk]
	recent  [recentSize]entry // entries found lately, by their lowest bits; they may be out of date
	count   int
	seed    uint64
}

// store hands out things of a kind, those first that were given back.
type store[T any] struct {
	slab.Of[T]
	free []uint32
	used uint32 // ever handed out
}

func (s *store[T]) take() (*T, uint32) {
	if n := len(s.free); n > 0 {
		slot := s.free[n-1]
		s.free = s.free[:n-1]
		return s.At(slot), slot
	}
	if s.used == s.Len() {
		s.Grow()
	}
	s.used++
	return s.At(s.used - 1), s.used - 1
}

// give takes back what has the number slot, which must be zero again.
func (s *store[T]) give(slot uint32) { s.free = append(s.free, slot) }

// Of very many connections few are talking at a time: recent is what the
// processor's nearest cache holds of entries that are larger than recentAbove.
const (
	recentSize  = 1 << 10
	recentAbove = 1 << 14
)

type entry struct {
	tag uint32 // low half of the hash; its home is tag & mask
	ref ref    // 0 is empty
}

// ref is a Conn, or with one of these set a knock or a husk, by its slot: slot + 1; 0 is none.
type ref uint32

const (
	knockRef ref = 1 << 31
	huskRef  ref = 1 << 30
	shortRef     = knockRef | huskRef
)

func (r ref) slot() uint32 { return uint32(r&^shortRef) - 1 }

func newIndex() index {
	// The seed keeps senders from choosing flows that collide. Nothing that
	// comes out depends on it.
	return index{entries: make([]entry, 1024), seed: rand.Uint64()}
}

func (x *index) hash(f *packet.Flow) uint32 {
	h := f.Hash(x.seed)
	return uint32(h ^ h>>32)
}

// find returns what has the flow f, whose hash is tag: 0 if nothing has. The Conn
// is nil where it is none.
func (x *index) find(f *packet.Flow, tag uint32) (*Conn, ref) {
	if len(x.entries) <= recentAbove {
		return x.look(f, tag)
	}
	// An entry that is out of date leads to what is free, or has another flow.
	r := &x.recent[tag%recentSize]
	if r.tag == tag && r.ref != 0 && r.ref&shortRef == 0 {
		if c := x.conns.At(r.ref.slot()); same(&c.Flow, f) {
			return c, r.ref
		}
	}
	c, found := x.look(f, tag)
	if c != nil {
		*r = entry{tag, found}
	}
	return c, found
}

func (x *index) look(f *packet.Flow, tag uint32) (*Conn, ref) {
	mask := uint32(len(x.entries) - 1)
	for i := tag & mask; ; i = (i + 1) & mask {
		e := x.entries[i]
		switch {
		case e.ref == 0:
			return nil, 0
		case e.tag != tag:
		case e.ref&knockRef != 0:
			if same(&x.knocks.At(e.ref.slot()).flow, f) {
				return nil, e.ref
			}
		case e.ref&huskRef != 0:
			if same(&x.husks.At(e.ref.slot()).flow, f) {
				return nil, e.ref
			}
		default:
			if c := x.conns.At(e.ref.slot()); same(&c.Flow, f) {
				return c, e.ref
			}
		}
	}
}

// same is *a == *b without a call.
func same(a, b *packet.Flow) bool {
	le := binary.LittleEndian
	return (le.Uint64(a.Lo[:])^le.Uint64(b.Lo[:]))|(le.Uint64(a.Lo[8:])^le.Uint64(b.Lo[8:]))|
		(le.Uint64(a.Hi[:])^le.Uint64(b.Hi[:]))|(le.Uint64(a.Hi[8:])^le.Uint64(b.Hi[8:])) == 0 &&
		a.LoPort == b.LoPort && a.HiPort == b.HiPort && a.Proto == b.Proto && a.Version == b.Version
}

// newConn makes a Conn that is not in the index yet.
func (x *index) newConn(f *packet.Flow) *Conn {
	c, slot := x.conns.take()
	c.slot, c.Flow = slot, *f
	return c
}

// put adds an entry.
func (x *index) put(e entry) {
	if 4*(x.count+1) > 3*len(x.entries) {
		x.grow()
	}
	x.place(e)
	x.count++
}

func (x *index) place(e entry) {
	mask := uint32(len(x.entries) - 1)
	i := e.tag & mask
	for x.entries[i].ref != 0 {
		i = (i + 1) & mask
	}
	x.entries[i] = e
}

func (x *index) grow() {
	old := x.entries
	x.entries = slab.Make[entry](2 * len(old))
	for _, e := range old {
		if e.ref != 0 {
			x.place(e)
		}
	}
}

// at returns where the entry of r is, whose hash is tag.
func (x *index) at(r ref, tag uint32) uint32 {
	mask := uint32(len(x.entries) - 1)
	i := tag & mask
	for x.entries[i].ref != r {
		i = (i + 1) & mask
	}
	return i
}

// remove takes the entry of r out, whose hash is tag.
func (x *index) remove(r ref, tag uint32) {
	mask := uint32(len(x.entries) - 1)
	i := x.at(r, tag)
	// Close the run behind it, so that probing never needs tombstones.
	for j := (i + 1) & mask; x.entries[j].ref != 0; j = (j + 1) & mask {
		if home := x.entries[j].tag & mask; (j-home)&mask >= (j-i)&mask {
			x.entries[i] = x.entries[j]
			i = j
		}
	}
	x.entries[i] = entry{}
	x.count--
}

// free makes c, which has no entry any more, another's.
func (x *index) free(c *Conn) {
	slot := c.slot
	*c = Conn{}
	x.conns.give(slot)
}

// all returns all Conns and knocks in the order of the numbers. They are nearly
// in that order already, unless some took the place of others.
func (x *index) all() []ref {
	conns := sorted(&x.conns, 0, func(c *Conn) uint64 { return c.Number })
	knocks := sorted(&x.knocks, knockRef, func(k *knock) uint64 { return k.number })
	if len(knocks) == 0 {
		return conns
	}
	out := make([]ref, 0, len(conns)+len(knocks))
	for _, r := range conns {
		n := x.conns.At(r.slot()).Number
		for len(knocks) > 0 && x.knocks.At(knocks[0].slot()).number < n {
			out, knocks = append(out, knocks[0]), knocks[1:]
		}
		out = append(out, r)
	}
	return append(out, knocks...)
}

// sorted returns what is in use of s in the order of the numbers, which are above 0.
func sorted[T any](s *store[T], kind ref, number func(*T) uint64) []ref {
	out := make([]ref, 0, int(s.used)-len(s.free))
	last, inOrder := uint64(0), true
	for slot := range s.used {
		if n := number(s.At(slot)); n != 0 {
			inOrder = inOrder && n > last
			last = n
			out = append(out, kind|ref(slot+1))
		}
	}
	if !inOrder {
		slices.SortFunc(out, func(a, b ref) int { return cmp.Compare(number(s.At(a.slot())), number(s.At(b.slot()))) })
	}
	return out
}

// connList orders connections by their latest packet, the longest idle first.
type connList struct{ oldest, newest ref }

// links are a connection's neighbours in its list.
type links struct{ older, newer ref }

// linksOf returns the links of what r refers to, which is not 0.
func (x *index) linksOf(r ref) *links {
	switch {
	case r&knockRef != 0:
		return &x.knocks.At(r.slot()).links
	case r&huskRef != 0:
		return &x.husks.At(r.slot()).links
	}
	return &x.conns.At(r.slot()).links
}

func (x *index) push(l *connList, r ref, at *links) {
	at.older, at.newer = l.newest, 0
	if l.newest != 0 {
		x.linksOf(l.newest).newer = r
	} else {
		l.oldest = r
	}
	l.newest = r
}

func (x *index) unlink(l *connList, at *links) { x.join(l, at, at.newer, at.older) }

// replace puts r, whose links are to, in the place of what has the links at.
func (x *index) replace(l *connList, at *links, r ref, to *links) {
	*to = *at
	x.join(l, at, r, r)
}

// join makes newer and older the neighbours of at's older and newer neighbour.
func (x *index) join(l *connList, at *links, newer, older ref) {
	if at.older != 0 {
		x.linksOf(at.older).newer = newer
	} else {
		l.oldest = newer
	}
	if at.newer != 0 {
		x.linksOf(at.newer).older = older
	} else {
		l.newest = older
	}
	*at = links{}
}
