package dissect

import (
	"fmt"
	"slices"

	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// Overlap implements reassembly.Handler.
func (k *Conn) Overlap(dir packet.Dir, o *reassembly.Overlap) {
	f := event.Finding{Rule: "TCP-OVERLAP", Severity: event.Warning, Reference: "RFC 9293 §3.4"}
	if k.tells() {
		first := "an earlier packet"
		if o.FirstPacket != 0 {
			first = fmt.Sprintf("packet %d", o.FirstPacket)
		}
		f.Text = fmt.Sprintf("packet %d carries other bytes at stream offset %d than %s; the first copy is kept", o.Packet, o.Offset, first)
		f.Evidence = fmt.Sprintf("first % x, then % x", o.First, o.Second)
	}
	k.find(dir, o.Time, [2]uint64{o.FirstPacket, o.Packet}, f)
}

// tells says whether findings are looked at. Where they are only counted, they
// need neither text nor evidence, which cost more than finding them.
func (k *Conn) tells() bool { return k.wants(event.KindFinding) }

// find counts a finding, and reports it where findings are looked at.
func (k *Conn) find(dir packet.Dir, time int64, packets [2]uint64, f event.Finding) {
	k.a.totals.Findings++
	add(&k.a.totals.ByRule, f.Rule)
	switch f.Severity {
	case event.Error:
		k.a.totals.Errors++
	case event.Warning:
		k.a.totals.Warnings++
	}
	if k.sum != nil {
		k.note(f.Rule, f.Severity)
	}
	if k.tells() {
		told := f
		k.emit(dir, time, packets, &told)
	}
}

// note adds a finding to what is known of the connection.
func (k *Conn) note(rule string, severity event.Severity) {
	if x := k.more(); !slices.Contains(x.rules, rule) {
		x.rules = append(x.rules, rule)
	}
	switch severity {
	case event.Error:
		k.sum.Errors++
	case event.Warning:
		k.sum.Warnings++
	}
}

// Forget implements reassembly.Handler: the connection's figures are final.
func (k *Conn) Forget() {
	if !k.ended {
		k.end()
	}
	k.d = nil
	k.judgeTCP()
	k.a.counted.connection(&k.a.totals, k)
	if k.heard(); k.sum != nil {
		k.describe()
	}
	*k = Conn{} // whoever takes its slot next finds nothing
}

// describe completes what is known of the connection and hands it on.
func (k *Conn) describe() {
	c, s := k.tcp, k.sum
	client := k.Client()
	s.Start, s.End = c.Start, c.Last
	if k.wants(event.KindConnection) {
		s.Client = c.Flow.Source(client).String()
		s.Server = c.Flow.Source(client.Reverse()).String()
	}
	s.Protocol = "raw"
	if k.protocol != nil {
		s.Protocol = k.protocol.name
	}
	if len(s.Layers) == 0 {
		s.Layers = []string{"raw"}
	}
	s.State = c.State().String()
	s.ClosedBy = k.ClosedBy()
	s.Midstream = c.Midstream
	s.Packets = c.Packets
	for _, dir := range []packet.Dir{client, client.Reverse()} {
		side := k.side(dir)
		s.Bytes[side] = c.Bytes(dir)
		s.Missing[side] = c.Missing(dir)
	}
	s.HasMessages = s.Protocol == "websocket"
	s.RTT = c.RTT
	if f := k.a.opt.Forgotten; f != nil {
		f(k)
	}
	if k.wants(event.KindConnection) {
		k.give(&event.Event{Time: c.Last, Conn: c.Number, From: event.NoSide, Packets: [2]uint64{c.FirstPacket, c.LastPacket}, Detail: s})
	}
}
