package packet

import (
	"github.com/sockeye-dev/sockeye/capture"
)

// Defragmenter puts IPv4 and IPv6 fragments together (RFC 791 §3.2, RFC 8200
// §4.5). Fragments may come in any order, more than once, of any size and
// overlapping. Where copies of a byte differ, the first one stays; RFC 5722 has
// IPv6 receivers drop such a datagram, but an observer tells and goes on.
//
// Datagrams are told apart by addresses, identification and, with IPv4, protocol.
// VLAN tags and tunnels do not count: a mirror port shows the same fragment
// inside and outside of them.
//
// Its clock is the capture time of the fragments: it never goes back, and leaps
// by more than 10 minutes only on the word of two of them. It is not safe for
// concurrent use.
type Defragmenter struct {
	limits  Limits
	all     map[fragmentKey]*datagram
	waiting fragmentList // incomplete, by the time of the first fragment
	done    fragmentList // complete, by the time of completion
	last    *datagram    // that of the previous fragment
	clock   fragmentClock
	bytes   int64 // sum of the charges
	stats   FragmentStats
	whole   Datagram
	free    []*datagram
	scratch []piece
}

// FragmentStats is what a Defragmenter counted. Datagrams is the sum of
// Reassembled, Expired, Evicted and Waiting.
type FragmentStats struct {
	Fragments   uint64 // all that were given
	Datagrams   uint64 // of which a fragment was held
	Reassembled uint64 // datagrams that became whole
	Expired     uint64 // datagrams given up because fragments did not come in time
	Evicted     uint64 // datagrams given up because of a bound
	Waiting     uint64 // datagrams of which fragments are missing still
	Duplicates  uint64 // fragments that brought nothing new, also of datagrams that were whole
	Overlaps    uint64 // fragments some of whose bytes differ from those that came first
	Malformed   uint64 // fragments refused: empty, not a multiple of 8 bytes, beyond the datagram's end
}

// Datagram is a whole datagram.
type Datagram struct {
	// Packet is raw IP: the headers of the datagram's first fragment, changed to
	// those of a datagram that is not fragmented (in IPv6 the fragment header
	// stays, as that of an atomic fragment), and the payload. Its number, time and
	// interface are those of the packet that made it whole.
	//
	// Where fragments were cut by the snap length, OrigLen is still the exact
	// length, and Data ends at the first byte that was not captured: what was
	// captured behind it is left out.
	capture.Packet
	FirstPacket uint64 // number of the packet with the fragment that came first
	Fragments   int    // how many fragments brought bytes
}

// fragmentKey tells datagrams apart. The flow has no ports, and for IPv6 no protocol.
type fragmentKey struct {
	flow Flow
	dir  Dir
	id   uint32
}

// NewDefragmenter returns an empty Defragmenter.
func NewDefragmenter(l Limits) *Defragmenter {
	return &Defragmenter{limits: l.withDefaults(), all: make(map[fragmentKey]*datagram)}
}

// Stats returns what was counted so far.
func (f *Defragmenter) Stats() FragmentStats {
	s := f.stats
	s.Waiting = s.Datagrams - s.Reassembled - s.Expired - s.Evicted
	return s
}

// Add takes the fragment that d, with StopFragment, says is in p. It reports
// true if that makes a datagram whole, which is borrowed until the next Add.
// Otherwise d.Held is set if the fragment was kept. p and d are borrowed; p may
// be the previous whole datagram.
func (f *Defragmenter) Add(p *capture.Packet, d *Decoded) (*Datagram, bool) {
	f.stats.Fragments++
	f.tick(p.Time)
	off, end := int(d.FragOffset), int(d.FragOffset)+d.PayloadLen
	if end == off || end > f.limits.DatagramBytes || d.MoreFragments && d.PayloadLen%8 != 0 {
		f.stats.Malformed++
		return nil, false
	}
	key := fragmentKey{flow: d.Flow, dir: d.Dir, id: d.IPID}
	if d.IPVersion == 6 {
		key.flow.Proto = 0 // that of the first fragment counts
	}
	g := f.all[key]
	if g != nil && g.complete {
		if g.repeats(off, end, d.MoreFragments, d.Payload) {
			f.stats.Duplicates++
			f.last = g
			return nil, false
		}
		f.remove(g) // its identification is in use again
		g = nil
	}
	if g == nil {
		g = f.start(key, p, d)
	}
	f.last = g
	if !g.fits(end, d.MoreFragments) {
		f.stats.Malformed++
		return nil, false
	}
	if !d.MoreFragments {
		g.total = end
	}
	f.keep(g, p, d)
	if g.total != g.covered {
		d.Held = !f.shrink(g) && d.Held
		return nil, false
	}
	f.finish(g, p)
	return &f.whole, true
}

// start begins a datagram.
func (f *Defragmenter) start(key fragmentKey, p *capture.Packet, d *Decoded) *datagram {
	for len(f.all) >= f.limits.Datagrams {
		f.evict()
	}
	var g *datagram
	if n := len(f.free); n > 0 {
		g = f.free[n-1]
		f.free = f.free[:n-1]
	} else {
		g = new(datagram)
	}
	*g = datagram{
		key: key, since: f.clock.now, first: p.Number, total: -1,
		head: g.head[:0], buf: g.buf[:0], pieces: g.pieces[:0],
	}
	if d.FirstPacket != 0 { // the fragment is in a datagram that came in fragments
		g.first = d.FirstPacket
	}
	f.all[key] = g
	f.waiting.push(g)
	f.stats.Datagrams++
	return g
}

// keep copies what the fragment brings into g.
func (f *Defragmenter) keep(g *datagram, p *capture.Packet, d *Decoded) {
	off := int(d.FragOffset)
	if off == 0 && len(g.head) == 0 {
		g.head = append(g.head, p.Data[d.IPOffset:d.L4Offset]...)
	}
	fresh, conflict := f.insert(g, off, off+d.PayloadLen, d.Payload)
	switch {
	case conflict:
		f.stats.Overlaps++
	case fresh == 0:
		f.stats.Duplicates++
	}
	if fresh > 0 {
		g.fragments++
		d.Held = true
	}
	size := g.size()
	f.bytes += size - g.charge
	g.charge = size
}

// finish makes the whole datagram of g, which is complete with p.
func (f *Defragmenter) finish(g *datagram, p *capture.Packet) {
	f.stats.Reassembled++
	f.waiting.remove(g)
	g.complete = true
	g.since = f.clock.now
	f.done.push(g)
	w := &f.whole
	w.Data = g.appendTo(w.Data[:0])
	w.FirstPacket, w.Fragments = g.first, g.fragments
	w.Packet = capture.Packet{
		Number: p.Number, Time: p.Time, Interface: p.Interface, Link: capture.LinkRaw,
		OrigLen: uint32(len(g.head) + g.total), Data: w.Data,
	}
	f.shrink(g)
}

// tick advances the clock and lets go what is due.
func (f *Defragmenter) tick(ts int64) {
	if f.clock.tick(ts) && f.last != nil {
		f.list(f.last).remove(f.last) // its fragment's time was not believed then
		f.last.since = f.clock.now
		f.list(f.last).push(f.last)
	}
	for g := f.waiting.oldest; g != nil && f.clock.now-g.since >= int64(f.limits.FragmentAge); g = f.waiting.oldest {
		f.stats.Expired++
		f.remove(g)
	}
	for g := f.done.oldest; g != nil && f.clock.now-g.since >= int64(f.limits.RepeatAge); g = f.done.oldest {
		f.remove(g)
	}
}

// shrink evicts until the bytes held are within their bound; it reports whether
// g was among what went.
func (f *Defragmenter) shrink(g *datagram) bool {
	gone := false
	for f.bytes > f.limits.FragmentBytes {
		gone = f.evict() == g || gone
	}
	return gone
}

// evict forgets the oldest of the datagrams that are whole or, if there is
// none, of those that wait.
func (f *Defragmenter) evict() *datagram {
	g := f.done.oldest
	if g == nil {
		g = f.waiting.oldest
		f.stats.Evicted++
	}
	f.remove(g)
	return g
}

func (f *Defragmenter) list(g *datagram) *fragmentList {
	if g.complete {
		return &f.done
	}
	return &f.waiting
}

func (f *Defragmenter) remove(g *datagram) {
	f.list(g).remove(g)
	delete(f.all, g.key)
	f.bytes -= g.charge
	if f.last == g {
		f.last = nil
	}
	if len(f.free) < freeCount && g.charge <= freeBytes {
		f.free = append(f.free, g)
	}
}

// fragmentClock is capture time as far as it can be believed.
type fragmentClock struct {
	now, prev int64
	ticks     uint64
}

// tick takes the time of a fragment. It reports true when the clock leaps,
// because the previous fragment's time, which was not believed, was right, or
// because the first one's was wrong.
func (c *fragmentClock) tick(ts int64) (leapt bool) {
	ts = max(-1<<61, min(ts, 1<<61)) // so that no difference of times overflows
	c.ticks = min(c.ticks+1, 3)
	switch {
	case c.ticks == 1:
		c.now = ts
	case c.ticks == 2 && c.now-ts > maxJump:
		c.now, leapt = ts, true
	case ts-c.now > maxJump:
		if to := min(ts, c.prev); to > c.now {
			c.now, leapt = to, true
		}
	}
	if ts-c.now <= maxJump {
		c.now = max(c.now, ts)
	}
	c.prev = ts
	return leapt
}
