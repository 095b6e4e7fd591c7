package dissect

import (
	"fmt"

	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// judgeTCP says how a WebSocket connection's transport ended badly, and what the
// capture cannot show of it. Other connections have their figures in conns.
func (k *Conn) judgeTCP() {
	if !k.speaks("websocket") {
		return
	}
	c := k.tcp
	client := k.Client()
	info := func(dir packet.Dir, rule, reference, format string, args ...any) {
		f := event.Finding{Rule: rule, Severity: event.Info, Reference: reference}
		if k.tells() {
			f.Text = fmt.Sprintf(format, args...)
		}
		k.find(dir, c.Last, [2]uint64{c.FirstPacket, c.LastPacket}, f)
	}
	if c.Midstream {
		info(client, "CAP-MIDSTREAM", "", "the capture began in the middle of the connection: its handshake and what was agreed in it are not known")
	}
	for _, dir := range []packet.Dir{client, client.Reverse()} {
		side := k.side(dir)
		if n := k.missing(dir, reassembly.Lost); n > 0 {
			info(dir, "CAP-LOST", "", "%d bytes of the %v are not in the capture, though the %v acknowledged them or went on without them", n, side, side.Other())
		}
		if n := k.missing(dir, reassembly.Snaplen); n > 0 {
			info(dir, "CAP-SNAPLEN", "", "%d bytes of the %v were cut off by the snap length", n, side)
		}
		if !c.HasSeen(dir) {
			info(dir, "CAP-ONE-WAY", "", "no packet of the %v is in the capture", side)
		}
		unacked := c.Bytes(dir) + c.Missing(dir)
		unacked -= min(unacked, c.AckedBytes(dir))
		switch by, reset := c.ResetBy(); {
		case reset && by == dir:
			k.judgeReset(dir, unacked)
		case c.State() == reassembly.Open && unacked > 0 && c.Retransmitted(dir) >= unacked && c.HasSeen(dir.Reverse()):
			info(dir, "TCP-HALF-OPEN", "RFC 9293 §3.8.3", "the %v retransmitted %d bytes that the %v never acknowledged", side, unacked, side.Other())
		}
	}
}

// judgeReset says who reset the connection. One that had sent FIN had closed its
// socket already: then data came that nobody would read any more.
func (k *Conn) judgeReset(dir packet.Dir, unacked uint64) {
	c, side := k.tcp, k.side(dir)
	f := event.Finding{Rule: "TCP-RESET", Severity: event.Info, Reference: "RFC 9293 §3.5.2"}
	if k.tells() {
		did := "reset the connection"
		if c.HasFIN(dir) {
			did = "closed the connection and then reset it"
		}
		f.Text = fmt.Sprintf("the %v %s; %d bytes that it had sent were not acknowledged by the %v", side, did, unacked, side.Other())
	}
	k.find(dir, c.Last, [2]uint64{c.ResetPacket(), c.ResetPacket()}, f)
}

// missing returns how many bytes of a direction are in holes of that cause.
func (k *Conn) missing(dir packet.Dir, cause reassembly.Cause) uint64 {
	if k.extra == nil {
		return 0
	}
	return k.extra.missing[dir][cause]
}
