package packet

import (
	"bytes"
	"slices"
)

// datagram is what is held of one datagram.
type datagram struct {
	key          fragmentKey
	older, newer *datagram // of the list it is in
	since        int64     // clock at the first fragment; at completion, once complete
	first        uint64    // packet number of the fragment that came first
	fragments    int       // that brought bytes
	head         []byte    // of the fragment at offset 0: IP header to where the payload begins
	buf          []byte    // captured bytes of the pieces, in the order in which they came
	pieces       []piece   // by offset; they do not overlap
	covered      int       // sum of the pieces' lengths
	total        int       // length of the payload; -1 until the last fragment came
	charge       int64     // what is counted of it in Defragmenter.bytes
	complete     bool
}

// piece is a part of a datagram's payload. Lengths and places fit 16 bits, for
// that is what a datagram has.
type piece struct {
	off, end uint16 // place in the payload
	at       uint16 // place in buf
	have     uint16 // captured bytes; the rest to end is a hole
}

// pieceSize is the size of a piece in memory.
const pieceSize = 8

// size returns the bytes that g keeps allocated.
func (g *datagram) size() int64 {
	return int64(cap(g.head) + cap(g.buf) + pieceSize*cap(g.pieces))
}

// fits tells whether a fragment that ends at end, the last one unless more
// follow, goes with those that came before: the first word on the datagram's
// length counts.
func (g *datagram) fits(end int, more bool) bool {
	switch {
	case g.total >= 0:
		return end <= g.total && (more || end == g.total)
	case more || len(g.pieces) == 0:
		return true
	}
	return end >= int(g.pieces[len(g.pieces)-1].end)
}

// reaching returns the index of the first piece that ends beyond off.
func (g *datagram) reaching(off int) int {
	if n := len(g.pieces); n == 0 || int(g.pieces[n-1].end) <= off {
		return n // in order, as fragments nearly always come
	}
	i, _ := slices.BinarySearchFunc(g.pieces, off, func(q piece, off int) int { return int(q.end) - off - 1 })
	return i
}

// insert adds the bytes off to end, of which data are captured, where there are
// none yet. It returns how many that were, and whether others differ from those
// that came first. Its cost is bounded by the 8,192 pieces that a datagram can have.
func (f *Defragmenter) insert(g *datagram, off, end int, data []byte) (fresh int, conflict bool) {
	lo := g.reaching(off)
	hi := lo
	fill := f.scratch[:0]
	if lo > 0 { // it may be joined
		lo--
		fill = append(fill, g.pieces[lo])
	}
	for at := off; at < end; {
		to := end
		if hi < len(g.pieces) {
			q := &g.pieces[hi]
			if int(q.off) <= at {
				conflict = conflict || g.differs(q, off, data)
				fill = append(fill, *q)
				at = int(q.end)
				hi++
				continue
			}
			to = min(end, int(q.off))
		}
		fill = g.store(fill, at, to, data[min(len(data), at-off):min(len(data), to-off)])
		fresh += to - at
		at = to
	}
	g.covered += fresh
	if fresh > 0 {
		g.pieces = slices.Replace(g.pieces, lo, hi, fill...)
	}
	f.scratch = fill
	return fresh, conflict
}

// store appends the piece of captured bytes b from off to end to list, or makes
// the last piece of list longer by it.
func (g *datagram) store(list []piece, off, end int, b []byte) []piece {
	at := len(g.buf)
	g.buf = append(g.buf, b...)
	if n := len(list); n > 0 {
		q := &list[n-1]
		if int(q.end) == off && q.off+q.have == q.end && int(q.at+q.have) == at {
			q.end = uint16(end)
			q.have += uint16(len(b))
			return list
		}
	}
	return append(list, piece{off: uint16(off), end: uint16(end), at: uint16(at), have: uint16(len(b))})
}

// bytes returns the captured bytes of a piece.
func (g *datagram) bytes(q *piece) []byte { return g.buf[q.at:][:q.have] }

// differs tells whether data, which begin at off, contradict the captured bytes of q.
func (g *datagram) differs(q *piece, off int, data []byte) bool {
	from, to := max(int(q.off), off), min(int(q.off)+int(q.have), off+len(data))
	return from < to && !bytes.Equal(g.bytes(q)[from-int(q.off):to-int(q.off)], data[from-off:to-off])
}

// repeats tells whether a fragment is a copy of what the datagram, which is
// complete, has already: the same bytes, and none that were not captured before.
func (g *datagram) repeats(off, end int, more bool, data []byte) bool {
	if end > g.total || more == (end == g.total) {
		return false
	}
	if len(data) == 0 {
		return true // all of it was cut off: nothing speaks against it
	}
	for i := g.reaching(off); i < len(g.pieces) && int(g.pieces[i].off) < off+len(data); i++ {
		q := &g.pieces[i]
		if g.differs(q, off, data) || min(off+len(data), int(q.end)) > int(q.off)+int(q.have) {
			return false
		}
	}
	return true
}

// appendTo appends the datagram as a packet of raw IP, to the first byte that
// was not captured.
func (g *datagram) appendTo(b []byte) []byte {
	start := len(b)
	b = append(b, g.head...)
	g.unfragment(b[start:])
	for i := range g.pieces {
		q := &g.pieces[i]
		b = append(b, g.bytes(q)...)
		if q.off+q.have != q.end {
			break
		}
	}
	return b
}

// unfragment changes the headers to those of a datagram that is not fragmented.
// A length that its field cannot say is 0, which stands for all of the packet.
func (g *datagram) unfragment(head []byte) {
	length := len(head) + g.total
	if head[0]>>4 == 4 {
		if length > 0xffff {
			length = 0
		}
		be.PutUint16(head[2:], uint16(length))
		be.PutUint16(head[6:], be.Uint16(head[6:])&0xc000) // the reserved bit and "don't fragment"
		be.PutUint16(head[10:], 0)
		be.PutUint16(head[10:], checksum(head))
		return
	}
	if length -= ipv6Header; length > 0xffff {
		length = 0
	}
	be.PutUint16(head[4:], uint16(length))
	// The fragment header is the last one: offset 0, no more fragments (RFC 6946).
	be.PutUint16(head[len(head)-fragmentHeader+2:], 0)
}

// checksum returns the Internet checksum of b, whose length is even (RFC 1071).
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(be.Uint16(b))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// fragmentList is a queue of datagrams, the oldest first.
type fragmentList struct{ oldest, newest *datagram }

func (l *fragmentList) push(g *datagram) {
	g.older, g.newer = l.newest, nil
	if l.newest != nil {
		l.newest.newer = g
	} else {
		l.oldest = g
	}
	l.newest = g
}

func (l *fragmentList) remove(g *datagram) {
	if g.older != nil {
		g.older.newer = g.newer
	} else {
		l.oldest = g.newer
	}
	if g.newer != nil {
		g.newer.older = g.older
	} else {
		l.newest = g.older
	}
	g.older, g.newer = nil, nil
}
