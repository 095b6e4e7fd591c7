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
// prefix while the index grows.

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
	buf  []byte
	pos  int
	last place
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
