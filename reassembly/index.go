package reassembly

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/sockeye-dev/sockeye/capture/packet"
)

// index finds a connection by its flow: open addressing with linear probing
// over 8-byte entries without pointers, beside slabs of Conn. A lookup of a
// known flow touches one entry and the Conn itself.
type index struct {
	entries []entry
	slabs   []*[slabSize]Conn
	free    ref               // chained by newer
	recent  [recentSize]entry // entries found lately, by their lowest bits; they may be out of date
	used    int               // Conns of the slabs ever handed out
	count   int
	seed    uint64
}

const slabSize = 256

// Of very many connections few are talking at a time: recent is what the
// processor's nearest cache holds of entries that are larger than recentAbove.
const (
	recentSize  = 1 << 10
	recentAbove = 1 << 14
)

type entry struct {
	tag  uint32 // low half of the hash; its home is tag & mask
	slot uint32 // Conn.slot + 1; 0 is empty
}

func newIndex() index {
	// The seed keeps senders from choosing flows that collide. Nothing that
	// comes out depends on it.
	return index{entries: make([]entry, 1024), seed: rand.Uint64()}
}

func (x *index) hash(f *packet.Flow) uint32 {
	h := f.Hash(x.seed)
	return uint32(h ^ h>>32)
}

func (x *index) conn(slot uint32) *Conn { return &x.slabs[slot/slabSize][slot%slabSize] }

func (x *index) find(f *packet.Flow) *Conn {
	tag := x.hash(f)
	if len(x.entries) > recentAbove {
		return x.findRecent(f, tag)
	}
	c, _ := x.look(f, tag)
	return c
}

// findRecent is find that looks among the recent entries first. One that is out of
// date leads to a Conn that is free, or that has another flow.
func (x *index) findRecent(f *packet.Flow, tag uint32) *Conn {
	r := &x.recent[tag%recentSize]
	if r.tag == tag && r.slot != 0 {
		if c := x.conn(r.slot - 1); c.Flow == *f {
			return c
		}
	}
	c, e := x.look(f, tag)
	if c != nil {
		*r = e
	}
	return c
}

func (x *index) look(f *packet.Flow, tag uint32) (*Conn, entry) {
	mask := uint32(len(x.entries) - 1)
	for i := tag & mask; ; i = (i + 1) & mask {
		e := x.entries[i]
		if e.slot == 0 {
			return nil, e
		}
		if e.tag == tag {
			if c := x.conn(e.slot - 1); c.Flow == *f {
				return c, e
			}
		}
	}
}

// add makes a Conn for a flow that is not in the index.
func (x *index) add(f *packet.Flow) *Conn {
	if 4*(x.count+1) > 3*len(x.entries) {
		x.grow()
	}
	c := x.get(x.free)
	if c != nil {
		x.free = c.newer
		*c = Conn{slot: c.slot}
	} else {
		if x.used == len(x.slabs)*slabSize {
			x.slabs = append(x.slabs, new([slabSize]Conn))
		}
		c = x.conn(uint32(x.used))
		c.slot = uint32(x.used)
		x.used++
	}
	c.Flow = *f
	x.place(entry{x.hash(f), c.slot + 1})
	x.count++
	return c
}

// all returns the Conns in the order of their numbers. They are nearly in that
// order already, unless some took the place of others.
func (x *index) all() []*Conn {
	out := make([]*Conn, 0, x.count)
	for slot := range uint32(x.used) {
		if c := x.conn(slot); c.Number != 0 {
			out = append(out, c)
		}
	}
	byNumber := func(a, b *Conn) int { return cmp.Compare(a.Number, b.Number) }
	if !slices.IsSortedFunc(out, byNumber) {
		slices.SortFunc(out, byNumber)
	}
	return out
}

func (x *index) place(e entry) {
	mask := uint32(len(x.entries) - 1)
	i := e.tag & mask
	for x.entries[i].slot != 0 {
		i = (i + 1) & mask
	}
	x.entries[i] = e
}

func (x *index) grow() {
	old := x.entries
	x.entries = make([]entry, 2*len(old))
	for _, e := range old {
		if e.slot != 0 {
			x.place(e)
		}
	}
}

// remove takes c out and frees it for another flow.
func (x *index) remove(c *Conn) {
	mask := uint32(len(x.entries) - 1)
	i := x.hash(&c.Flow) & mask
	for x.entries[i].slot != c.slot+1 {
		i = (i + 1) & mask
	}
	// Close the run behind it, so that probing never needs tombstones.
	for j := (i + 1) & mask; x.entries[j].slot != 0; j = (j + 1) & mask {
		if home := x.entries[j].tag & mask; (j-home)&mask >= (j-i)&mask {
			x.entries[i] = x.entries[j]
			i = j
		}
	}
	x.entries[i] = entry{}
	x.count--
	*c = Conn{slot: c.slot, newer: x.free}
	x.free = c.ref()
}

// ref is a Conn by its slot: slot + 1; 0 is none.
type ref uint32

func (c *Conn) ref() ref { return ref(c.slot + 1) }

// get returns the Conn that r refers to, or nil.
func (x *index) get(r ref) *Conn {
	if r == 0 {
		return nil
	}
	return x.conn(uint32(r - 1))
}

// connList orders connections by their latest packet, the longest idle first.
type connList struct{ oldest, newest ref }

func (x *index) push(l *connList, c *Conn) {
	c.older, c.newer = l.newest, 0
	if o := x.get(l.newest); o != nil {
		o.newer = c.ref()
	} else {
		l.oldest = c.ref()
	}
	l.newest = c.ref()
}

func (x *index) unlink(l *connList, c *Conn) {
	if o := x.get(c.older); o != nil {
		o.newer = c.newer
	} else {
		l.oldest = c.newer
	}
	if o := x.get(c.newer); o != nil {
		o.older = c.older
	} else {
		l.newest = c.older
	}
	c.older, c.newer = 0, 0
}
