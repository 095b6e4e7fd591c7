package query

import (
	"unicode/utf8"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// payloadFields look at what was said. Of a message that was kept in part, the
// part is looked at; bytes that were not captured are zero.
func payloadFields() []*field {
	message := []event.Kind{event.KindMessage}
	stream := []event.Kind{event.KindMessage, event.KindData}
	return []*field{
		{
			Field: Field{Name: "text", Type: Text, Applies: []event.Kind{event.KindMessage, event.KindData, event.KindFinding}, Meaning: "payload that is text; of a finding, its sentence",
				Examples: []string{"text contains error", `text matches "(?i)user-\d+"`}, Aliases: []string{"websocket.payload.text", "websocket.payload.text_unmask"}},
			text: text, cost: costPayload, needs: event.PayloadFull,
		},
		{
			Field: Field{Name: "data", Type: Bytes, Applies: stream, Meaning: "payload that is not text", Examples: []string{"data contains 0x8188"}, Aliases: []string{"websocket.payload.binary"}},
			text:  binary, cost: costPayload, needs: event.PayloadFull,
		},
		{
			Field: Field{Name: "payload", Type: Bytes, Applies: stream, Meaning: "payload, text or not", Examples: []string{"payload contains hello", "payload contains 0xdeadbeef"}, Aliases: []string{"websocket.payload"}},
			text:  payload, cost: costPayload, needs: event.PayloadFull,
		},
		{
			Field: Field{Name: "json.PATH", Type: JSON, Applies: message, Meaning: "value in a payload that is JSON, by keys and indexes; alone: it is there",
				Examples: []string{`json.user.name == "x"`, "json.items[0].price >= 10", `json[0] == "chat"`, `json."odd key" == null`}},
			cost: costJSON, needs: event.PayloadFull,
		},
		{
			Field: Field{Name: "close", Type: Flag, Applies: message, Meaning: "it is a close whose body is known", Examples: []string{"close and not close.code"}},
			needs: event.PayloadPreview,
			number: func(e *event.Event, _ *ConnInfo, _ int) (uint64, bool) {
				m, ok := e.Detail.(*event.Message)
				return bit(ok && knownClose(m)), ok
			},
		},
		{
			Field: Field{Name: "close.code", Type: Number, Applies: message, Meaning: "status code of a close", Examples: []string{"close.code in {1006, 1011}", "close.code != 1000"},
				Aliases: []string{"websocket.payload.close.status_code"}},
			needs: event.PayloadPreview,
			number: func(e *event.Event, _ *ConnInfo, _ int) (uint64, bool) {
				m, ok := e.Detail.(*event.Message)
				if !ok || !knownClose(m) {
					return 0, false
				}
				code, _, ok := m.CloseCode()
				return uint64(code), ok
			},
		},
		{
			Field: Field{Name: "close.reason", Type: Text, Applies: message, Meaning: "reason of a close", Examples: []string{"close.reason contains timeout"},
				Aliases: []string{"websocket.payload.close.reason"}},
			needs: event.PayloadPreview,
			text: func(e *event.Event, _ *ConnInfo, _ int) (string, bool) {
				m, ok := e.Detail.(*event.Message)
				if !ok || !knownClose(m) {
					return "", false
				}
				_, reason, ok := m.CloseCode()
				if !ok || len(reason) == 0 || !utf8.Valid(reason) {
					return "", false
				}
				return view(reason), true
			},
		},
		{
			Field: Field{Name: "reason", Type: Text, Applies: []event.Kind{event.KindHandshake}, Meaning: "words after the status", Examples: []string{`reason == "Bad Gateway"`}, Aliases: []string{"http.response.phrase"}},
			text:  textOf(func(h *event.Handshake) string { return h.Reason }),
		},
		{
			Field: Field{Name: "undecoded", Type: Text, Applies: message, Meaning: "why it could not be decompressed", Examples: []string{"undecoded"}},
			text:  textOf(func(m *event.Message) string { return m.Undecoded }),
		},
		{
			Field: Field{Name: "subprotocol_type", Type: Text, Applies: message, Meaning: "what the payload is in its subprotocol", Examples: []string{`subprotocol_type == "socket.io:event"`}},
			text:  textOf(func(m *event.Message) string { return m.Type }),
		},
	}
}

// knownClose reports whether m is a close whose whole body is there.
func knownClose(m *event.Message) bool {
	return m.Opcode == opClose && m.Missing == 0 && m.Undecoded == "" && uint64(len(m.Payload)) >= m.Length
}

func text(e *event.Event, _ *ConnInfo, _ int) (string, bool) {
	switch d := e.Detail.(type) {
	case *event.Message:
		return view(d.Payload), isText(d)
	case *event.Finding:
		return d.Text, d.Text != ""
	case *event.Data:
		return view(d.Bytes), utf8.Valid(d.Bytes)
	}
	return "", false
}

func binary(e *event.Event, _ *ConnInfo, _ int) (string, bool) {
	switch d := e.Detail.(type) {
	case *event.Message:
		return view(d.Payload), !isText(d) && !(d.Opcode == opClose && d.Length == 0)
	case *event.Data:
		return view(d.Bytes), !utf8.Valid(d.Bytes)
	}
	return "", false
}

func payload(e *event.Event, _ *ConnInfo, _ int) (string, bool) {
	switch d := e.Detail.(type) {
	case *event.Message:
		return view(d.Payload), true
	case *event.Data:
		return view(d.Bytes), true
	}
	return "", false
}

// findingFields are those of findings alone; of a connection, the rules that its
// findings name.
func findingFields() []*field {
	only := []event.Kind{event.KindFinding}
	text := func(name, meaning, example string, of func(*event.Finding) string) *field {
		return &field{Field: Field{Name: name, Type: Text, Applies: only, Meaning: meaning, Examples: []string{example}}, text: textOf(of)}
	}
	return []*field{
		{
			Field: Field{Name: "finding", Type: Text, Applies: []event.Kind{event.KindConnection, event.KindFinding}, Meaning: "rule that is broken; of a connection, each that a finding of it names", Values: ruleIDs(),
				Examples: []string{"finding == WS-MASK", `finding matches "^HS-"`}, Aliases: []string{"rule"}},
			multi: true, checked: true, upper: true,
			text: func(e *event.Event, c *ConnInfo, i int) (string, bool) {
				switch d := e.Detail.(type) {
				case *event.Finding:
					return d.Rule, i == 0 && d.Rule != ""
				case *event.Connection:
					if c != nil {
						return item(c.Rules, i)
					}
				}
				return "", false
			},
		},
		{
			Field:  Field{Name: "severity", Type: Name, Applies: only, Meaning: "severity of a finding", Values: []string{"info", "warning", "error"}, Examples: []string{"severity >= warning"}},
			number: numberOf(func(f *event.Finding) uint64 { return uint64(f.Severity) }), ordered: true,
		},
		text("reference", "where the rule comes from", `reference contains "RFC 7692"`, func(f *event.Finding) string { return f.Reference }),
		text("evidence", "what was seen", "evidence contains 0x80", func(f *event.Finding) string { return f.Evidence }),
		text("advice", "what to do about it", "advice contains proxy", func(f *event.Finding) string { return f.Advice }),
	}
}

func ruleIDs() []string {
	return []string{
		"HS-METHOD", "HS-HOST", "HS-UPGRADE", "HS-CONNECTION", "HS-SYNTAX", "HS-KEY", "HS-VERSION", "HS-ACCEPT", "HS-SUBPROTOCOL", "HS-EXTENSION", "HS-STATUS", "HS-EARLY-DATA",
		"WS-MASK", "WS-MASK-KEY", "WS-RSV", "WS-OPCODE", "WS-LENGTH", "WS-CONTROL", "WS-FRAGMENT", "WS-UTF8", "WS-CLOSE", "WS-AFTER-CLOSE", "WS-NO-CLOSE", "WS-PONG",
		"PMD-INFLATE", "PMD-PARAM",
		"TCP-OVERLAP", "TCP-RESET", "TCP-HALF-OPEN",
		"CAP-LOST", "CAP-SNAPLEN", "CAP-ONE-WAY", "CAP-MIDSTREAM", "CAP-DROPPED",
	}
}
