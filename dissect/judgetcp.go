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
		k.find(dir, c.Last, [2]uint64{c.FirstPacket, c.LastPacket}, &event.Finding{
			Rule: rule, Severity: event.Info, Reference: reference, Text: fmt.Sprintf(format, args...),
		})
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
		switch by, closed := c.ClosedBy(); {
		case c.State() == reassembly.Reset && closed && by == dir:
			info(dir, "TCP-RESET", "RFC 9293 §3.5.2", "the %v reset the connection; %d bytes that it had sent were not acknowledged by the %v", side, unacked, side.Other())
		case c.State() == reassembly.Open && unacked > 0 && c.Retransmitted(dir) >= unacked && c.HasSeen(dir.Reverse()):
			info(dir, "TCP-HALF-OPEN", "RFC 9293 §3.8.3", "the %v retransmitted %d bytes that the %v never acknowledged", side, unacked, side.Other())
		}
	}
}

// missing returns how many bytes of a direction are in holes of that cause.
func (k *Conn) missing(dir packet.Dir, cause reassembly.Cause) uint64 {
	if k.extra == nil {
		return 0
	}
	return k.extra.missing[dir][cause]
}
