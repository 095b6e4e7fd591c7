package packet

import (
	"bytes"
	"testing"
	"time"

	"github.com/sockeye-dev/sockeye/capture"
)

// seconds is a capture time.
func seconds(s float64) int64 { return int64(s * float64(time.Second)) }

// cutter cuts a whole IP packet, of version 4 without options or of version 6
// without extension headers, into fragments.
type cutter struct {
	whole []byte
	id    uint32
}

func (c cutter) header() int {
	if c.whole[0]>>4 == 4 {
		return ipv4Header
	}
	return ipv6Header
}

func (c cutter) payload() []byte { return c.whole[c.header():] }

// fragment returns the fragment with the payload's bytes from off to end, the
// last one if end is the payload's.
func (c cutter) fragment(off, end int) []byte {
	h := c.header()
	body := c.payload()[off:end]
	more := end < len(c.payload())
	b := bytes.Clone(c.whole[:h])
	if h == ipv4Header {
		field := uint16(off / 8)
		if more {
			field |= 0x2000
		}
		be.PutUint16(b[2:], uint16(h+len(body)))
		be.PutUint16(b[4:], uint16(c.id))
		be.PutUint16(b[6:], field)
		return join(b, body)
	}
	field := uint16(off)
	if more {
		field |= 1
	}
	ext := be.AppendUint32(be.AppendUint16([]byte{b[6], 0}, field), c.id)
	b[6] = protoFragment
	be.PutUint16(b[4:], uint16(len(ext)+len(body)))
	return join(b, ext, body)
}

// every returns fragments of n bytes of payload each, in order.
func (c cutter) every(n int) [][]byte {
	var list [][]byte
	for off := 0; off < len(c.payload()); off += n {
		list = append(list, c.fragment(off, min(off+n, len(c.payload()))))
	}
	return list
}

// feed gives frames of raw IP to a Decoder one by one.
type feed struct {
	x      *Decoder
	number uint64
	time   int64
	d      Decoded
}

func newFeed(l Limits) *feed { return &feed{x: NewDecoder(Options{Limits: l})} }

func (f *feed) give(data []byte) *capture.Packet { return f.giveCut(data, len(data)) }

func (f *feed) giveCut(data []byte, n int) *capture.Packet {
	f.number++
	p := capture.Packet{Number: f.number, Time: f.time, Link: capture.LinkRaw, OrigLen: uint32(len(data)), Data: bytes.Clone(data[:n])}
	q := f.x.Decode(&p, &f.d)
	for i := range p.Data { // what was kept must have been copied
		if q != &p {
			p.Data[i] ^= 0xff
		}
	}
	return q
}

// body is a payload of n bytes, none of which is like its neighbours.
func body(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

// segments4And6 are TCP segments of n bytes of payload over both versions.
func segments4And6(n int) map[string]cutter {
	return map[string]cutter{
		"IPv4": {ip4(6, tcpTS(body(n))), 0x1234}, "IPv6": {ip6(6, tcpTS(body(n))), 0x89abcdef},
	}
}

// isSegment holds what a feed decoded last to a segment with the payload body(n).
func (f *feed) isSegment(t *testing.T, name string, n int, first, last uint64, q *capture.Packet) {
	t.Helper()
	d := &f.d
	if !d.IsTCP() || d.Seq != 0x01020304 || d.TSVal != 0x11121314 || !bytes.Equal(d.Payload, body(n)) || d.PayloadLen != n || d.Fragment || d.Held {
		t.Errorf("%s: %+v", name, *d)
	}
	if d.FirstPacket != first || q.Number != last || q.Time != f.time || d.Flow.LoPort != 0x1234 || d.Flow.HiPort != 80 || d.set != nil {
		t.Errorf("%s: packets %d to %d at %d, flow %+v", name, d.FirstPacket, q.Number, q.Time, d.Flow)
	}
}
