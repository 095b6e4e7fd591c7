package pcapfile

import (
	"encoding/binary"
	"io"
	"math/bits"

	"github.com/sockeye-dev/sockeye/capture"
)

// Block types (draft-ietf-opsawg-pcapng §4 and §11.1). All others are skipped.
const (
	blockSection    = 0x0a0d0d0a // the same in either byte order
	blockInterface  = 1
	blockOldPacket  = 2
	blockSimple     = 3
	blockStatistics = 5
	blockPacket     = 6 // enhanced packet block
	blockSecrets    = 10
)

const (
	byteOrderMagic  = 0x1a2b3c4d
	blockOverhead   = 12 // type and length before, length after
	packetFixed     = 28 // an enhanced or old packet block up to the data
	packetOverhead  = packetFixed + 4
	simpleFixed     = 12
	sectionMinimum  = 28
	ifaceMinimum    = 20
	statsMinimum    = 24
	secretsMinimum  = 20
	secretsDataFrom = 16
)

func (r *Reader) u16(b []byte) uint16 {
	v := binary.LittleEndian.Uint16(b)
	if r.swap {
		v = bits.ReverseBytes16(v)
	}
	return v
}

func (r *Reader) u32(b []byte) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if r.swap {
		v = bits.ReverseBytes32(v)
	}
	return v
}

func (r *Reader) u64(b []byte) uint64 {
	v := binary.LittleEndian.Uint64(b)
	if r.swap {
		v = bits.ReverseBytes64(v)
	}
	return v
}

// openNg reads the first section header.
func (r *Reader) openNg() error {
	r.ng, r.format = true, "pcapng"
	_, _, err := r.block()
	return err
}

// nextNg delivers the block at hand when it is an enhanced packet block that
// lies whole in the buffer and needs no second thought, which is nearly always.
func (r *Reader) nextNg(p *capture.Packet) error {
	b := r.in.buf[r.in.pos:r.in.end]
	if len(b) < packetOverhead {
		return r.nextNgSlow(p)
	}
	typ, total := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	id, high := binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
	low, caplen := binary.LittleEndian.Uint32(b[16:]), binary.LittleEndian.Uint32(b[20:])
	orig := binary.LittleEndian.Uint32(b[24:])
	if r.swap {
		typ, total, id = bits.ReverseBytes32(typ), bits.ReverseBytes32(total), bits.ReverseBytes32(id)
		high, low = bits.ReverseBytes32(high), bits.ReverseBytes32(low)
		caplen, orig = bits.ReverseBytes32(caplen), bits.ReverseBytes32(orig)
	}
	index := uint64(r.section) + uint64(id)
	padded := (uint64(caplen) + 3) &^ 3
	if typ != blockPacket || uint64(total) > uint64(len(b)) || uint64(total) != packetOverhead+padded ||
		index >= uint64(len(r.clocks)) || r.u32(b[total-4:]) != total {
		return r.nextNgSlow(p)
	}
	c := &r.clocks[index]
	if caplen > c.maxCap || c.perSecond == 0 {
		return r.nextNgSlow(p)
	}
	r.recordAt = r.in.base + int64(r.in.pos)
	r.in.pos += int(total)
	r.number++
	end := packetFixed + int(caplen)
	p.Number = r.number
	p.Time = c.time(uint64(high)<<32 | uint64(low))
	p.OrigLen = max(orig, caplen)
	p.Interface = uint32(index)
	p.Link = c.link
	p.FCSLen = c.fcs
	p.Data = b[packetFixed:end:end]
	return nil
}

// nextNgSlow reads blocks of all kinds until one is a packet.
func (r *Reader) nextNgSlow(p *capture.Packet) error {
	for r.err == nil {
		packet, ok, err := r.block()
		if ok {
			*p = packet
			return nil
		}
		if err != nil {
			return err
		}
	}
	return r.err
}

// block reads one block; ok is true when it was a packet.
func (r *Reader) block() (p capture.Packet, ok bool, err error) {
	at := r.in.offset()
	if err := r.in.need(blockOverhead); err != nil {
		if err == io.EOF && len(r.in.unread()) == 0 {
			return p, false, r.end()
		}
		return p, false, r.cut("block", blockOverhead, at)
	}
	b := r.in.unread()
	typ := r.u32(b)
	if typ == blockSection {
		// The byte order may change here, and the length is already in the new one.
		if err := r.byteOrder(b, at); err != nil {
			return p, false, err
		}
	}
	total := r.u32(b[4:])
	if total < blockOverhead || total%4 != 0 {
		return p, false, r.damage(at, "block of type %#x claims the impossible length %d", typ, total)
	}
	parse, minimum := r.parser(typ)
	if parse == nil || typ == blockSecrets && !r.secrets.room(total) {
		return p, false, r.skipBlock(total, at)
	}
	if total < minimum || total > maxBlock {
		return p, false, r.damage(at, "block of type %#x has %d bytes; it must have %d to %d", typ, total, minimum, maxBlock)
	}
	if r.in.need(int(total)) != nil {
		return p, false, r.cut("block", int64(total), at)
	}
	b = r.in.unread()[:total]
	if err := r.checkTrailer(b[total-4:], total, at); err != nil {
		return p, false, err
	}
	p, ok, err = parse(r, typ, b[:total-4], at)
	if err == nil {
		r.in.pos += int(total)
	}
	if ok {
		r.recordAt = at
	}
	return p, ok, err
}

// blockParser reads one whole block, without its trailing length. b is borrowed.
type blockParser func(r *Reader, typ uint32, b []byte, at int64) (capture.Packet, bool, error)

// parser returns what reads a block of this type, and its smallest length; nil
// for blocks that are skipped.
func (r *Reader) parser(typ uint32) (blockParser, uint32) {
	switch typ {
	case blockSection:
		return (*Reader).sectionBlock, sectionMinimum
	case blockInterface:
		return (*Reader).interfaceBlock, ifaceMinimum
	case blockPacket, blockOldPacket:
		return (*Reader).packetBlock, packetOverhead
	case blockSimple:
		return (*Reader).simpleBlock, simpleFixed + 4
	case blockStatistics:
		return (*Reader).statisticsBlock, statsMinimum
	case blockSecrets:
		return (*Reader).secretsBlock, secretsMinimum
	}
	return nil, 0
}

// skipBlock passes over a block without holding it.
func (r *Reader) skipBlock(total uint32, at int64) error {
	if _, err := r.in.skip(int64(total) - 4); err != nil {
		return r.cut("block", int64(total), at)
	}
	if r.in.need(4) != nil {
		return r.cut("block", int64(total), at)
	}
	if err := r.checkTrailer(r.in.unread(), total, at); err != nil {
		return err
	}
	r.in.pos += 4
	return nil
}

func (r *Reader) checkTrailer(b []byte, total uint32, at int64) error {
	if again := r.u32(b); again != total {
		return r.damage(at, "block begins with length %d and ends with length %d", total, again)
	}
	return nil
}

// byteOrder takes the byte order of the section that begins with b.
func (r *Reader) byteOrder(b []byte, at int64) error {
	switch magic := binary.LittleEndian.Uint32(b[8:]); magic {
	case byteOrderMagic:
		r.swap = false
	case bits.ReverseBytes32(byteOrderMagic):
		r.swap = true
	default:
		return r.damage(at, "section header without byte order: %s", hexBytes(b[8:12]))
	}
	return nil
}

// sectionBlock begins a section: interface ids count from 0 again. The
// section's declared length is not believed, nor needed.
func (r *Reader) sectionBlock(_ uint32, b []byte, at int64) (p capture.Packet, ok bool, err error) {
	if major, minor := r.u16(b[12:]), r.u16(b[14:]); major != 1 {
		return p, false, r.damage(at, "pcapng version %d.%d is not supported", major, minor)
	}
	r.section = len(r.ifaces)
	o := options{r: r, b: b[24:]}
	for o.next() {
		if o.code == optComment {
			r.comments.add(Comment{Text: string(o.value)})
		}
	}
	return p, false, nil
}

// packetBlock reads an enhanced packet block (§4.3) or an old packet block (§11.1).
func (r *Reader) packetBlock(typ uint32, b []byte, at int64) (p capture.Packet, ok bool, err error) {
	id := r.u32(b[8:])
	if typ == blockOldPacket {
		id = uint32(r.u16(b[8:])) // the other half counts drops
	}
	index, err := r.interfaceOf(id, at)
	if err != nil {
		return p, false, err
	}
	c := &r.clocks[index]
	caplen := r.u32(b[20:])
	padded := (uint64(caplen) + 3) &^ 3
	switch {
	case padded > uint64(len(b)-packetFixed):
		return p, false, r.damage(at, "packet claims %d captured bytes in a block of %d", caplen, len(b)+4)
	case caplen > c.maxCap:
		return p, false, r.damage(at, "packet claims %d captured bytes, more than the limit of %d", caplen, c.maxCap)
	case c.perSecond == 0:
		return p, false, r.damage(at, "interface %d: timestamps in units of %v cannot be read", id, r.ifaces[index].Resolution)
	}
	r.number++
	end := packetFixed + int(caplen)
	p = capture.Packet{
		Number:    r.number,
		Time:      c.time(uint64(r.u32(b[12:]))<<32 | uint64(r.u32(b[16:]))),
		OrigLen:   max(r.u32(b[24:]), caplen),
		Interface: index,
		Link:      c.link,
		FCSLen:    c.fcs,
		Data:      b[packetFixed:end:end],
	}
	r.packetOptions(&p, b[packetFixed+padded:])
	return p, true, nil
}

// simpleBlock reads a simple packet block (§4.4): interface 0, no time, and a
// captured length that follows from the interface's snap length. Where that is
// wrong, the block's length decides.
func (r *Reader) simpleBlock(_ uint32, b []byte, at int64) (p capture.Packet, ok bool, err error) {
	index, err := r.interfaceOf(0, at)
	if err != nil {
		return p, false, err
	}
	c := &r.clocks[index]
	orig := r.u32(b[8:])
	caplen := min(orig, uint32(len(b)-simpleFixed))
	if snap := r.ifaces[index].SnapLen; snap != 0 {
		caplen = min(caplen, snap)
	}
	if caplen > c.maxCap {
		return p, false, r.damage(at, "packet claims %d captured bytes, more than the limit of %d", caplen, c.maxCap)
	}
	r.number++
	end := simpleFixed + int(caplen)
	return capture.Packet{
		Number: r.number, OrigLen: orig, Interface: index, Link: c.link, FCSLen: c.fcs,
		Data: b[simpleFixed:end:end],
	}, true, nil
}

// interfaceOf turns a section's interface id into an index of Interfaces.
func (r *Reader) interfaceOf(id uint32, at int64) (uint32, error) {
	if n := len(r.ifaces) - r.section; uint64(id) >= uint64(n) {
		return 0, r.damage(at, "packet of interface %d, but the section has declared %d", id, n)
	}
	return uint32(r.section) + id, nil
}
