package dissect_test

import (
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/pcaps/gen/ws"
	"github.com/sockeye-dev/sockeye/pcaps/truth"
)

// TestReset holds that a reset is told of the side that sent the RST, with its
// packet, also where the other side, or it itself, had sent FIN before.
func TestReset(t *testing.T) {
	c, s := forgedClient, forgedServer
	for _, x := range []struct {
		name string
		fin  int // who sends FIN before the RST; -1: nobody
		rst  int
		text string
	}{
		{"nobody closed", -1, s, "the server reset the connection; 0 bytes that it had sent were not acknowledged by the client"},
		{"the other side closed", c, s, "the server reset the connection; 0 bytes"},
		{"with unread data", c, c, "the client closed the connection and then reset it; 0 bytes"},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := truth.NewRecord()
			a := dissect.New(dissect.Options{Want: everything()}, r)
			f := &forger{now: 1_700_000_000e9, step: 1e6, give: func(p *capture.Packet) { a.Packet(p) }}
			k := f.upgrade(1, "")
			say := func() {
				k.say(s, []byte(frameOf(s, ws.Text, false, "news")))
			}
			say()
			k.ack(c)
			flags := func(side int, flags byte) {
				f.tcp(k.ends[side], k.ends[1-side], flags, uint32(k.next[side]), uint32(k.next[1-side]), nil, 0)
			}
			if x.fin >= 0 {
				flags(x.fin, packet.FIN|packet.ACK)
				k.next[x.fin]++
			}
			if x.fin == x.rst {
				say()
			}
			flags(x.rst, packet.RST|packet.ACK)
			at := f.p.Number
			flags(x.rst, packet.RST) // often there is more than one
			a.Close()
			var got []*truth.Said[*event.Finding]
			for i, g := range r.Conns[1].Findings {
				if g.D.Rule == "TCP-RESET" {
					got = append(got, &r.Conns[1].Findings[i])
				}
			}
			if len(got) != 1 {
				t.Fatalf("%d findings of a reset", len(got))
			}
			g := got[0]
			if int(g.From) != x.rst || g.Packets != [2]uint64{at, at} || !strings.HasPrefix(g.D.Text, x.text) || g.D.Severity != event.Info {
				t.Errorf("%v, packets %v: %s; want packet %d", g.From, g.Packets, g.D.Text, at)
			}
			if state := r.Conns[1].Connection.State; state != "reset" {
				t.Errorf("state %s", state)
			}
		})
	}
}
