package query

import (
	"net/netip"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// guesses are the names that raw streams are given.
func guesses() []string {
	return []string{
		"amqp", "bittorrent", "cassandra", "dns", "ftp", "http2", "imap", "irc", "json-lines", "kafka", "ldap", "memcached", "mongodb",
		"mqtt", "mysql", "nats", "pop3", "postgres", "rdp", "redis", "rsync", "rtsp", "sip", "smb", "smtp", "socks4", "socks5", "ssh",
		"stomp", "telnet", "text-lines", "vnc", "xmpp", "zookeeper",
	}
}

// connectionFields are what is known of a connection, for all events on it.
func connectionFields() []*field {
	f := []*field{
		sideEndpoint("client", event.Client, "address and port of the client", "client == 10.0.0.7", "client == 10.0.0.7:50122"),
		sideEndpoint("server", event.Server, "address and port of the server", "server == [2001:db8::1]:443", "server in {10.1.0.0/16, 10.2.0.1:8080}"),
	}
	f = append(f, addressFields()...)
	return append(f, []*field{
		connName("protocol", "what the connection speaks", []string{"raw", "http", "tls", "websocket"},
			func(c *event.Connection) string { return c.Protocol }, func(c *ConnInfo) string { return c.Protocol },
			"protocol == websocket"),
		{
			Field: Field{Name: "layers", Type: Text, Applies: allKinds, Meaning: "each layer over TCP, outermost first", Examples: []string{"layers == tls", `layers contains "http/"`}},
			multi: true,
			text: func(e *event.Event, c *ConnInfo, i int) (string, bool) {
				if d, ok := e.Detail.(*event.Connection); ok {
					return item(d.Layers, i)
				}
				if c == nil {
					return "", false
				}
				return item(c.Layers, i)
			},
		},
		connName("guess", "what a raw stream looks like", guesses(),
			func(c *event.Connection) string { return c.Guess }, func(c *ConnInfo) string { return c.Guess },
			"guess == redis"),
		connName("state", "how the connection stands at its end, or now", []string{"open", "half-open", "closed", "reset"},
			func(c *event.Connection) string { return c.State }, func(c *ConnInfo) string { return c.State },
			"state == reset", "state in {open, half-open}"),
		{
			Field:  Field{Name: "closed_by", Type: Name, Applies: allKinds, Meaning: "who sent the first FIN or RST", Values: sides(), Examples: []string{"closed_by == server"}},
			number: closedBy,
		},
		{
			Field: Field{Name: "midstream", Type: Flag, Applies: allKinds, Meaning: "the connection began before the capture", Examples: []string{"midstream"}},
			number: func(e *event.Event, c *ConnInfo, _ int) (uint64, bool) {
				if d, ok := e.Detail.(*event.Connection); ok {
					return bit(d.Midstream), true
				}
				return bit(c != nil && c.Midstream), c != nil
			},
		},
		{
			Field: Field{Name: "host", Type: Text, Applies: allKinds, Meaning: "Host of the request", Examples: []string{"host == example.com", `host matches "\.example\.com$"`}, Aliases: []string{"http.host"}},
			text: handshakeText(func(h *event.Handshake) string { return h.Host },
				func(c *event.Connection) string { return c.Host }, func(c *ConnInfo) string { return c.Host }),
		},
		{
			Field: Field{Name: "path", Type: Text, Applies: allKinds, Meaning: "target of the request, as it was sent", Examples: []string{"path == /chat", `path contains "token="`}},
			text: handshakeText(func(h *event.Handshake) string { return h.Target },
				func(c *event.Connection) string { return c.Path }, func(c *ConnInfo) string { return c.Path }),
		},
		{
			Field:  Field{Name: "status", Type: Number, Applies: allKinds, Meaning: "HTTP status of the answer", Examples: []string{"status == 101", "status >= 400"}, Aliases: []string{"http.response.code"}},
			number: status,
		},
		{
			Field: Field{Name: "subprotocol", Type: Text, Applies: allKinds, Meaning: "subprotocol that the server chose", Examples: []string{"subprotocol == graphql-transport-ws"}},
			text: handshakeText(func(h *event.Handshake) string { return h.Subprotocol },
				func(c *event.Connection) string { return c.Subprotocol }, func(c *ConnInfo) string { return c.Subprotocol }),
		},
		{
			Field: Field{Name: "sni", Type: Text, Applies: allKinds, Meaning: "server name in the TLS ClientHello", Examples: []string{"sni == api.example.com"}, Aliases: []string{"tls.handshake.extensions_server_name"}},
			text:  connText(func(c *event.Connection) string { return c.SNI }, func(c *ConnInfo) string { return c.SNI }),
		},
		{
			Field: Field{Name: "alpn", Type: Text, Applies: allKinds, Meaning: "application protocol over TLS", Examples: []string{"alpn == h2"}, Aliases: []string{"tls.handshake.extensions_alpn_str"}},
			text:  connText(func(c *event.Connection) string { return c.ALPN }, func(c *ConnInfo) string { return c.ALPN }),
		},
		{
			Field: Field{Name: "rtt", Type: Duration, Applies: allKinds, Meaning: "round trip of the TCP handshake", Examples: []string{"rtt > 50ms"}, Aliases: []string{"rtt_ms", "tcp.analysis.initial_rtt"}},
			number: func(e *event.Event, c *ConnInfo, _ int) (uint64, bool) {
				var ns int64
				if d, ok := e.Detail.(*event.Connection); ok {
					ns = d.RTT
				} else if c != nil {
					ns = c.RTT
				}
				return uint64(max(ns, 0)), ns > 0
			},
		},
	}...)
}

// handshakeText is connText of what a handshake tells itself.
func handshakeText(of func(*event.Handshake) string, own func(*event.Connection) string, known func(*ConnInfo) string) textGet {
	conn := connText(own, known)
	return func(e *event.Event, c *ConnInfo, i int) (string, bool) {
		if h, ok := e.Detail.(*event.Handshake); ok {
			if s := of(h); s != "" {
				return s, true
			}
		}
		return conn(e, c, i)
	}
}

func connName(name, meaning string, values []string, own func(*event.Connection) string, known func(*ConnInfo) string, examples ...string) *field {
	return &field{
		Field: Field{Name: name, Type: Text, Applies: allKinds, Meaning: meaning, Values: values, Examples: examples},
		text:  connText(own, known), checked: true,
	}
}

func closedBy(e *event.Event, c *ConnInfo, _ int) (uint64, bool) {
	if d, ok := e.Detail.(*event.Connection); ok {
		return sideNumber(d.ClosedBy)
	}
	if c == nil || c.State == "" || c.State == "open" {
		return 0, false
	}
	return sideNumber(c.ClosedBy)
}

func status(e *event.Event, c *ConnInfo, _ int) (uint64, bool) {
	code := 0
	switch d := e.Detail.(type) {
	case *event.Connection:
		code = d.Status
	case *event.Handshake:
		code = d.Status
	default:
		if c != nil {
			code = c.Status
		}
	}
	return uint64(max(code, 0)), code > 0
}

func sideEndpoint(name string, side event.Side, meaning string, examples ...string) *field {
	return &field{
		Field: Field{Name: name, Type: Endpoint, Applies: allKinds, Meaning: meaning, Examples: examples},
		address: func(e *event.Event, c *ConnInfo, _ int) (netip.AddrPort, bool) {
			a := endpoint(e, c, side)
			return a, a.IsValid()
		},
	}
}

// Which ends of a connection a field is about, as seen from an event.
type ends func(e *event.Event, i int) (event.Side, bool)

func bothEnds(_ *event.Event, i int) (event.Side, bool) { return event.Side(i), i < 2 }
func source(e *event.Event, i int) (event.Side, bool)   { return e.From, i == 0 && e.From < event.NoSide }
func destination(e *event.Event, i int) (event.Side, bool) {
	return e.From ^ 1, i == 0 && e.From < event.NoSide
}

func addressFields() []*field {
	address := func(name, meaning, example string, of ends, aliases ...string) *field {
		return &field{
			Field: Field{Name: name, Type: Address, Applies: allKinds, Meaning: meaning, Examples: []string{example}, Aliases: aliases},
			multi: true,
			address: func(e *event.Event, c *ConnInfo, i int) (netip.AddrPort, bool) {
				side, ok := of(e, i)
				if !ok {
					return netip.AddrPort{}, false
				}
				a := endpoint(e, c, side)
				return a, a.IsValid()
			},
		}
	}
	port := func(name, meaning, example string, of ends, aliases ...string) *field {
		return &field{
			Field: Field{Name: name, Type: Number, Applies: allKinds, Meaning: meaning, Examples: []string{example}, Aliases: aliases},
			multi: true, cost: costAddress,
			number: func(e *event.Event, c *ConnInfo, i int) (uint64, bool) {
				side, ok := of(e, i)
				if !ok {
					return 0, false
				}
				return endpointPort(e, c, side)
			},
		}
	}
	return []*field{
		address("ip.addr", "either end's address", "ip.addr == 10.0.0.0/8", bothEnds, "ip", "ipv6.addr"),
		address("ip.src", "address of who sent it", "ip.src == 10.0.0.7", source, "ipv6.src"),
		address("ip.dst", "address of who received it", "ip.dst in {10.0.0.7, 2001:db8::/32}", destination, "ipv6.dst"),
		port("port", "either end's port", "port == 8080", bothEnds, "tcp.port"),
		port("port.src", "port of who sent it", "port.src == 443", source, "tcp.srcport"),
		port("port.dst", "port of who received it", "port.dst in {80, 443, 8000..8999}", destination, "tcp.dstport"),
	}
}
