package query

import (
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// handshakeFields are those of a WebSocket opening handshake alone; host, path,
// status and subprotocol are among the connection's.
func handshakeFields() []*field {
	only := []event.Kind{event.KindHandshake}
	text := func(name, meaning, example string, of func(*event.Handshake) string, aliases ...string) *field {
		return &field{Field: Field{Name: name, Type: Text, Applies: only, Meaning: meaning, Examples: []string{example}, Aliases: aliases}, text: textOf(of)}
	}
	headers := func(name, meaning, example string, of func(*event.Handshake) []event.Header) *field {
		return &field{
			Field: Field{Name: name, Type: Text, Applies: only, Meaning: meaning, Examples: []string{example}},
			multi: true, cost: costHeaders,
			text: func(e *event.Event, _ *ConnInfo, i int) (string, bool) {
				h, ok := e.Detail.(*event.Handshake)
				if !ok {
					return "", false
				}
				header, ok := item(of(h), i)
				return header.Value, ok
			},
		}
	}
	return []*field{
		text("method", "method of the request", "method != GET", func(h *event.Handshake) string { return h.Method }, "http.request.method"),
		text("target", "target of the request", `target matches "^/v[12]/"`, func(h *event.Handshake) string { return h.Target }, "http.request.uri"),
		text("http_version", "HTTP version of the request", "http_version == 1.0", func(h *event.Handshake) string { return h.HTTPVersion }, "http.request.version"),
		headers("request_headers", "values of the request's header fields", "request_headers contains Bearer", func(h *event.Handshake) []event.Header { return h.RequestHeaders }),
		headers("response_headers", "values of the response's header fields", "response_headers contains nginx", func(h *event.Handshake) []event.Header { return h.ResponseHeaders }),
		{
			Field: Field{Name: "header.NAME", Type: Text, Applies: only, Meaning: "values of the header field NAME, in request and response, in any letter case",
				Examples: []string{"header.user-agent contains Firefox", "not header.origin"}, Aliases: headerAliases()},
			multi: true, cost: costHeaders,
			text: func(*event.Event, *ConnInfo, int) (string, bool) { return "", false }, // see headerField
		},
		{
			Field:  Field{Name: "accepted", Type: Flag, Applies: only, Meaning: "the server accepted", Examples: []string{"accepted", "not accepted and kind == handshake"}},
			number: flagOf(func(h *event.Handshake) bool { return h.Accepted }),
		},
		text("key", "Sec-WebSocket-Key", `key == "dGhlIHNhbXBsZSBub25jZQ=="`, func(h *event.Handshake) string { return h.Key }, "http.sec_websocket_key"),
		text("accept", "Sec-WebSocket-Accept", `accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="`, func(h *event.Handshake) string { return h.Accept }, "http.sec_websocket_accept"),
		text("accept_expected", "what Sec-WebSocket-Accept should be", `accept_expected == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="`, func(h *event.Handshake) string { return h.AcceptExpected }),
		text("version", "Sec-WebSocket-Version", "version != 13", func(h *event.Handshake) string { return h.Version }, "http.sec_websocket_version"),
		text("origin", "Origin", `origin contains "localhost"`, func(h *event.Handshake) string { return h.Origin }),
		{
			Field: Field{Name: "subprotocols_offered", Type: Text, Applies: only, Meaning: "each subprotocol that the client offered", Examples: []string{"subprotocols_offered == mqtt"}},
			multi: true,
			text: func(e *event.Event, _ *ConnInfo, i int) (string, bool) {
				if h, ok := e.Detail.(*event.Handshake); ok {
					return item(h.SubprotocolsOffered, i)
				}
				return "", false
			},
		},
		text("extensions_offered", "extensions that the client offered", "extensions_offered contains permessage-deflate", func(h *event.Handshake) string { return h.ExtensionsOffered }),
		text("extensions", "extensions that the server chose", "extensions contains permessage-deflate", func(h *event.Handshake) string { return h.Extensions }),
	}
}

const headerPrefix = "header."

// headerAliases are Wireshark's names of header fields.
func headerAliases() []string {
	return []string{
		"http.accept_language", "http.authorization", "http.connection", "http.cookie", "http.location", "http.referer",
		"http.sec_websocket_extensions", "http.sec_websocket_protocol", "http.server", "http.set_cookie", "http.upgrade",
		"http.user_agent", "http.www_authenticate", "http.x_forwarded_for",
	}
}

// headerAlias is the field's own name for one of headerAliases: header.user-agent.
func headerAlias(alias string) string {
	return headerPrefix + strings.ReplaceAll(strings.TrimPrefix(alias, "http."), "_", "-")
}

// headerField makes the field of one header from the table's row for all of them.
func headerField(row *field, name string) *field {
	f := *row
	f.Name = headerPrefix + name
	f.text = func(e *event.Event, _ *ConnInfo, i int) (string, bool) {
		h, ok := e.Detail.(*event.Handshake)
		if !ok {
			return "", false
		}
		for _, headers := range [...][]event.Header{h.RequestHeaders, h.ResponseHeaders} {
			for k := range headers {
				if strings.EqualFold(headers[k].Name, name) {
					if i == 0 {
						return headers[k].Value, true
					}
					i--
				}
			}
		}
		return "", false
	}
	return &f
}
