package dissect

import (
	"net/netip"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// What browsing a capture needs: a look at connections while they are read,
// and their packets alone read again with the same numbers as before.

// Current returns how the packet was decoded that Packet took last, and the
// connection that it belongs to: nil where it is no TCP segment. Borrowed until
// the next call of Packet or Close.
func (a *Analyzer) Current() (*Conn, *packet.Decoded) {
	if !a.decoded.IsTCP() {
		return nil, &a.decoded
	}
	c := a.table.Current()
	if c == nil {
		return nil, &a.decoded
	}
	k, _ := c.Handler().(*Conn)
	return k, &a.decoded
}

// Emitting returns the connection of the event that is being handed to the sink,
// nil where there is none. Borrowed until the sink's Event returns.
func (a *Analyzer) Emitting() *Conn { return a.emitting }

// give hands an event to the sink.
func (k *Conn) give(e *event.Event) {
	k.a.emitting = k
	k.a.sink.Event(e)
	k.a.emitting = nil
}

// Clock returns the analyzer's clock: capture time in nanoseconds. It differs
// from the time of the latest packet where that went backwards or leapt.
func (a *Analyzer) Clock() int64 { return a.table.Clock() }

// ReplayConn makes number that of the next connection.
func (a *Analyzer) ReplayConn(number uint64) { a.table.Replay(number) }

// Replay takes a packet of a connection that is read again alone; clock is what
// Clock returned after the packet when it came among all others.
func (a *Analyzer) Replay(p *capture.Packet, clock int64) {
	d := &a.decoded
	whole := a.decoder.Decode(p, d)
	a.totals.packet(p, whole, d)
	if d.IsTCP() {
		a.table.SetClock(clock)
		a.table.Packet(whole, d)
	}
}

// Number returns the connection's number.
func (k *Conn) Number() uint64 { return k.tcp.Number }

// TCP returns the connection as reassembly sees it.
func (k *Conn) TCP() *reassembly.Conn { return k.tcp }

// Summary returns what is known of the connection so far, borrowed: protocol,
// layers, guess and what the handshakes said. Its other figures are set when the
// connection leaves the table. It is nil where nobody looks at it: Forgotten is
// nil, and no event is wanted, or EventsOnly and none of connections.
func (k *Conn) Summary() *event.Connection {
	k.heard()
	if k.sum != nil && k.protocol != nil {
		k.sum.Protocol = k.protocol.name
	}
	return k.sum
}

// Messages returns the numbers of messages begun so far, by event.Side.
func (k *Conn) Messages() [2]uint64 {
	var n [2]uint64
	if k.sum != nil {
		n = k.sum.Messages
	}
	if w, ok := k.d.(*webSocket); ok {
		for dir := range w.side {
			n[k.side(packet.Dir(dir))] = w.side[dir].messages
		}
	}
	return n
}

// Endpoints returns the addresses of the two sides, by event.Side. Who is client
// is as it is known so far; on the way to the sink it is final.
func (k *Conn) Endpoints() [2]netip.AddrPort {
	client := k.Client()
	return [2]netip.AddrPort{k.tcp.Flow.Source(client), k.tcp.Flow.Source(client.Reverse())}
}

// ClosedBy returns who sent the first FIN or RST, event.NoSide while nobody has.
func (k *Conn) ClosedBy() event.Side {
	if dir, ok := k.tcp.ClosedBy(); ok {
		return k.side(dir)
	}
	return event.NoSide
}

// Rules returns the rules that findings of the connection named so far, in order
// of their first findings. Borrowed.
func (k *Conn) Rules() []string {
	if k.extra == nil {
		return nil
	}
	return k.extra.rules
}

// CloseCodes returns the status codes of the close messages seen so far, by
// event.Side: 0 where there was none, 1005 for one without a code (RFC 6455 §7.1.5).
func (k *Conn) CloseCodes() [2]uint16 {
	client := k.Client()
	return [2]uint16{k.closeCodes[client], k.closeCodes[client.Reverse()]}
}

// noteClose keeps the code of a close message.
func (k *Conn) noteClose(dir packet.Dir, payload []byte, whole bool) {
	k.closeCodes[dir] = 1005
	if whole && len(payload) >= 2 {
		k.closeCodes[dir] = uint16(payload[0])<<8 | uint16(payload[1])
	}
}

// Packet returns the options with which packets are decoded.
func (o *Options) Packet() packet.Options {
	return packet.Options{VXLANPorts: o.vxlanPorts(), Limits: o.Limits.Packet}
}
