package query

import "github.com/sockeye-dev/sockeye/dissect/event"

// totalFields are the figures of a whole connection, on its own event only.
func totalFields() []*field {
	only := []event.Kind{event.KindConnection}
	count := func(name string, t Type, meaning, example string, of func(*event.Connection) uint64) *field {
		return &field{Field: Field{Name: name, Type: t, Applies: only, Meaning: meaning, Examples: []string{example}}, number: numberOf(of)}
	}
	messages := func(s event.Side) numberGet {
		return func(e *event.Event, _ *ConnInfo, _ int) (uint64, bool) {
			d, ok := e.Detail.(*event.Connection)
			if !ok || !d.HasMessages {
				return 0, false
			}
			return d.Messages[s], true
		}
	}
	return []*field{
		count("start", Time, "capture time of its first packet", "start > 2026-05-01T12:00:00Z", func(c *event.Connection) uint64 { return timeKey(c.Start) }),
		count("end", Time, "capture time of its last packet", "end < 2026-05-01T13:00:00Z", func(c *event.Connection) uint64 { return timeKey(c.End) }),
		count("duration", Duration, "from its first packet to its last", "duration > 60s", func(c *event.Connection) uint64 { return uint64(max(c.End-c.Start, 0)) }),
		count("packet_count", Number, "packets", "packet_count > 100", func(c *event.Connection) uint64 { return c.Packets }),
		count("client_bytes", Size, "stream bytes of the client", "client_bytes > 1M", func(c *event.Connection) uint64 { return c.Bytes[event.Client] }),
		count("server_bytes", Size, "stream bytes of the server", "server_bytes == 0", func(c *event.Connection) uint64 { return c.Bytes[event.Server] }),
		count("client_missing", Size, "bytes of the client that were not captured", "client_missing > 0", func(c *event.Connection) uint64 { return c.Missing[event.Client] }),
		count("server_missing", Size, "bytes of the server that were not captured", "server_missing > 0", func(c *event.Connection) uint64 { return c.Missing[event.Server] }),
		{
			Field:  Field{Name: "client_messages", Type: Number, Applies: only, Meaning: "WebSocket messages of the client", Examples: []string{"client_messages > 10"}},
			number: messages(event.Client),
		},
		{
			Field:  Field{Name: "server_messages", Type: Number, Applies: only, Meaning: "WebSocket messages of the server", Examples: []string{"server_messages == 0"}},
			number: messages(event.Server),
		},
		count("errors", Number, "findings that are errors", "errors > 0", func(c *event.Connection) uint64 { return c.Errors }),
		count("warnings", Number, "findings that are warnings", "warnings > 0", func(c *event.Connection) uint64 { return c.Warnings }),
	}
}
