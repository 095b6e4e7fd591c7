package query

import (
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// sides in the order of event.Side.
func sides() []string { return []string{"client", "server"} }

func sideNumber(s event.Side) (uint64, bool) { return uint64(s), s < event.NoSide }

// sharedFields are those of every kind of event.
func sharedFields() []*field {
	return []*field{
		{
			Field: Field{Name: "kind", Type: Name, Applies: allKinds, Meaning: "kind of event",
				Values:   []string{"connection", "handshake", "frame", "message", "data", "gap", "finding"},
				Examples: []string{"kind == message", "kind in {handshake, finding}"}},
			number: func(e *event.Event, _ *ConnInfo, _ int) (uint64, bool) { return uint64(e.Detail.Kind()), true },
		},
		{
			Field: Field{Name: "time", Type: Time, Applies: allKinds, Meaning: "capture time of the packet that completed it",
				Examples: []string{"time >= 2026-05-01T12:00:00Z and time < 2026-05-01T12:05:00Z"}, Aliases: []string{"frame.time"}},
			number: func(e *event.Event, _ *ConnInfo, _ int) (uint64, bool) { return timeKey(e.Time), true },
		},
		{
			Field: Field{Name: "conn", Type: Number, Applies: allKinds, Meaning: "connection, from 1 in order of first packet",
				Examples: []string{"conn == 3", "conn in {1, 5..9}"}},
			number: func(e *event.Event, _ *ConnInfo, _ int) (uint64, bool) { return e.Conn, true },
		},
		{
			Field: Field{Name: "tcp.stream", Type: Number, Applies: allKinds, Meaning: "connection as Wireshark counts them, from 0: conn - 1",
				Examples: []string{"tcp.stream == 0"}},
			number: func(e *event.Event, _ *ConnInfo, _ int) (uint64, bool) { return e.Conn - 1, e.Conn > 0 },
		},
		{
			Field: Field{Name: "stream", Type: Number, Applies: allKinds, Meaning: "HTTP/2 stream, where the WebSocket runs in one",
				Examples: []string{"stream == 5"}, Aliases: []string{"http2.streamid"}},
			number: func(e *event.Event, _ *ConnInfo, _ int) (uint64, bool) { return uint64(e.Stream), e.Stream != 0 },
		},
		{
			Field: Field{Name: "from", Type: Name, Applies: allKinds, Meaning: "who sent it; of a finding, who is at fault",
				Values: sides(), Examples: []string{"from == client"}},
			number: func(e *event.Event, _ *ConnInfo, _ int) (uint64, bool) { return sideNumber(e.From) },
		},
		{
			Field: Field{Name: "packets", Type: Number, Applies: allKinds, Meaning: "number of the first and of the last packet that carried it",
				Examples: []string{"packets == 1207", "packets in {1000..2000}"}, Aliases: []string{"packet", "frame.number"}},
			multi: true,
			number: func(e *event.Event, _ *ConnInfo, i int) (uint64, bool) {
				if i >= len(e.Packets) || e.Packets[0] == 0 {
					return 0, false
				}
				return e.Packets[i], true
			},
		},
		layerFlag("websocket", "it is WebSocket: a handshake, frame or message, or on such a connection", isWebSocket),
		layerFlag("http", "on a connection that speaks HTTP, WebSocket included", func(layer string) bool { return strings.HasPrefix(layer, "http") }),
		layerFlag("tls", "on a connection that speaks TLS", func(layer string) bool { return layer == "tls" }, "ssl"),
		layerFlag("raw", "on a connection that speaks nothing recognised", func(layer string) bool { return layer == "raw" }),
		layerFlag("tcp", "always: everything here runs over TCP", nil),
	}
}

func isWebSocket(layer string) bool { return layer == "websocket" }

// layerFlag is a protocol's name, as a test of its own as in Wireshark. Its
// protocol or one of its layers is what is looked for.
func layerFlag(name, meaning string, is func(string) bool, aliases ...string) *field {
	get := func(e *event.Event, c *ConnInfo, _ int) (uint64, bool) {
		var protocol string
		var layers []string
		switch d := e.Detail.(type) {
		case *event.Connection:
			protocol, layers = d.Protocol, d.Layers
		case *event.Handshake, *event.Frame, *event.Message:
			if name == "websocket" {
				return 1, true
			}
		}
		if c != nil && e.Detail.Kind() != event.KindConnection {
			protocol, layers = c.Protocol, c.Layers
		}
		if is(protocol) {
			return 1, true
		}
		for _, l := range layers {
			if is(l) {
				return 1, true
			}
		}
		return 0, true
	}
	if is == nil {
		get = func(*event.Event, *ConnInfo, int) (uint64, bool) { return 1, true }
	}
	return &field{Field: Field{Name: name, Type: Flag, Applies: allKinds, Meaning: meaning, Examples: []string{name}, Aliases: aliases}, number: get, cost: costText}
}
