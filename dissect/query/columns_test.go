package query

import (
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

var columnInfo = &ConnInfo{
	Client: netip.MustParseAddrPort("10.0.0.1:5000"), Server: netip.MustParseAddrPort("[2001:db8::1]:80"),
	Protocol: "websocket", Layers: []string{"tls", "http/1.1", "websocket"}, RTT: 1_250_000,
}

func columnEvent(text bool, payload string) *event.Event {
	return &event.Event{
		Time: 1_700_000_000_000_000_001, Conn: 7, From: event.Server, Packets: [2]uint64{3, 5},
		Detail: &event.Message{Opcode: 1, Text: text, Length: uint64(len(payload)), Payload: []byte(payload), Latency: -1},
	}
}

func TestColumns(t *testing.T) {
	const socketIO = `42["chat",{"name":"a\"b","n":1.50,"none":null,"deep":{"x":[1, 2]}}]`
	for _, c := range []struct {
		field, payload string
		text, json     string // "-": no value
	}{
		{"time", "", "2023-11-14T22:13:20.000000001Z", `"2023-11-14T22:13:20.000000001Z"`},
		{"conn", "", "7", "7"},
		{"from", "", "server", `"server"`},
		{"packets", "", "3,5", "[3,5]"},
		{"ip.addr", "", "10.0.0.1,2001:db8::1", `["10.0.0.1","2001:db8::1"]`},
		{"client", "", "10.0.0.1:5000", `"10.0.0.1:5000"`},
		{"server", "", "[2001:db8::1]:80", `"[2001:db8::1]:80"`},
		{"layers", "", "tls,http/1.1,websocket", `["tls","http/1.1","websocket"]`},
		{"rtt", "", "1.25", "1.25"},
		{"opcode", "", "text", `"text"`},
		{"websocket.opcode", "", "text", `"text"`},
		{"masked", "", "false", "false"},
		{"length", "abc", "3", "3"},
		{"mask", "", "-", "-"},
		{"close.code", "", "-", "-"},
		{"finding", "", "-", "-"},
		{"text", "tab\tand <\"quote\">", "tab\tand <\"quote\">", `"tab\tand <\"quote\">"`},
		{"payload", "\xff\x00a", "0xff0061", `"0xff0061"`},
		{"json[0]", socketIO, "chat", `"chat"`},
		{"json[1].name", socketIO, `a"b`, `"a\"b"`},
		{"json[1].n", socketIO, "1.50", "1.50"},
		{"json[1].none", socketIO, "null", "null"},
		{"json[1].deep", socketIO, `{"x":[1, 2]}`, `{"x":[1, 2]}`},
		{`json[1]."deep".x[1]`, socketIO, "2", "2"},
		{"json[1].nothing", socketIO, "-", "-"},
		{"json.a", `{"a":{"b":x}}`, `{"b":x}`, `"{\"b\":x}"`},
		{"json.a", `{"a":{"b":1`, "-", "-"},
	} {
		t.Run(c.field, func(t *testing.T) {
			cols, err := ParseColumns("conn, " + c.field)
			if err != nil {
				t.Fatal(err)
			}
			e := columnEvent(c.payload == "" || c.payload[0] < 0x80, c.payload)
			before := "before"
			for _, got := range []struct {
				form   string
				append func([]byte, *event.Event, *ConnInfo, int) ([]byte, bool)
				want   string
			}{{"text", cols.Append, c.text}, {"JSON", cols.AppendJSON, c.json}} {
				out, ok := got.append([]byte(before), e, columnInfo, 1)
				rest, whole := strings.CutPrefix(string(out), before)
				if !whole || !ok && rest != "" {
					t.Fatalf("%s: %q, %v", got.form, out, ok)
				}
				if !ok {
					rest = "-"
				}
				if rest != got.want {
					t.Errorf("%s: %s, want %s", got.form, rest, got.want)
				}
			}
		})
	}
}

func TestColumnNames(t *testing.T) {
	cols, err := ParseColumns(`time,websocket.opcode , rtt,latency_ms,header.User-Agent,json."a,b"[0]`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"time", "opcode", "rtt_ms", "latency_ms", "header.user-agent", `json."a,b"[0]`}
	if got := cols.Names(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if cols.Needs() != event.PayloadFull {
		t.Errorf("json needs %v", cols.Needs())
	}
}

// FuzzColumns holds that JSON of any value is valid, and that text of one is
// there exactly where JSON is.
func FuzzColumns(f *testing.F) {
	for _, s := range []string{"json[0]", "json.a.b", `json."k\n"`, "payload,text,data", "time,conn,ip.addr,layers,rtt,header.x"} {
		f.Add(s, `42["a",{"a":{"b":"\u00e9\ud800"}}]`, true)
		f.Add(s, `{"a":{"b":[1,2.5e3,tru`, true)
		f.Add(s, "\xff{}\x00", false)
	}
	f.Fuzz(func(t *testing.T, list, payload string, text bool) {
		cols, err := ParseColumns(list)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Pos < 0 || e.End < e.Pos || e.End > len(list) {
				t.Fatalf("%v", err)
			}
			return
		}
		e := columnEvent(text, payload)
		for i, name := range cols.Names() {
			asText, hasText := cols.Append(nil, e, columnInfo, i)
			asJSON, hasJSON := cols.AppendJSON(nil, e, columnInfo, i)
			if hasText != hasJSON || hasJSON && !json.Valid(asJSON) || !hasJSON && len(asJSON)+len(asText) > 0 {
				t.Fatalf("%s: text %q %v, JSON %q %v", name, asText, hasText, asJSON, hasJSON)
			}
		}
	})
}
