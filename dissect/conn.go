package dissect

import (
	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// Conn is one TCP connection on its way through dissectors. It holds the bytes
// that a dissector did not consume yet, and makes events of what it is told.
type Conn struct {
	// What every segment touches stands first, within 64 bytes: with thousands of
	// connections, reaching for their memory is most of the work.
	d       Dissector
	in      [2]*input // bytes that were not consumed; nil: none
	a       *Analyzer
	tcp     *reassembly.Conn
	want    kinds   // events that are looked at
	wake    [2]bool // present the held bytes of this direction again
	fin     [2]bool // the direction is complete
	settled bool    // who is client will not change any more
	// client is from then on, whatever a late SYN-ACK says: events have named the sides.
	client     packet.Dir
	ended      bool
	reset      bool      // an RST ended it
	closeCodes [2]uint16 // of close messages, by packet.Dir

	protocol *protocol // that was recognised; nil: none
	kept     int       // how much of a message's payload the sinks look at

	// What few connections need, or nobody looks at.
	sum   *event.Connection // nil: nobody does, or nothing was heard yet
	extra *extra            // nil: nothing
}

// kinds is a set of kinds of events.
type kinds uint8

func kindsOf(want [event.NumKinds]bool) (s kinds) {
	for kind, wanted := range want {
		if wanted {
			s |= 1 << kind
		}
	}
	return s
}

// extra is what a connection has where not everything went well.
type extra struct {
	held []event.Event // events that wait for settled; From holds the packet.Dir
	wait int64         // their charge
	// missing counts the bytes of holes, by packet.Dir and cause.
	missing [2][4]uint64
	rules   []string // that findings named, each once
	// recognised counts how often holes made a raw stream be looked at again.
	recognised int
}

func (k *Conn) more() *extra {
	if k.extra == nil {
		k.extra = new(extra)
	}
	return k.extra
}

func newConn(a *Analyzer, c *reassembly.Conn) *Conn {
	for c.Slot() >= a.conns.Len() {
		a.conns.Grow()
	}
	k := a.conns.At(c.Slot())
	*k = Conn{a: a, tcp: c}
	if a.opt.Conn == 0 || a.opt.Conn == c.Number {
		k.want, k.kept = a.want, a.kept
	}
	k.settled, k.client = c.ClientKnown(), c.ClientDir()
	k.d = unheard{}
	if len(a.opt.DecodeAs) > 0 {
		k.obey()
	}
	return k
}

// heard begins to note what is known of the connection, if somebody looks at it.
func (k *Conn) heard() {
	if k.a.described && k.sum == nil {
		k.sum = &event.Connection{ClosedBy: event.NoSide}
	}
}

// obey does what --decode-as says of the connection's ports, if anything; else the
// bytes tell.
func (k *Conn) obey() {
	for _, port := range []uint16{k.tcp.Flow.LoPort, k.tcp.Flow.HiPort} {
		if p := protocolNamed(k.a.opt.DecodeAs[port]); p != nil {
			k.heard()
			k.d = k.enter(p, &signs{k: k, forced: true, client: k.tcp.ClientDir(), clientKnown: k.tcp.ClientKnown()})
			return
		}
	}
}

// enter notes that the connection speaks p from here on.
func (k *Conn) enter(p *protocol, s *signs) Dissector {
	k.protocol = p
	d := p.start(k, s)
	if name := d.Layer(); name != "" {
		k.addLayer(name)
	}
	return d
}

func (k *Conn) addLayer(name string) {
	if k.sum == nil {
		return
	}
	if n := len(k.sum.Layers); n == 0 || k.sum.Layers[n-1] != name {
		k.sum.Layers = append(k.sum.Layers, name)
	}
}

// speaks tells whether the connection was recognised as a protocol of the table.
func (k *Conn) speaks(name string) bool { return k.protocol != nil && k.protocol.name == name }

// setClient decides which direction is the client's and lets waiting events go.
func (k *Conn) setClient(dir packet.Dir) {
	if !k.settled {
		k.tcp.SetClient(dir)
	}
	k.settle()
}

func (k *Conn) settle() {
	if k.settled {
		return
	}
	k.settled, k.client = true, k.tcp.ClientDir()
	if x := k.extra; x != nil {
		for i := range x.held {
			e := &x.held[i]
			e.From = k.side(packet.Dir(e.From))
			k.give(e)
		}
		k.a.waiting -= x.wait
		x.held, x.wait = nil, 0
	}
}

func (k *Conn) side(dir packet.Dir) event.Side { return event.FromDir(dir, k.Client()) }

// Client is the direction in which the client sends.
func (k *Conn) Client() packet.Dir {
	if k.settled {
		return k.client
	}
	return k.tcp.ClientDir()
}

// wants tells whether an event of this kind would be looked at.
func (k *Conn) wants(kind event.Kind) bool { return k.want>>kind&1 != 0 }

// borrows tells whether the sink is done with a frame or a message once it was
// given it. Events that wait for the client to be known are kept, by us.
func (k *Conn) borrows() bool { return k.a.opt.Want.Borrowed && k.settled }

// emit hands an event of a direction to the sink.
func (k *Conn) emit(dir packet.Dir, time int64, packets [2]uint64, d event.Detail) {
	k.emitIn(new(event.Event), dir, time, packets, d)
}

// emitIn is emit with the event in e, which may share an allocation with its detail.
func (k *Conn) emitIn(e *event.Event, dir packet.Dir, time int64, packets [2]uint64, d event.Detail) {
	e.Time, e.Conn, e.Stream, e.Packets, e.Detail = time, k.tcp.Number, 0, packets, d
	e.From = event.Side(dir)
	if !k.settled {
		k.await(e)
		return
	}
	e.From = k.side(dir)
	k.give(e)
}

// emitGap hands the event of n bytes that are not to be had to the sink.
func (k *Conn) emitGap(dir packet.Dir, n uint64, cause reassembly.Cause, at reassembly.At) {
	both := &gapEvent{gap: event.Gap{Offset: at.Offset, Length: n, Cause: cause.String()}}
	k.emitIn(&both.event, dir, at.Time, [2]uint64{at.Packet, at.Packet}, &both.gap)
}

// What an event that waits is charged beyond its bytes, and how much may wait of
// one connection. Holes without end would otherwise make events without end
// while the connection is not recognised: then the first side seen is the client.
const (
	waitCharge = 256
	maxWait    = 8 << 20
)

// await keeps an event until it is known who is client.
func (k *Conn) await(e *event.Event) {
	n := int64(waitCharge)
	if d, ok := e.Detail.(*event.Data); ok {
		n += int64(len(d.Bytes))
	}
	x := k.more()
	x.held = append(x.held, *e)
	x.wait += n
	k.a.waiting += n
	if x.wait > maxWait || k.a.waiting > k.a.opt.Limits.Held {
		k.settle()
	}
}

// report hands an event of the connection as a whole to the sink.
func (k *Conn) report(time int64, packets [2]uint64, d event.Detail) {
	k.give(&event.Event{Time: time, Conn: k.tcp.Number, From: event.NoSide, Packets: packets, Detail: d})
}

// lastOf returns where the last of n bytes comes from that Data was given at at.
func (k *Conn) lastOf(dir packet.Dir, at reassembly.At, n int) reassembly.At {
	in := k.in[dir]
	if in == nil || n == 0 {
		return at
	}
	return in.atByte(int(at.Offset-in.at.Offset) + n - 1)
}

// Switch hands the rest of both directions to another dissector.
func (k *Conn) Switch(d Dissector) {
	k.d = d
	k.wake = [2]bool{true, true}
}

// Wake presents the held bytes of a direction again: something in the other
// direction changed what they mean.
func (k *Conn) Wake(dir packet.Dir) { k.wake[dir] = true }

// Starts returns the offsets at which segments begin in bytes that Data was
// given at at. Borrowed until the next call.
func (k *Conn) Starts(dir packet.Dir, at reassembly.At) []int {
	out := k.a.starts[:0]
	if in := k.in[dir]; in == nil {
		if at.Offset == k.a.segment {
			out = append(out, 0)
		}
	} else {
		for _, s := range in.starts {
			if s >= at.Offset {
				out = append(out, int(s-at.Offset))
			}
		}
	}
	k.a.starts = out
	return out
}

// Data implements reassembly.Handler.
func (k *Conn) Data(dir packet.Dir, b []byte, at reassembly.At) {
	if k.wants(event.KindData) {
		k.emit(dir, at.Time, [2]uint64{at.Packet, at.Packet}, &event.Data{Offset: at.Offset, Bytes: append([]byte(nil), b...)})
	}
	k.a.segment = at.Offset
	if k.in[dir] == nil {
		n := 0
		for n < len(b) {
			d := k.d
			m := d.Data(k, dir, b[n:], advance(at, n))
			n += m
			if m == 0 && k.d == d {
				break
			}
		}
		if n < len(b) {
			k.hold(dir, b[n:], advance(at, n))
		}
	} else {
		k.hold(dir, b, at)
		k.pump(dir)
	}
	if k.a.inputs.held > k.a.opt.Limits.Held {
		k.giveUp(dir)
	}
	if k.wake[0] || k.wake[1] {
		k.rouse(dir.Reverse())
	}
}

func advance(at reassembly.At, n int) reassembly.At {
	at.Offset += uint64(n)
	return at
}

// pump presents the held bytes of a direction until nothing more is consumed.
func (k *Conn) pump(dir packet.Dir) {
	in := k.in[dir]
	if in == nil {
		return
	}
	n := 0
	for n < len(in.buf) {
		d := k.d
		m := d.Data(k, dir, in.buf[n:], in.atByte(n))
		n += m
		if m == 0 && k.d == d {
			break
		}
	}
	k.drop(dir, n)
}

// rouse serves the directions whose bytes became readable by what was read last.
func (k *Conn) rouse(first packet.Dir) {
	for i := 0; k.wake[0] || k.wake[1]; i++ {
		dir := first
		if i%2 == 1 {
			dir = first.Reverse()
		}
		if !k.wake[dir] {
			continue
		}
		k.wake[dir] = false
		k.pump(dir)
		if k.fin[dir] {
			k.d.Fin(k, dir, k.heldBytes(dir))
		}
	}
}

// Gap implements reassembly.Handler.
func (k *Conn) Gap(dir packet.Dir, n uint64, cause reassembly.Cause, at reassembly.At) {
	if cause == reassembly.Limit {
		k.a.totals.Bounded++
	}
	k.more().missing[dir][cause&3] += n
	if k.wants(event.KindGap) {
		k.emitGap(dir, n, cause, at)
	}
	if k.a.cut = 0; cause == reassembly.Snaplen {
		k.a.cut = n
	}
	if !k.d.Gap(k, dir, k.heldBytes(dir), n, at) {
		k.lost()
	}
	k.a.cut = 0
	k.drop(dir, len(k.heldBytes(dir)))
	if k.wake[0] || k.wake[1] {
		k.rouse(dir)
	}
}

// lost begins recognition anew behind a hole that the dissector did not survive.
func (k *Conn) lost() { k.Switch(newRecogniserAfter(k, k.d)) }

// skipped reports bytes that were captured but belong to no unit that could be read.
func (k *Conn) skipped(dir packet.Dir, n int, at reassembly.At) {
	if n > 0 && k.wants(event.KindGap) {
		k.emitGap(dir, uint64(n), reassembly.Midstream, at)
	}
}

// Fin implements reassembly.Handler.
func (k *Conn) Fin(dir packet.Dir, _ reassembly.At) {
	k.fin[dir] = true
	k.d.Fin(k, dir, k.heldBytes(dir))
	k.rouse(dir)
}

// End implements reassembly.Handler.
func (k *Conn) End(reason reassembly.Reason, by packet.Dir, at reassembly.At) {
	if reason == reassembly.EndEvicted {
		k.a.totals.Bounded++
	}
	k.end()
}

// end ends dissectors until one stays: a recogniser's last guess is a dissector
// that reads what was held, and is ended in turn.
func (k *Conn) end() {
	k.reset = k.tcp.State() == reassembly.Reset
	for {
		d := k.d
		d.End(k)
		k.rouse(k.Client())
		if k.d == d {
			break
		}
	}
	k.settle()
	k.ended = true
	k.a.recycle(k.d) // what it holds is not needed while the connection lingers
	k.d = nil
	for _, dir := range []packet.Dir{packet.LoToHi, packet.HiToLo} {
		k.drop(dir, len(k.heldBytes(dir)))
	}
}
