package session

import "encoding/binary"

// A connection's packets, in the order in which they are to be read again:
//
//	varint  zigzag(number - previous) << 2 | clock? << 1 | other file?
//	varint  file                                               if other file
//	varint  zigzag(offset - previous offset, 0 in another file)
//	varint  zigzag(clock - time of the packet)                 if clock
//
// That is 4 to 6 bytes a packet in ordinary captures, besides the slack of a
// slice that grows. Bytes once written never change, so a reader may hold a
// prefix while the index grows. Of a live capture the beginning is taken away as
// packets fall out of the ring; a reader finds its place again by taken.

// place is one packet of an index.
type place struct {
	number uint64 // of the packet
	file   int
	offset int64 // of its record in the file
	skew   int64 // the analyzer's clock after it, less its time
}

// packetIndex is the index of one connection.
type packetIndex struct {
	buf  []byte
	last place // file, number and offset of the last one added
	n    uint64
	cut  bool // packets are missing that came after the index reached its bound

	// What was taken away at the beginning; nil: nothing.
	gone *goneIndex
}

// goneIndex is the beginning of an index, which was taken away.
type goneIndex struct {
	bytes   int    // how many of the index
	packets uint64 // how many it told of
	last    place  // the last of them: what the rest goes on from
	before  int64  // their offsets are all below this one
}

// forget takes away the packets at the beginning that stand before an offset,
// and returns by how much the index's memory shrank. Packets of a ring stand in
// the order of the index, but for IP fragments, which a reader leaves out.
func (x *packetIndex) forget(before int64) int64 {
	var g goneIndex
	if x.gone != nil {
		g = *x.gone
	}
	w := places{buf: x.buf, last: g.last}
	at, n := 0, uint64(0)
	for p, ok := w.next(); ok && p.offset < before; p, ok = w.next() {
		at, n, g.last = w.pos, n+1, p
	}
	if n == 0 {
		return 0
	}
	g.bytes, g.packets, g.before = g.bytes+at, g.packets+n, before
	shrank := cap(x.buf)
	x.gone, x.buf = &g, append([]byte(nil), x.buf[at:]...)
	return int64(shrank - cap(x.buf))
}

// add appends a packet and returns by how much the index's memory grew.
func (x *packetIndex) add(p place) int64 {
	before := cap(x.buf)
	head := zigzag(int64(p.number-x.last.number)) << 2
	if p.skew != 0 {
		head |= 2
	}
	if p.file != x.last.file {
		head |= 1
	}
	x.buf = binary.AppendUvarint(x.buf, head)
	if p.file != x.last.file {
		x.buf = binary.AppendUvarint(x.buf, uint64(p.file))
		x.last.offset = 0
	}
	x.buf = binary.AppendUvarint(x.buf, zigzag(p.offset-x.last.offset))
	if p.skew != 0 {
		x.buf = binary.AppendUvarint(x.buf, zigzag(p.skew))
	}
	x.last = p
	x.n++
	return int64(cap(x.buf) - before)
}

// places walks through an index, or a prefix of it.
type places struct {
	buf   []byte
	pos   int
	last  place
	taken int // bytes at the beginning of the index that are not in buf
}

// take goes on with an index as it is now. It returns false when what comes
// next was taken away.
func (w *places) take(x *packetIndex) bool {
	w.buf = x.buf
	if x.gone == nil || x.gone.bytes == w.taken {
		return true
	}
	w.pos -= x.gone.bytes - w.taken
	w.taken = x.gone.bytes
	there := w.pos >= 0
	if !there {
		w.pos, w.last = 0, x.gone.last
	}
	return there
}

// next returns the next place; false at the end.
func (w *places) next() (place, bool) {
	if w.pos >= len(w.buf) {
		return place{}, false
	}
	head := w.uvarint()
	p := w.last
	p.number += uint64(unzigzag(head >> 2))
	if head&1 != 0 {
		p.file, p.offset = int(w.uvarint()), 0
	}
	p.offset += unzigzag(w.uvarint())
	p.skew = 0
	if head&2 != 0 {
		p.skew = unzigzag(w.uvarint())
	}
	w.last = p
	return p, true
}

func (w *places) uvarint() uint64 {
	v, n := binary.Uvarint(w.buf[w.pos:])
	w.pos += n
	return v
}

func zigzag(v int64) uint64   { return uint64(v)<<1 ^ uint64(v>>63) }
func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }
