package dissect

import (
	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// Totals is what an Analyzer counted. Arrays of two are by event.Side.
type Totals struct {
	Packets     uint64
	First, Last int64  // earliest and latest capture time, ns
	Bytes       uint64 // of frames on the wire
	// Where the bytes of TCP packets went: link layer and VLAN tags (padding
	// included), IP and TCP headers, payload (retransmissions included).
	LinkBytes, HeaderBytes, PayloadBytes uint64

	TCPPackets uint64
	UDPPackets uint64
	Stops      [packet.NumStops]uint64 // packets without a TCP or UDP payload, by reason

	Connections   uint64
	ByProtocol    map[string]uint64 // connections, by event.Connection.Protocol
	ByState       map[string]uint64 // connections, by event.Connection.State
	Midstream     uint64            // connections without SYN
	StreamBytes   [2]uint64         // reassembled
	MissingBytes  [2]uint64         // in holes
	Retransmitted [2]uint64         // bytes
	TCP           reassembly.Stats
	Fragments     packet.FragmentStats

	Messages        uint64
	ByOpcode        [2][16]uint64 // messages
	Frames          [2]uint64
	FrameHeaders    [2]uint64 // bytes
	WirePayload     [2]uint64 // bytes of messages as they were sent
	DecodedPayload  [2]uint64 // bytes of messages after inflating
	MissingPayload  [2]uint64 // bytes of WirePayload that were not captured
	CompressedWire  [2]uint64 // bytes of compressed messages as they were sent
	CompressedPlain [2]uint64 // bytes of the same messages after inflating
	Undecoded       uint64    // messages that could not be decompressed

	Handshakes [2]uint64 // accepted, refused or unanswered
	Findings   uint64
	ByRule     map[string]uint64
	Errors     uint64 // findings of severity error
	Warnings   uint64 // findings of severity warning
	// Bounded counts what a bound of this package or of those below cost: gaps of
	// cause limit, connections and datagrams that were given up, messages that were
	// not inflated to their end or not kept because too much was kept already.
	Bounded uint64
}

// packet counts a decoded packet.
// whole is what d describes: p, or the datagram that p completed.
func (t *Totals) packet(p, whole *capture.Packet, d *packet.Decoded) {
	if t.Packets == 0 {
		t.First, t.Last = p.Time, p.Time
	}
	t.First, t.Last = min(t.First, p.Time), max(t.Last, p.Time)
	t.Packets++
	t.Bytes += uint64(p.OrigLen)
	switch {
	case d.IsTCP():
		t.TCPPackets++
		headers := d.L4Offset - d.IPOffset + int(whole.Data[d.L4Offset+12]>>4)*4
		t.HeaderBytes += uint64(headers)
		t.PayloadBytes += uint64(d.PayloadLen)
		t.LinkBytes += uint64(max(0, int(p.OrigLen)-headers-d.PayloadLen))
	case d.Stop == packet.StopNone:
		t.UDPPackets++
	default:
		t.Stops[d.Stop]++
	}
}

// message counts a message that is finished.
func (t *Totals) message(side event.Side, m *assembly, length uint64, undecoded bool) {
	t.Messages++
	t.ByOpcode[side][m.opcode&15]++
	t.WirePayload[side] += m.wire
	t.DecodedPayload[side] += length
	t.MissingPayload[side] += m.missing
	switch {
	case undecoded:
		t.Undecoded++
	case m.compressed:
		t.CompressedWire[side] += m.wire
		t.CompressedPlain[side] += length
	}
}

// counted are connections by what Totals has maps for.
type counted struct {
	protocols [8]uint64 // by placeOf
	states    [4]uint64
}

// connection counts a connection whose figures are final.
func (n *counted) connection(t *Totals, k *Conn) {
	c := k.tcp
	n.protocols[placeOf(k.protocol)]++
	n.states[c.State()]++
	if c.Midstream {
		t.Midstream++
	}
	for dir := range packet.Dir(2) {
		side := k.side(dir)
		t.StreamBytes[side] += c.Bytes(dir)
		t.MissingBytes[side] += c.Missing(dir)
		t.Retransmitted[side] += c.Retransmitted(dir)
	}
}

// placeOf returns where p stands in the table; behind it, if p is nil.
func placeOf(p *protocol) int {
	for i := range protocols {
		if p == &protocols[i] {
			return i
		}
	}
	return len(protocols)
}

// into makes the maps of t.
func (n *counted) into(t *Totals) {
	for i := range protocols {
		addN(&t.ByProtocol, protocols[i].name, n.protocols[i])
	}
	addN(&t.ByProtocol, "raw", n.protocols[len(protocols)])
	for state, of := range n.states {
		addN(&t.ByState, reassembly.State(state).String(), of)
	}
}

func addN(m *map[string]uint64, key string, n uint64) {
	if n == 0 {
		return
	}
	if *m == nil {
		*m = map[string]uint64{}
	}
	(*m)[key] += n
}

func add(m *map[string]uint64, key string) {
	if *m == nil {
		*m = map[string]uint64{}
	}
	(*m)[key]++
}
