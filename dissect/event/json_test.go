package event

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// line prints one event and decodes it as any JSON reader would, numbers kept exact.
func line(t *testing.T, e *Event, p Payload) map[string]any {
	t.Helper()
	var out bytes.Buffer
	j := NewJSON(&out, p)
	j.Event(e)
	if err := j.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := AppendJSON(nil, e, p); !bytes.Equal(got, out.Bytes()) {
		t.Errorf("AppendJSON gave %q, JSON %q", got, out.Bytes())
	}
	return decode(t, out.Bytes())
}

func decode(t *testing.T, b []byte) map[string]any {
	t.Helper()
	if n := bytes.Count(b, []byte("\n")); n != 1 || b[len(b)-1] != '\n' {
		t.Fatalf("not one line: %q", b)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, b); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	if !bytes.Equal(compact.Bytes(), bytes.TrimSuffix(b, []byte("\n"))) {
		t.Errorf("not compact: %s", b)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	m := map[string]any{}
	if err := d.Decode(&m); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return m
}

func num(s string) json.Number { return json.Number(s) }

func TestJSONMessages(t *testing.T) {
	base := map[string]any{
		"kind": "message", "time": "2026-03-01T12:00:00.000000001Z", "conn": num("7"), "from": "client",
		"packets": []any{num("4"), num("6")}, "message": num("3"), "opcode": "text", "length": num("5"),
		"wire_length": num("5"), "frames": num("2"), "masked": true, "compressed": false, "complete": true, "text": "hello",
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 1, time.UTC).UnixNano()
	long := strings.Repeat("a", PreviewBytes-1) + "é" + strings.Repeat("b", 100)
	for _, c := range []struct {
		name string
		edit func(*Message)
		p    Payload
		want map[string]any // beside base; nil: the key is not there
	}{
		{"text", func(m *Message) {}, PayloadFull, nil},
		{"empty text", func(m *Message) { m.Payload, m.Length = nil, 0 }, PayloadFull, map[string]any{"text": "", "length": num("0")}},
		{"payload none", func(m *Message) {}, PayloadNone, map[string]any{"text": nil}},
		{"not UTF-8", func(m *Message) { m.Text, m.Payload = false, []byte{0xff, 0xfe} }, PayloadFull,
			map[string]any{"text": nil, "data": "//4="}},
		{"hole", func(m *Message) { m.Missing, m.Complete, m.Payload = 2, false, []byte("he\x00\x00o") }, PayloadFull,
			map[string]any{"text": nil, "data": "aGUAAG8=", "missing": num("2"), "complete": false}},
		{"truncated inside a character", func(m *Message) { m.Payload, m.Length, m.Truncated = []byte("h\xe2\x82"), 7, 4 }, PayloadFull,
			map[string]any{"text": "h", "truncated": num("4"), "length": num("7")}},
		{"preview", func(m *Message) { m.Payload, m.Length = []byte(long), uint64(len(long)) }, PayloadPreview,
			map[string]any{"text": long[:PreviewBytes-1], "preview": true, "length": num("613")}},
		{"undecoded", func(m *Message) {
			m.Text, m.Compressed, m.Undecoded, m.Payload = false, true, "window unknown", []byte{1}
		}, PayloadFull,
			map[string]any{"text": nil, "data": "AQ==", "compressed": true, "undecoded": "window unknown"}},
		{"close", func(m *Message) { m.Opcode, m.Payload, m.Text = 8, []byte("\x03\xe8bye"), false }, PayloadFull,
			map[string]any{"opcode": "close", "text": nil, "data": "A+hieWU=", "close": map[string]any{"code": num("1000"), "reason": "bye"}}},
		{"close without reason", func(m *Message) { m.Opcode, m.Length, m.Payload, m.Text = 8, 2, []byte("\x03\xe9"), false }, PayloadFull,
			map[string]any{"opcode": "close", "length": num("2"), "text": nil, "data": "A+k=", "close": map[string]any{"code": num("1001")}}},
		{"close empty", func(m *Message) { m.Opcode, m.Length, m.Payload, m.Text = 8, 0, nil, false }, PayloadFull,
			map[string]any{"opcode": "close", "length": num("0"), "text": nil, "close": map[string]any{}}},
		{"close of one byte", func(m *Message) { m.Opcode, m.Length, m.Payload, m.Text = 8, 1, []byte{3}, false }, PayloadFull,
			map[string]any{"opcode": "close", "length": num("1"), "text": nil, "data": "Aw==", "close": map[string]any{}}},
		{"close with bad reason", func(m *Message) { m.Opcode, m.Length, m.Payload, m.Text = 8, 3, []byte("\x03\xe8\xff"), false }, PayloadFull,
			map[string]any{"opcode": "close", "length": num("3"), "text": nil, "data": "A+j/", "close": map[string]any{"code": num("1000")}}},
		{"close with a hole", func(m *Message) { m.Opcode, m.Missing, m.Payload, m.Text = 8, 1, []byte("\x03\xe8b\x00e"), false }, PayloadFull,
			map[string]any{"opcode": "close", "text": nil, "data": "A+hiAGU=", "missing": num("1")}},
		{"pong", func(m *Message) { m.Opcode, m.Text, m.Latency = 10, false, 1_234_500 }, PayloadFull,
			map[string]any{"opcode": "pong", "text": nil, "data": "aGVsbG8=", "latency_ms": num("1.2345")}},
		{"pong of no ping", func(m *Message) { m.Opcode, m.Text, m.Latency = 10, false, -1 }, PayloadFull,
			map[string]any{"opcode": "pong", "text": nil, "data": "aGVsbG8="}},
		{"large numbers", func(m *Message) { m.Number, m.WireLength = math.MaxUint64, math.MaxUint64 }, PayloadFull,
			map[string]any{"message": num("18446744073709551615"), "wire_length": num("18446744073709551615")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &Message{Number: 3, Opcode: 1, Length: 5, WireLength: 5, Frames: 2, Masked: true, Payload: []byte("hello"), Text: true, Complete: true}
			c.edit(m)
			want := map[string]any{}
			for k, v := range base {
				want[k] = v
			}
			for k, v := range c.want {
				if want[k] = v; v == nil {
					delete(want, k)
				}
			}
			got := line(t, &Event{Time: at, Conn: 7, From: Client, Packets: [2]uint64{4, 6}, Detail: m}, c.p)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

// TestJSONKeyOrder pins whole lines: the order of keys is part of the output.
func TestJSONKeyOrder(t *testing.T) {
	for _, c := range []struct {
		e    Event
		want string
	}{
		{Event{Conn: 1, Stream: 5, From: Server, Packets: [2]uint64{9, 9}, Detail: &Frame{Number: 2, Offset: 10, Fin: true, RSV: 4, Opcode: 11, Length: 3, HeaderLength: 2, Message: 1, Missing: 1}},
			`{"kind":"frame","time":"1970-01-01T00:00:00.000000000Z","conn":1,"stream":5,"from":"server","packets":[9,9],"frame":2,"offset":10,"fin":true,"rsv":4,"opcode":"reserved-11","masked":false,"length":3,"header_length":2,"message":1,"missing":1}`},
		{Event{Conn: 1, Packets: [2]uint64{9, 9}, Detail: &Frame{Number: 1, Masked: true, Mask: [4]byte{0, 0xab, 1, 0xff}, HeaderLength: 6}},
			`{"kind":"frame","time":"1970-01-01T00:00:00.000000000Z","conn":1,"from":"client","packets":[9,9],"frame":1,"offset":0,"fin":false,"rsv":0,"opcode":"continuation","masked":true,"mask":"00ab01ff","length":0,"header_length":6}`},
		{Event{Conn: 2, Detail: &Gap{Offset: 5, Length: 1460, Cause: "lost"}},
			`{"kind":"gap","time":"1970-01-01T00:00:00.000000000Z","conn":2,"from":"client","offset":5,"length":1460,"cause":"lost"}`},
		{Event{Conn: 2, Detail: &Data{Offset: 5, Bytes: []byte("GET /\r\n")}},
			`{"kind":"data","time":"1970-01-01T00:00:00.000000000Z","conn":2,"from":"client","offset":5,"length":7,"text":"GET /\r\n"}`},
		{Event{Conn: 2, From: NoSide, Detail: &Finding{Rule: "TCP-RESET", Severity: Info, Text: "it was reset", Reference: "RFC 9293 §3.5.2", Frame: 3, Message: 2, Evidence: "e", Advice: "a"}},
			`{"kind":"finding","time":"1970-01-01T00:00:00.000000000Z","conn":2,"rule":"TCP-RESET","severity":"info","frame":3,"message":2,"text":"it was reset","reference":"RFC 9293 §3.5.2","evidence":"e","advice":"a"}`},
		{Event{From: NoSide, Detail: &Finding{Rule: "CAP-DROPPED", Severity: Warning, Text: "dropped"}}, // of no connection
			`{"kind":"finding","time":"1970-01-01T00:00:00.000000000Z","rule":"CAP-DROPPED","severity":"warning","text":"dropped"}`},
		{Event{Conn: 3, From: NoSide, Time: -1, Packets: [2]uint64{1, 20}, Detail: &Connection{Start: -2, End: -1, Client: "[::1]:9", Server: "[::1]:80", Protocol: "websocket",
			Layers: []string{"http/1.1", "websocket"}, State: "closed", ClosedBy: Server, Packets: 20, Bytes: [2]uint64{1, 2}, Missing: [2]uint64{0, 4}, Messages: [2]uint64{5, 0},
			HasMessages: true, Host: "h", Path: "/p", Status: 101, Subprotocol: "s", SNI: "n", ALPN: "http/1.1", RTT: 30_000_001, Errors: 1}},
			`{"kind":"connection","time":"1969-12-31T23:59:59.999999999Z","conn":3,"packets":[1,20],"start":"1969-12-31T23:59:59.999999998Z","end":"1969-12-31T23:59:59.999999999Z","client":"[::1]:9","server":"[::1]:80","protocol":"websocket","layers":["http/1.1","websocket"],"state":"closed","closed_by":"server","midstream":false,"packet_count":20,"client_bytes":1,"server_bytes":2,"client_missing":0,"server_missing":4,"client_messages":5,"server_messages":0,"host":"h","path":"/p","status":101,"subprotocol":"s","sni":"n","alpn":"http/1.1","rtt_ms":30.000001,"errors":1,"warnings":0}`},
		{Event{Conn: 3, From: NoSide, Detail: &Connection{Client: "a:1", Server: "b:2", Protocol: "raw", Guess: "smtp", State: "open", ClosedBy: NoSide, Midstream: true}},
			`{"kind":"connection","time":"1970-01-01T00:00:00.000000000Z","conn":3,"start":"1970-01-01T00:00:00.000000000Z","end":"1970-01-01T00:00:00.000000000Z","client":"a:1","server":"b:2","protocol":"raw","guess":"smtp","state":"open","midstream":true,"packet_count":0,"client_bytes":0,"server_bytes":0,"client_missing":0,"server_missing":0,"errors":0,"warnings":0}`},
		{Event{Conn: 4, From: Client, Detail: &Handshake{Method: "GET", Target: "/a?b=\"c\"", HTTPVersion: "1.1", RequestHeaders: []Header{{"Host", "h"}, {"X", "\xff\x1b[31m"}}, Status: 101, Reason: "Switching Protocols",
			ResponseHeaders: []Header{}, Accepted: true, Key: "k", Accept: "a", AcceptExpected: "e", Version: "13", Origin: "o", Host: "h", SubprotocolsOffered: []string{"x", "y"}, Subprotocol: "x", ExtensionsOffered: "p", Extensions: "q"}},
			`{"kind":"handshake","time":"1970-01-01T00:00:00.000000000Z","conn":4,"from":"client","method":"GET","target":"/a?b=\"c\"","http_version":"1.1","request_headers":[["Host","h"],["X","�\u001b[31m"]],"response_headers":[],"status":101,"reason":"Switching Protocols","accepted":true,"key":"k","accept":"a","accept_expected":"e","version":"13","origin":"o","host":"h","subprotocols_offered":["x","y"],"subprotocol":"x","extensions_offered":"p","extensions":"q"}`},
	} {
		if got := string(AppendJSON(nil, &c.e, PayloadFull)); got != c.want+"\n" {
			t.Errorf("got  %swant %s", got, c.want)
		}
		decode(t, AppendJSON(nil, &c.e, PayloadFull))
	}
}

func TestJSONEnd(t *testing.T) {
	var out strings.Builder
	if err := NewJSON(&out, PayloadFull).End(End{Packets: 1, Connections: 2, Messages: 3, Findings: 4, TruncatedInput: true, Dropped: 5}); err != nil {
		t.Fatal(err)
	}
	want := `{"kind":"end","schema":1,"packets":1,"connections":2,"messages":3,"findings":4,"truncated_input":true,"dropped":5}` + "\n"
	if out.String() != want {
		t.Errorf("got %s want %s", out.String(), want)
	}
	out.Reset()
	NewJSON(&out, PayloadFull).End(End{Packets: 1, PacketsRead: 9})
	if want := `{"kind":"end","schema":1,"packets":1,"packets_read":9,"connections":0,`; !strings.HasPrefix(out.String(), want) {
		t.Errorf("got %s want %s", out.String(), want)
	}
}

// TestJSONLongPayloads holds that chunking neither changes a payload nor lets the buffer grow with it.
func TestJSONLongPayloads(t *testing.T) {
	text := strings.Repeat("aé日🚀\n", 100_000)
	for _, c := range []struct {
		m    Message
		want func(map[string]any) string
	}{
		{Message{Opcode: 1, Text: true, Payload: []byte(text), Length: uint64(len(text))}, func(m map[string]any) string { return m["text"].(string) }},
		{Message{Opcode: 2, Payload: []byte(text), Length: uint64(len(text))}, func(m map[string]any) string {
			b, err := base64.StdEncoding.DecodeString(m["data"].(string))
			if err != nil {
				t.Error(err)
			}
			return string(b)
		}},
	} {
		var out bytes.Buffer
		j := NewJSON(&out, PayloadFull)
		before := cap(j.buf)
		j.Event(&Event{Detail: &c.m})
		if err := j.Flush(); err != nil {
			t.Fatal(err)
		}
		if cap(j.buf) != before {
			t.Errorf("the buffer grew from %d to %d", before, cap(j.buf))
		}
		if got := c.want(decode(t, out.Bytes())); got != text {
			t.Errorf("%d bytes came back, not the %d that went in", len(got), len(text))
		}
	}
}

func TestJSONTimes(t *testing.T) {
	const (
		layout   = "2006-01-02T15:04:05.000000000Z"
		nsPerDay = secondsPerDay * 1_000_000_000
	)
	times := []int64{0, -1, 1, math.MinInt64, math.MaxInt64, -nsPerDay, nsPerDay - 1, time.Date(2000, 2, 29, 23, 59, 59, 999999999, time.UTC).UnixNano()}
	for day := int64(-106_750); day < 106_750; day += 13 { // every part of the range, some leap days among them
		times = append(times, day*nsPerDay+day*1_000_003)
	}
	var c clock
	for _, ns := range times {
		if got, want := string(c.append(nil, ns)), time.Unix(0, ns).UTC().Format(layout); got != want {
			t.Errorf("%d: got %s, want %s", ns, got, want)
		}
	}
}

func TestJSONNumbers(t *testing.T) {
	check := func(n uint64) {
		d := append([]byte(nil), "before..................."...)
		if got, want := string(d[:putUint(d, 6, n)]), "before"+strconv.FormatUint(n, 10); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	for n := range uint64(10_100) { // every group of four digits, low and high
		check(n)
		check(n * 10_000)
		check(n*10_000 + 9_999 - n%10_000)
	}
	for p := uint64(1); p <= 1e19; p *= 10 {
		check(p - 1)
		check(p)
		check(9 * p)
		if p == 1e19 {
			break
		}
	}
	check(math.MaxUint64)
}

func TestJSONMillis(t *testing.T) {
	for ns, want := range map[int64]string{0: "0", 1: "0.000001", 1e6: "1", 1_500_000: "1.5", 123_456_789: "123.456789", 10_000_010: "10.00001", -1_500_000: "-1.5"} {
		if got := string(appendMillis(nil, ns)); got != want {
			t.Errorf("%d: got %s, want %s", ns, got, want)
		}
	}
}

type brokenPipe struct{ writes int }

func (b *brokenPipe) Write(p []byte) (int, error) {
	b.writes++
	return 0, io.ErrClosedPipe
}

func TestJSONErrorStays(t *testing.T) {
	w := &brokenPipe{}
	j := NewJSON(w, PayloadFull)
	e := &Event{Detail: &Message{Opcode: 2, Payload: make([]byte, 1<<20), Length: 1 << 20}}
	j.Event(e)
	j.Event(e)
	if err := j.End(End{}); !errors.Is(err, io.ErrClosedPipe) || !errors.Is(j.Err(), io.ErrClosedPipe) {
		t.Errorf("End: %v, Err: %v", err, j.Err())
	}
	if w.writes != 1 {
		t.Errorf("%d writes to a closed pipe", w.writes)
	}
}

func chat() *Event {
	p := []byte(`{"type":"chat","room":"lobby","user":"maria","text":"see you at the station at nine, \"platform 4\"","id":123456789}`)
	return &Event{Time: 1_770_000_000_123_456_789, Conn: 12, From: Client, Packets: [2]uint64{1234, 1234},
		Detail: &Message{Number: 17, Opcode: 1, Length: uint64(len(p)), WireLength: uint64(len(p)), Frames: 1, Masked: true, Payload: p, Text: true, Complete: true}}
}

func TestJSONAllocatesNothing(t *testing.T) {
	j, e := NewJSON(io.Discard, PayloadFull), chat()
	binary := &Event{Detail: &Message{Opcode: 2, Payload: make([]byte, 100_000), Length: 100_000}}
	if n := testing.AllocsPerRun(1000, func() { j.Event(e); j.Event(binary) }); n != 0 {
		t.Errorf("%v allocations an event", n)
	}
}

func BenchmarkJSONMessage(b *testing.B) {
	j, e := NewJSON(io.Discard, PayloadFull), chat()
	b.ReportAllocs()
	for b.Loop() {
		j.Event(e)
	}
}

func BenchmarkJSONText64K(b *testing.B) {
	p := bytes.Repeat([]byte("The quick brown fox jumps over the lazy dog. "), 1456)
	j, e := NewJSON(io.Discard, PayloadFull), &Event{Detail: &Message{Opcode: 1, Text: true, Payload: p, Length: uint64(len(p))}}
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		j.Event(e)
	}
}

// FuzzJSONString holds that any string becomes valid JSON that decodes to the
// same string, with U+FFFD for every byte that is not UTF-8, and that nothing in
// it acts on a terminal.
func FuzzJSONString(f *testing.F) {
	for _, s := range []string{"", "plain", "a\"b\\c/d\r\n\t\x00\x1f\x7f", "é日🚀", "\xff\xfe\xe2\x82", "\u0085\u202e\u2028\ufeff\U000e0041", "12345678\"", "1234567\x7f\x80", strings.Repeat("ü", 10_000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		j := jsonEncoder{}
		j.quote(s)
		var got string
		if err := json.Unmarshal(j.buf, &got); err != nil {
			t.Fatalf("%v in %s", err, j.buf)
		}
		if want := string([]rune(s)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if !utf8.Valid(j.buf) {
			t.Errorf("not UTF-8: %q", j.buf)
		}
		for _, r := range string(j.buf) {
			if r < 0x20 || r == 0x7f || deceives(r) {
				t.Errorf("%U is not escaped", r)
			}
		}
	})
}
