package wstest

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

// A tape writes a recorder's log as the packets that a capture of the same
// conversation could hold: Ethernet, IPv4 or IPv6, and TCP with a handshake, a
// segment a read or write, an acknowledgement of each, and FIN or RST where one
// was seen. Nothing is made up about the ends: a direction of which no end was
// recorded stays open.
type tape struct {
	out     func(p *capture.Packet, comment string) error
	comment string // for the next packet
	flows   []flow
	used    map[[2]netip.AddrPort]bool
	number  uint64
	now     int64
	scratch []byte
}

// flow is one TCP connection on the tape.
type flow struct {
	addr [2]netip.AddrPort
	next [2]uint32 // sequence number of each side's next byte
	over [2]bool   // the side sent FIN or RST
}

const (
	// maxSegment is the payload that fits into one packet of either IP version;
	// the SYNs announce it as the loopback interface does.
	maxSegment = 65535 - 40 - 20
	// windowShift with a window of 65535 lets a whole recording be in flight.
	windowShift = 14
	tcpHeader   = 20
	etherHeader = 14
)

// writeTape gives the packets of a log to out, which borrows them, and stops at
// its first error. The packet that opens a connection has a comment on how it was recorded.
func writeTape(l *logCopy, out func(p *capture.Packet, comment string) error) error {
	t := &tape{out: out, flows: make([]flow, len(l.tails)), used: map[[2]netip.AddrPort]bool{}}
	for i := range l.entries {
		e := &l.entries[i]
		f := &t.flows[e.conn]
		t.now = max(t.now, e.at)
		var err error
		switch e.what {
		case opened:
			f.addr = t.addresses(e.conn, &l.tails[e.conn])
			t.comment = fmt.Sprintf("connection %d, %s; the packets are synthesised", e.conn+1, l.tails[e.conn].how())
			err = t.open(f, e.conn)
		case sent:
			err = t.data(f, e.from, e.b)
		case finished:
			err = t.finish(f, e.from)
		case aborted:
			err = t.abort(f, e.from)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// addresses are those of the connection, or addresses made for documentation
// (RFC 5737) where it has none, or where another connection on the tape has
// them too: its other end was recorded as well, or the ports were used again.
func (t *tape) addresses(index int, e *tail) [2]netip.AddrPort {
	a := e.addr
	for i := range a {
		if e.tls && a[i].Port() == 443 { // readers would look for TLS there
			a[i] = netip.AddrPortFrom(a[i].Addr(), 80)
		}
	}
	whole := a[0].IsValid() && a[1].IsValid() && a[0].Addr().Is4() == a[1].Addr().Is4()
	if !whole || t.used[a] || t.used[[2]netip.AddrPort{a[1], a[0]}] {
		a[event.Client] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + index/50000)}), uint16(10000+index%50000))
		a[event.Server] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, 1}), 80)
	}
	t.used[a] = true
	return a
}

func (t *tape) open(f *flow, index int) error {
	f.next = [2]uint32{uint32(index)*2 + 1_000_000, uint32(index)*2 + 2_000_000}
	if err := t.packet(f, ClientSide, packet.SYN, nil); err != nil {
		return err
	}
	f.next[ClientSide]++
	if err := t.packet(f, ServerSide, packet.SYN|packet.ACK, nil); err != nil {
		return err
	}
	f.next[ServerSide]++
	return t.packet(f, ClientSide, packet.ACK, nil)
}

func (t *tape) data(f *flow, from Side, b []byte) error {
	if f.over[from] || len(b) == 0 {
		return nil
	}
	for len(b) > 0 {
		n := min(len(b), maxSegment)
		flags := uint16(packet.ACK)
		if n == len(b) {
			flags |= packet.PSH
		}
		if err := t.packet(f, from, flags, b[:n]); err != nil {
			return err
		}
		f.next[from] += uint32(n)
		b = b[n:]
	}
	return t.packet(f, from.Other(), packet.ACK, nil)
}

func (t *tape) finish(f *flow, from Side) error {
	if f.over[from] {
		return nil
	}
	f.over[from] = true
	if err := t.packet(f, from, packet.FIN|packet.ACK, nil); err != nil {
		return err
	}
	f.next[from]++
	return t.packet(f, from.Other(), packet.ACK, nil)
}

func (t *tape) abort(f *flow, from Side) error {
	f.over = [2]bool{true, true}
	return t.packet(f, from, packet.RST|packet.ACK, nil)
}

// packet writes one packet.
func (t *tape) packet(f *flow, from Side, flags uint16, b []byte) error {
	to := from.Other()
	src, dst := f.addr[from], f.addr[to]
	options := 0
	if flags&packet.SYN != 0 {
		options = 8
	}
	d := appendEther(t.scratch[:0], from, src.Addr().Is4())
	d = appendIP(d, src.Addr(), dst.Addr(), tcpHeader+options+len(b))
	at := len(d)
	be := binary.BigEndian
	d = be.AppendUint16(d, src.Port())
	d = be.AppendUint16(d, dst.Port())
	d = be.AppendUint32(d, f.next[from])
	if flags&packet.ACK != 0 {
		d = be.AppendUint32(d, f.next[to])
	} else {
		d = be.AppendUint32(d, 0)
	}
	d = append(d, byte((tcpHeader+options)/4<<4), byte(flags), 0xff, 0xff, 0, 0, 0, 0)
	if options > 0 { // maximum segment size, no operation, window scale (RFC 9293 §3.1, RFC 7323 §2.2)
		d = append(d, 2, 4, byte(maxSegment>>8), byte(maxSegment&0xff), 1, 3, 3, windowShift)
	}
	d = append(d, b...)
	be.PutUint16(d[at+16:], tcpChecksum(src.Addr(), dst.Addr(), d[at:]))
	t.scratch = d
	t.number++
	t.now++
	comment := t.comment
	t.comment = ""
	return t.out(&capture.Packet{Number: t.number, Time: t.now, OrigLen: uint32(len(d)), Link: capture.LinkEthernet, Data: d}, comment)
}

// appendEther appends an Ethernet header between locally administered addresses.
func appendEther(d []byte, from Side, v4 bool) []byte {
	d = append(d, 2, 0, 0, 0, 0, byte(from.Other())+1, 2, 0, 0, 0, 0, byte(from)+1)
	if v4 {
		return append(d, 0x08, 0x00)
	}
	return append(d, 0x86, 0xdd)
}

// appendIP appends an IP header for n bytes of TCP.
func appendIP(d []byte, src, dst netip.Addr, n int) []byte {
	be := binary.BigEndian
	if !src.Is4() {
		d = append(d, 0x60, 0, 0, 0)
		d = be.AppendUint16(d, uint16(n))
		d = append(d, 6, 64)
		d = append(d, src.AsSlice()...)
		return append(d, dst.AsSlice()...)
	}
	at := len(d)
	d = append(d, 0x45, 0)
	d = be.AppendUint16(d, uint16(20+n))
	d = append(d, 0, 0, 0x40, 0, 64, 6, 0, 0) // do not fragment
	d = append(d, src.AsSlice()...)
	d = append(d, dst.AsSlice()...)
	be.PutUint16(d[at+10:], ^fold(sum(0, d[at:])))
	return d
}

// tcpChecksum is the checksum over pseudo header and segment (RFC 9293 §3.1,
// RFC 8200 §8.1): both versions' pseudo headers give the same sum.
func tcpChecksum(src, dst netip.Addr, segment []byte) uint16 {
	s := sum(sum(0, src.AsSlice()), dst.AsSlice()) + 6 + uint64(len(segment))
	return ^fold(sum(s, segment))
}

func sum(s uint64, b []byte) uint64 {
	for ; len(b) >= 2; b = b[2:] {
		s += uint64(b[0])<<8 | uint64(b[1])
	}
	if len(b) == 1 {
		s += uint64(b[0]) << 8
	}
	return s
}

func fold(s uint64) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}
