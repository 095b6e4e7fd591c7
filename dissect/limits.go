package dissect

import (
	"cmp"

	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// Limits bounds what the analyzer holds for one connection. Zero means the
// documented default; reaching a limit is said in an event and never breaks framing.
type Limits struct {
	// Message is how much payload is kept of one message, in bytes; the rest is
	// counted and checked, but not kept. Default 16 MiB.
	Message int64
	// Messages is how much payload is kept of all unfinished messages together, in
	// bytes. Default 256 MiB.
	Messages int64
	// Inflated is how far one message is decompressed, in bytes. Default 64 MiB.
	Inflated int64
	// HTTPHead is the largest head of a request or response. Default 256 KiB.
	HTTPHead int
	// Recognise is how many bytes of a direction are held to find out what a
	// connection speaks. Default 64 KiB.
	Recognise int
	// Midstream is how many bytes of a direction are looked through for WebSocket
	// frames where the beginning of the connection was not captured; frames may
	// be far apart. Default 4 MiB.
	Midstream int
	// EarlyData is how many bytes of the client are held that follow an upgrade
	// request and precede its answer. Default 256 KiB.
	EarlyData int
	// Held is how many bytes are held of all connections together that wait for
	// the rest of a unit: the bounds above are of one direction each. Beyond it,
	// those of who holds more than 4 KiB are given up. As much again may be held of
	// events that wait until it is known who is client; beyond it, or 8 MiB of one
	// connection, the first side seen is taken for it. Default 256 MiB.
	Held int64
	// Reassembly and Packet bound the floors below.
	Reassembly reassembly.Limits
	Packet     packet.Limits
}

// Defaults of Limits.
const (
	DefaultMessage   = 16 << 20
	DefaultMessages  = 256 << 20
	DefaultInflated  = 64 << 20
	DefaultHTTPHead  = 256 << 10
	DefaultRecognise = 64 << 10
	DefaultMidstream = 4 << 20
	DefaultEarlyData = 256 << 10
	DefaultHeld      = 256 << 20
)

func (l Limits) withDefaults() Limits {
	l.Message = cmp.Or(l.Message, DefaultMessage)
	l.Messages = cmp.Or(l.Messages, DefaultMessages)
	l.Inflated = cmp.Or(l.Inflated, DefaultInflated)
	l.HTTPHead = cmp.Or(l.HTTPHead, DefaultHTTPHead)
	l.Recognise = cmp.Or(l.Recognise, DefaultRecognise)
	l.Midstream = cmp.Or(l.Midstream, DefaultMidstream)
	l.EarlyData = cmp.Or(l.EarlyData, DefaultEarlyData)
	l.Held = cmp.Or(l.Held, DefaultHeld)
	return l
}
