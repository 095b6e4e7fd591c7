// Package dissect turns packets into events.
//
//	capture.Packet ─► packet.Decode ─► reassembly.Table ─► Conn ─► Dissector ─► event.Sink
//	                                                        │         recogniser ─► raw │ tls │ http ─► websocket
//	                                                        └ unconsumed prefixes, numbering, who is client
//
// Everything runs on the goroutine that calls Analyzer.Packet: no channel, pipe
// or goroutine stands between a packet and its event.
package dissect

import (
	"slices"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
	"github.com/sockeye-dev/sockeye/dissect/websocket/deflate"
	"github.com/sockeye-dev/sockeye/internal/slab"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// Options of an Analyzer. The zero value makes no events and counts only.
type Options struct {
	// Want says which events the sink looks at; no others are made.
	Want event.Want
	// Conn restricts events to one connection number; 0 is all.
	Conn uint64
	// DecodeAs maps a TCP port to the protocol that its connections speak
	// ("websocket", "http", "tls", "raw"), whatever their bytes look like, or a
	// UDP port to "vxlan".
	DecodeAs map[uint16]string
	Limits   Limits
	// Forgotten, unless nil, is called with each connection when it leaves the
	// table and its Summary is final. The connection is borrowed.
	Forgotten func(*Conn)
}

// vxlanPorts are the UDP ports that carry VXLAN by request.
func (o *Options) vxlanPorts() []uint16 {
	var ports []uint16
	for port, name := range o.DecodeAs {
		if name == "vxlan" {
			ports = append(ports, port)
		}
	}
	slices.Sort(ports)
	return ports
}

// Analyzer takes packets in capture order and gives events to a sink.
type Analyzer struct {
	opt     Options
	sink    event.Sink
	table   *reassembly.Table
	decoder *packet.Decoder
	decoded packet.Decoded
	totals  Totals
	counted counted
	pool    *deflate.Pool
	segment uint64 // the stream offset at which the segment at hand began
	cut     uint64 // length of the hole that is being told, if the snap length left it: behind it a segment begins
	payload budget // of unfinished messages
	waiting int64  // charge of the events that wait until it is known who is client
	// emitting is the connection whose event the sink is looking at; nil: none.
	emitting *Conn

	// want and kept are those of the connections that Options.Conn takes.
	want kinds
	kept int
	// described: somebody looks at what is known of connections.
	described bool
	conns     slab.Of[Conn] // by the slot of their reassembly.Conn: who takes the slot next takes the Conn

	// Scratch space, reused.
	scratch  []byte
	inflated inflated
	starts   []int
	inputs   inputs
	slabs    slabs
	chunks   chunks
	// The frame and the message that a sink that borrows them looks at.
	lent      messageEvent
	lentFrame frameEvent
	keys      recentKeys
	signs     signs

	recognisers freeList[recogniser]
	https       freeList[httpStream]
	webSockets  freeList[webSocket]
	assemblies  assemblies
	waitings    waitings
	heads       heads
	exchanges   exchanges
	judged      judged
	problems    []websocket.Problem
}

// New returns an Analyzer that gives events to sink.
func New(o Options, sink event.Sink) *Analyzer {
	o.Limits = o.Limits.withDefaults()
	a := &Analyzer{opt: o, sink: sink, pool: deflate.NewPool(deflate.Limits{MaxOutput: uint64(o.Limits.Inflated)})}
	a.payload.left = o.Limits.Messages
	kinds := &o.Want.Kinds
	a.described = o.Forgotten != nil || kinds[event.KindConnection] || !o.Want.EventsOnly && slices.Contains(kinds[:], true)
	// Without these nothing of a head outlives its handshake.
	a.heads.Borrow = !a.described && !kinds[event.KindHandshake] && !kinds[event.KindFinding]
	a.want = kindsOf(*kinds)
	a.kept = keep(&o, kinds[event.KindMessage])
	a.decoder = packet.NewDecoder(packet.Options{VXLANPorts: o.vxlanPorts(), Limits: o.Limits.Packet})
	a.table = reassembly.New(a, o.Limits.Reassembly)
	a.table.OpenLate()
	if !a.described {
		a.table.Fold(a)
	}
	return a
}

// Packet takes the next packet. p and its data are borrowed.
func (a *Analyzer) Packet(p *capture.Packet) {
	d := &a.decoded
	whole := a.decoder.Decode(p, d)
	a.totals.packet(p, whole, d)
	if d.IsTCP() {
		a.table.Packet(whole, d)
	}
}

// Close ends the capture: what is incomplete is reported as such, and every
// connection is closed in order of number.
func (a *Analyzer) Close() { a.table.Close() }

// Connections returns how many connections are in the table now.
func (a *Analyzer) Connections() int { return a.table.Stats().Active }

// Totals returns what was counted so far. Figures of connections are added when
// they leave the table: they are whole after Close.
func (a *Analyzer) Totals() Totals {
	t := a.totals
	a.counted.into(&t)
	t.TCP = a.table.Stats()
	t.Connections = t.TCP.Connections
	t.Fragments = a.decoder.Stats()
	t.Bounded += t.Fragments.Evicted
	return t
}

// Fold implements reassembly.Folder where nobody looks at what is known of connections:
// the figures of one of which judgeTCP has nothing to say are final when it is over,
// unless something of it is captured again.
func (a *Analyzer) Fold(c *reassembly.Conn) bool {
	k := a.conns.At(c.Slot())
	return k.extra == nil && !c.Midstream && c.State() == reassembly.Closed && k.Client() == c.ClientDir()
}

// Repeated implements reassembly.Folder.
func (a *Analyzer) Repeated(client bool, n int) {
	from := event.Server
	if client {
		from = event.Client
	}
	a.totals.Retransmitted[from] += uint64(n)
}

// Open implements reassembly.Opener.
func (a *Analyzer) Open(c *reassembly.Conn) reassembly.Handler {
	return newConn(a, c)
}
