package pcapfile

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"

	"github.com/sockeye-dev/sockeye/capture"
)

// The magic numbers of pcap files, as the writer's byte order shows them
// (draft-ietf-opsawg-pcap §4).
const (
	magicMicro    = 0xa1b2c3d4
	magicNano     = 0xa1b23c4d
	magicModified = 0xa1b2cd34 // Kuznetzov's: records with interface index and protocol
)

const (
	pcapHeaderLen     = 24
	recordHeaderLen   = 16
	modifiedHeaderLen = 24
	fcsPresent        = 1 << 26 // the link type's upper bits hold an FCS length
)

// openPcap reads the file header. swap says that it is big-endian.
func (r *Reader) openPcap(magic uint32, swap bool) error {
	if err := r.in.need(pcapHeaderLen); err != nil {
		return r.cut("file header", pcapHeaderLen, 0)
	}
	r.swap = swap
	b := r.in.unread()
	major, minor := r.u16(b[4:]), r.u16(b[6:])
	if major != 2 && major != 543 { // 543: an old Linux tcpdump with a typing error
		return r.damage(0, "pcap version %d.%d is not supported", major, minor)
	}
	snaplen, network := r.u32(b[16:]), r.u32(b[20:])
	ifc := Interface{Link: capture.LinkType(network), SnapLen: snaplen, Resolution: Microseconds}
	if network&fcsPresent != 0 {
		ifc.FCSLen = uint8(network >> 28 * 2) // in 16-bit words
	}
	r.format = "pcap"
	r.hdr, r.fraction, r.maxCap = recordHeaderLen, 1000, recordLimit(snaplen)
	switch magic {
	case magicNano:
		r.format, r.fraction, ifc.Resolution = "pcap (ns)", 1, Nanoseconds
	case magicModified:
		r.format, r.hdr = "pcap (modified)", modifiedHeaderLen
	}
	r.link, r.fcs = ifc.Link, ifc.FCSLen
	r.ifaces = append(r.ifaces, ifc)
	r.in.pos += pcapHeaderLen
	return nil
}

// nextPcap delivers the record at hand when it lies whole in the buffer, which
// is nearly always. Sums of seconds and fraction cannot overflow: 2^32 s in ns
// and 2^32 µs together are below 2^63 ns.
func (r *Reader) nextPcap(p *capture.Packet) error {
	b := r.in.buf[r.in.pos:r.in.end]
	if len(b) < r.hdr || len(b) < recordHeaderLen {
		return r.nextPcapSlow(p)
	}
	sec, frac := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	caplen, orig := binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
	if r.swap {
		sec, frac = bits.ReverseBytes32(sec), bits.ReverseBytes32(frac)
		caplen, orig = bits.ReverseBytes32(caplen), bits.ReverseBytes32(orig)
	}
	n := r.hdr + int(caplen)
	if caplen > r.maxCap || n > len(b) {
		return r.nextPcapSlow(p)
	}
	r.recordAt = r.in.base + int64(r.in.pos)
	r.in.pos += n
	r.number++
	p.Number = r.number
	p.Time = int64(sec)*1e9 + int64(frac)*r.fraction
	p.OrigLen = max(orig, caplen)
	p.Link = r.link
	p.FCSLen = r.fcs
	p.Data = b[r.hdr:n:n]
	return nil
}

// nextPcapSlow reads on until the next record is whole, or says why it never will be.
func (r *Reader) nextPcapSlow(p *capture.Packet) error {
	if r.err != nil {
		return r.err
	}
	if err := r.in.need(r.hdr); err != nil {
		if err == io.EOF && len(r.in.unread()) == 0 {
			return r.end()
		}
		return r.cut("record header", int64(r.hdr), r.in.offset())
	}
	caplen := r.u32(r.in.unread()[8:])
	if caplen > r.maxCap {
		return r.damage(r.in.offset(), "record claims %d captured bytes, more than the limit of %d", caplen, r.maxCap)
	}
	n := r.hdr + int(caplen)
	if err := r.in.need(n); err != nil {
		return r.cut("record", int64(n), r.in.offset())
	}
	return r.nextPcap(p)
}

// isPcap recognises a pcap magic number in either byte order.
func isPcap(b []byte) (magic uint32, swap, ok bool) {
	le := binary.LittleEndian.Uint32(b)
	for _, m := range [...]uint32{magicMicro, magicNano, magicModified} {
		switch le {
		case m:
			return m, false, true
		case bits.ReverseBytes32(m):
			return m, true, true
		}
	}
	return 0, false, false
}

// hexBytes prints bytes as in "0a 0d 0d 0a".
func hexBytes(b []byte) string { return fmt.Sprintf("% x", b) }
