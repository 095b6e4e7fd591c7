package query

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/rules"
)

// matching returns the names of the test events that pass, sorted.
func matching(t *testing.T, expr string, c *ConnInfo) string {
	t.Helper()
	f, err := Compile(expr)
	if err != nil {
		t.Fatalf("Compile(%q): %v", expr, err)
	}
	var l []string
	for name, e := range testEvents() {
		if f.Match(e, c) {
			l = append(l, name)
		}
	}
	slices.Sort(l)
	return strings.Join(l, " ")
}

const everything = "bare binary close conn data empty finding frame gap handshake holed json pong text"

// without is everything but the names given.
func without(names ...string) string {
	return strings.Join(slices.DeleteFunc(strings.Fields(everything), func(s string) bool { return slices.Contains(names, s) }), " ")
}

func TestMatch(t *testing.T) {
	messages := "bare binary close empty holed json pong text"
	for _, tc := range []struct{ expr, want string }{
		{"", everything},
		{"  ", everything},

		// Shared fields.
		{"kind == message", messages},
		{"kind in {handshake, gap}", "gap handshake"},
		{"kind != message", without(strings.Fields(messages)...)},
		{"conn == 3", everything},
		{"conn == 0x3", everything},
		{"conn in {1, 5..9}", ""},
		{"tcp.stream == 2", everything},
		{"from == client", without("pong", "conn", "data")},
		{"from != client", "data pong"},
		{"not from == client", "conn data pong"},
		{"from", without("conn")},
		{"stream", ""},
		{"packets == 19", messages},
		{"packets == 18", ""},
		{"frame.number in {5..6}", without(strings.Fields(messages)...)},
		{"packets != 4", messages},
		{"time == 2026-05-01T12:00:00Z", everything},
		{`time > "2026-05-01 12:00"`, ""},
		{"time >= 2026-05-01", everything},
		{"websocket", without("conn")},
		{"raw", "conn"},
		{"http", without("conn")},
		{"tls", without("conn")},
		{"tcp", everything},

		// The connection, from beside the event or from its own.
		{"client == 10.0.0.0/8", without("conn")},
		{"client == 10.0.0.7:50122", without("conn")},
		{"client == 10.0.0.7:50123", ""},
		{"client == :50122", without("conn")},
		{"client == [2001:db8::1]:443", "conn"},
		{"server in {10.9.9.9, 1.2.3.4:80}", "conn"},
		{"ip.addr == 10.0.0.0/8", everything},
		{"ip.addr == 2001:db8::/32", "conn"},
		{"ip.addr != 10.0.0.0/8", ""},
		{"not ip.addr == 192.168.1.1", "conn"},
		{"ip.src == 192.168.1.1", "data pong"},
		{"ip.dst == 192.168.1.1", without("data", "pong", "conn")},
		{"port == 8080", without("conn")},
		{"tcp.port in {80, 443}", "conn"},
		{"tcp.srcport == 8080", "data pong"},
		{"tcp.dstport == 50122", "data pong"},
		{"protocol == websocket", without("conn")},
		{"layers == tls", without("conn")},
		{"layers != tls", "conn"},
		{"layers contains http/", without("conn")},
		{"guess == redis", "conn"},
		{"state == reset", "conn"},
		{"closed_by == server", without("conn")},
		{"closed_by == client", "conn"},
		{"midstream", "conn"},
		{"host == chat.example.com", without("conn")},
		{`http.host matches "^a\."`, "conn"},
		{"path == /chat", "handshake"},
		{"status >= 400", "conn"},
		{"status == 101 and kind == handshake", "handshake"},
		{"subprotocol == v1", "conn handshake"},
		{"sni == s.example", "conn"},
		{"alpn == h2", "conn"},
		{"rtt == 1.5ms", without("conn")},
		{"rtt_ms >= 2", "conn"},

		// Totals.
		{"start == 2026-05-01T11:59:55Z", "conn"},
		{"end", "conn"},
		{"duration == 5s", "conn"},
		{"packet_count > 11", "conn"},
		{"client_bytes < 101", "conn"},
		{"server_bytes == 2k", "conn"},
		{"client_missing == 0 and server_missing == 5", "conn"},
		{"client_messages == 4 and server_messages == 0", "conn"},
		{"errors > 0 and warnings == 2", "conn"},

		// Handshakes.
		{"method == GET", "handshake"},
		{"http.request.uri == /chat", "handshake"},
		{"http_version == 1.1", "handshake"},
		{"request_headers contains Fire", "handshake"},
		{"response_headers == nginx", "handshake"},
		{"header.user-agent contains Fire", "handshake"},
		{"http.user_agent contains Fire", "handshake"},
		{"header.Set-Cookie == c", "handshake"},
		{"header.set-cookie != c", ""},
		{"header.origin", ""},
		{"accepted", "handshake"},
		{"accepted == false", ""},
		{`key == "k=="`, "handshake"},
		{`accept != "b="`, "handshake"},
		{"version == 13", "handshake"},
		{"origin contains localhost", "handshake"},
		{"subprotocols_offered == mqtt", "handshake"},
		{"extensions_offered == permessage-deflate", "handshake"},
		{`extensions contains "; x"`, "handshake"},
		{`reason == "Switching Protocols"`, "handshake"},

		// Frames and messages.
		{"opcode == text", "empty frame holed json text"},
		{"opcode == TEXT", "empty frame holed json text"},
		{"websocket.opcode == 1", "empty frame holed json text"},
		{"opcode in {close, 10}", "bare close pong"},
		{"opcode >= 8", "bare close pong"},
		{"opcode in {close..pong}", "bare close pong"},
		{"opcode != text", "bare binary close pong"},
		{"length > 0.0625k", "json"},
		{"length == 0", "bare empty"},
		{"length < 0", ""},
		{"length > 18446744073709551615", ""},
		{"length in {5, 9..11}", "close data frame gap holed text"},
		{"masked", "bare binary close empty frame holed json text"},
		{"not masked and kind == message", "pong"},
		{"websocket.mask == false", "pong"},
		{"mask == 37fa213d", "frame"},
		{"mask in {0x37fa213d, 0}", "frame"},
		{"websocket.masking_key == 37:fa:21:3d", "frame"},
		{"fin and rsv == 4 and frame == 1 and header_length == 6", "frame"},
		{"frame == 2", "finding"},
		{"message == 1", "finding frame"},
		{"offset < 10", "data frame"},
		{"frames > 1", messages},
		{"compressed == false and opcode == ping", ""},
		{"not complete and kind == message", "holed"},
		{"missing", "holed"},
		{"missing == 0", "bare binary close empty frame json pong text"},
		{"truncated", ""},
		{"latency > 50ms", "pong"},
		{"latency_ms == 60", "pong"},
		{"latency", "pong"},
		{"cause == lost", "gap"},

		// Payload.
		{"text contains hello", "text"},
		{`text == ""`, "empty"},
		{"text", "data empty finding json text"},
		{"text != hello", "data empty finding json text"},
		{"text contains masked", "finding"},
		{`text matches "w[o]rld$"`, "text"},
		{`text ~ "WORLD"`, ""},
		{`text ~ "(?i)WORLD"`, "text"},
		{`text < "i"`, "empty text"},
		{"data contains 0x8188", "binary"},
		{`data contains "\x81\x88"`, "binary"},
		{"payload contains 0x68656c6c6f", "text"},
		{"payload contains hello", "text"},
		{"data", "binary close holed pong"},
		{"text in {a, b, c, d, e, f, g, h, i, 'hello world'}", "text"},
		{"close", "bare close"},
		{"close and not close.code", "bare"},
		{"close.code in {1006, 1011}", "close"},
		{"close.code != 1000", "close"},
		{"close.reason == internal", "close"},
		{"undecoded", ""},
		{"subprotocol_type", ""},

		// JSON.
		{`json.user.name == "x"`, "json"},
		{"json.user.name == x", "json"},
		{"json.user.name != y", "json"},
		{"json.user.id == 1234567890123456789", "json"},
		{"json.user.id == 1234567890123456788", ""},
		{"json.user.id > 1e18", "json"},
		{"json.items[1].price == 10.0", "json"},
		{"json.items[0].price in {9..10}", "json"},
		{"json.items[2]", ""},
		{"json.items[0].price < 9.5", ""},
		{"json.items[0].price <= 9.5", "json"},
		{"json.ok == true", "json"},
		{`json.ok == "true"`, ""},
		{"json.none == null", "json"},
		{"json.none", "json"},
		{"json.user", "json"},
		{`json."odd key" == "é\n"`, "json"},
		{`json."odd key" matches "^.$"`, ""},
		{`json."odd key" contains "é"`, "json"},
		{"json", "json"},
		{"json.user.name in {y, x} and json.user.name contains x", "json"},

		// Findings.
		{"finding == WS-MASK", "conn finding"},
		{"finding == ws-mask and kind == finding", "finding"},
		{"finding == HS-ACCEPT", "conn"},
		{"rule contains MASK", "conn finding"},
		{"severity >= warning", "finding"},
		{"severity == info", ""},
		{`reference contains "§5.1"`, "finding"},
		{"evidence contains 81 and advice contains mask", "finding"},

		// Logic.
		{"opcode == text or opcode == close and length == 0", "bare empty frame holed json text"},
		{"(opcode == text or opcode == close) and length == 0", "bare empty"},
		{"opcode == text && !(length == 0) || cause", "frame gap holed json text"},
		{"opcode not in {text, close}", without("bare", "close", "empty", "frame", "holed", "json", "text")},
		{"NOT kind EQ message AND kind ne gap", without(append(strings.Fields(messages), "gap")...)},
	} {
		if got := matching(t, tc.expr, testInfo()); got != tc.want {
			t.Errorf("%q\n got %s\nwant %s", tc.expr, got, tc.want)
		}
	}
}

// Without facts about the connection, only connection events have any.
func TestMatchWithoutInfo(t *testing.T) {
	for expr, want := range map[string]string{
		"ip.addr == 0.0.0.0/0": "conn", "host": "conn handshake", "state != open": "conn", "closed_by": "conn", "protocol": "conn",
		"port": "conn", "finding": "finding", "midstream == false": "", "rtt": "conn", "layers": "conn", "status": "conn handshake",
	} {
		if got := matching(t, expr, nil); got != want {
			t.Errorf("%q got %q, want %q", expr, got, want)
		}
	}
	if got := matching(t, "closed_by", &ConnInfo{State: "open"}); got != "conn" {
		t.Errorf("closed_by of an open connection: %q", got)
	}
}

// What Info tells of a connection's event is what the event tells itself.
func TestInfo(t *testing.T) {
	conn := testEvents()["conn"]
	info := Info(conn.Detail.(*event.Connection))
	m := testMessage(1, "x")
	for _, expr := range []string{
		"client == [2001:db8::1]:443", "server == 10.9.9.9:80", "protocol == raw", "layers == raw", "guess == redis", "state == reset", "closed_by == client",
		"midstream", "host == a.example", "path == /x", "status == 502", "subprotocol == v1", "sni == s.example", "alpn == h2", "rtt == 2ms", "raw",
	} {
		f, err := Compile(expr)
		if err != nil {
			t.Fatal(err)
		}
		if !f.Match(conn, nil) || !f.Match(m, info) {
			t.Errorf("%q: connection %v, message %v", expr, f.Match(conn, nil), f.Match(m, info))
		}
	}
}

func TestNeeds(t *testing.T) {
	for expr, want := range map[string]event.Payload{
		"": event.PayloadNone, "opcode == text and length > 4": event.PayloadNone, "close.code == 1000": event.PayloadPreview,
		"opcode == text or not (from == client and text contains x)": event.PayloadFull, "json.a": event.PayloadFull, "close or data": event.PayloadFull,
	} {
		f, err := Compile(expr)
		if err != nil {
			t.Fatal(err)
		}
		if f.Needs() != want {
			t.Errorf("%q needs %d, want %d", expr, f.Needs(), want)
		}
	}
	var none *Filter
	if none.Needs() != event.PayloadNone || none.String() != "" || !none.Match(testMessage(1, ""), nil) {
		t.Error("a nil filter is not the one that lets everything through")
	}
}

func TestString(t *testing.T) {
	for expr, want := range map[string]string{
		"":                                   "",
		"opcode==1&&!masked||(length>4k)":    "opcode == 1 and not masked or length > 4k",
		"(conn eq 1 or conn eq 2) and fin":   "(conn == 1 or conn == 2) and fin",
		"websocket.opcode NOT IN {1 2,3}":    "not opcode in {1, 2, 3}",
		"((conn == 1) and (fin and masked))": "conn == 1 and fin and masked",
		"conn in {1 .. 2 3.. 4 5 ..6 7..8}":  "conn in {1..2, 3..4, 5..6, 7..8}",
		`text contains 'a"\x00'`:             `text contains "a\"\x00"`,
		`text ~ r"\d"`:                       `text matches "\\d"`,
		`text ~ "\d"`:                        `text matches "\\d"`,
		"http.user_agent":                    "header.user-agent",
		"LATENCY_MS > 5":                     "latency_ms > 5",
		`JSON."a"."b c"[0] == 1`:             `json.a."b c"[0] == 1`,
		"not (not fin)":                      "not not fin",
		"not (fin or masked)":                "not (fin or masked)",
	} {
		f, err := Compile(expr)
		if err != nil {
			t.Errorf("Compile(%q): %v", expr, err)
		} else if f.String() != want {
			t.Errorf("%q prints as %q, want %q", expr, f.String(), want)
		}
	}
}

// Every example in the table compiles and is about its field, every field has
// one, no name is used twice, and Wireshark's names for them are there.
func TestFields(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Fields() {
		for _, name := range append([]string{f.Name}, f.Aliases...) {
			if seen[name] {
				t.Errorf("%s is there twice", name)
			}
			seen[name] = true
		}
		if len(f.Examples) == 0 || f.Meaning == "" || len(f.Applies) == 0 || strings.HasSuffix(f.Meaning, ".") {
			t.Errorf("%s is not described", f.Name)
		}
		for _, e := range f.Examples {
			q, err := Compile(e)
			if err != nil {
				t.Errorf("%s: example %q: %v", f.Name, e, err)
			} else if base, _, _ := strings.Cut(f.Name, ".NAME"); !strings.Contains(q.String(), strings.TrimSuffix(base, ".PATH")) {
				t.Errorf("%s: example %q is about something else", f.Name, e)
			}
		}
		for _, v := range f.Values {
			if _, err := Compile(f.Name + " == " + v); err != nil {
				t.Errorf("%s has no value %s: %v", f.Name, v, err)
			}
		}
		for _, op := range f.Type.Operators() {
			if operatorMeanings[op] == "" {
				t.Errorf("operator %s has no meaning", op)
			}
		}
	}
	for _, name := range []string{"websocket.opcode", "tcp.port", "tcp.stream", "http.host", "ip.addr", "port", "close.code", "finding"} {
		if !seen[name] {
			t.Errorf("there is no field %s", name)
		}
	}
}

// Applies is right: a field that is there on an event says that it applies to its kind.
func TestFieldsApply(t *testing.T) {
	for _, f := range Fields() {
		if strings.HasSuffix(f.Name, "NAME") || strings.HasSuffix(f.Name, "PATH") {
			continue
		}
		q, err := Compile(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		for name, e := range testEvents() {
			if q.Match(e, testInfo()) && !slices.Contains(f.Applies, e.Detail.Kind()) {
				t.Errorf("%s is there on %s, but says that it does not apply to it", f.Name, name)
			}
		}
	}
}

// Every key of the JSON output is a field, and alone it is true exactly where
// the output has the key (of flags: where it is true).
func TestFieldsAreJSONKeys(t *testing.T) {
	none := map[string]string{"preview": "is about what is printed"}
	for name, e := range testEvents() {
		var line map[string]any
		if err := json.Unmarshal(event.AppendJSON(nil, e, event.PayloadFull), &line); err != nil {
			t.Fatal(err)
		}
		for _, f := range Fields() {
			key := f.Name
			if key == "latency" || key == "rtt" {
				key += "_ms"
			}
			if key == "finding" {
				key = "rule"
			}
			v, ok := line[key]
			if b, is := v.(bool); is && !b {
				ok = false
			}
			// What others know of the connection is not in the event's own JSON.
			own := key == "time" || strings.Contains(f.Kinds(), e.Detail.Kind().String()) || f.Kinds() == "all"
			if q, err := Compile(f.Name); own && err == nil && ok && !q.Match(e, nil) {
				t.Errorf("%s: JSON has %q, the filter does not", name, key)
			}
		}
		for key := range line {
			if _, err := Compile(key); err != nil && none[key] == "" {
				t.Errorf("%s: JSON key %q is not a field: %v", name, key, err)
			}
		}
	}
}

// The lists of values are those of the packages that make them.
func TestValuesAreCurrent(t *testing.T) {
	var ids []string
	for _, r := range rules.All() {
		ids = append(ids, r.ID)
	}
	want := ruleIDs()
	slices.Sort(ids)
	slices.Sort(want)
	if !slices.Equal(ids, want) {
		t.Errorf("rules are %v\nthe filter knows %v", ids, want)
	}
	source, err := os.ReadFile("../guess/guess.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^\t\{"([^"]+)", `).FindAllSubmatch(source, -1) {
		if !slices.Contains(guesses(), string(m[1])) {
			t.Errorf("the filter does not know the guess %s", m[1])
		}
	}
	for k := event.Kind(0); k < event.NumKinds; k++ {
		if index["kind"].Values[k] != k.String() {
			t.Errorf("kind %d is %s", k, k)
		}
	}
	for s := event.Info; s <= event.Error; s++ {
		if index["severity"].Values[s] != s.String() {
			t.Errorf("severity %d is %s", s, s)
		}
	}
}
