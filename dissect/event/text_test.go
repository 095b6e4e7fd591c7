package event

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files of this package")

const t0 = 1_770_000_000_000_000_000

// conversation is a connection's life with everything that has a form of its own.
func conversation() []Event {
	ms := func(n int64) int64 { return t0 + n*1_000_000 }
	key := "dGhlIHNhbXBsZSBub25jZQ=="
	hs := &Handshake{Method: "GET", Target: "/chat?room=1", HTTPVersion: "1.1",
		RequestHeaders: []Header{{"Host", "example.com"}, {"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Key", key}, {"X-Evil", "\x1b]0;owned\x07"}},
		Status:         101, Reason: "Switching Protocols", ResponseHeaders: []Header{{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}},
		Accepted: true, Key: key, Accept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", AcceptExpected: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", Version: "13", Host: "example.com", Subprotocol: "chat.v1",
		Verdicts: []Verdict{{"HS-HOST", true, "one Host: example.com"}, {"HS-SUBPROTOCOL", false, "chat.v1 was not offered"}}}
	refused := &Handshake{Method: "GET", Target: "/", HTTPVersion: "1.1", Key: key, Accept: "wrong", Status: 403, Reason: "Forbidden"}
	text := func(p string, edit func(*Message)) *Message {
		m := &Message{Number: 1, Opcode: 1, Payload: []byte(p), Length: uint64(len(p)), WireLength: uint64(len(p)), Frames: 1, Text: true, Complete: true, Latency: -1}
		if edit != nil {
			edit(m)
		}
		return m
	}
	masked := func(m *Message) { m.Masked = true }
	return []Event{
		{Time: ms(1), Conn: 1, From: Client, Packets: [2]uint64{4, 6}, Detail: hs},
		{Time: ms(2), Conn: 2, From: Client, Packets: [2]uint64{5, 7}, Detail: refused},
		{Time: ms(3), Conn: 1, From: Client, Detail: text(`{"say":"hello"}`, masked)},
		{Time: ms(15), Conn: 1, From: Server, Detail: text("日本語 and \x1b[31mescapes\u202e, long enough to be cut at the edge of a narrow terminal", nil)},
		{Time: ms(16), Conn: 1, From: Server, Detail: text("\x00\x01\x02\xff", func(m *Message) { m.Opcode, m.Text = 2, false })},
		{Time: ms(1700), Conn: 1, From: Client, Detail: text("beat", func(m *Message) { m.Opcode, m.Masked, m.Text = 9, true, false })},
		{Time: ms(1712), Conn: 1, From: Server, Detail: text("beat", func(m *Message) { m.Opcode, m.Text, m.Latency = 10, false, 12_345_678 })},
		{Time: ms(1713), Conn: 1, Stream: 5, From: Client, Detail: text("unmasked", func(m *Message) { m.Frames, m.Compressed, m.WireLength, m.Type = 3, true, 6, "socket.io:event" })},
		{Time: ms(1800), Conn: 1, From: Server, Detail: &Gap{Offset: 123_456, Length: 1460, Cause: "lost"}},
		{Time: ms(1801), Conn: 1, From: Server, Detail: text("half \x00\x00\x00", func(m *Message) { m.Length, m.Missing, m.Complete, m.Text = 20_123, 20_115, false, false })},
		{Time: ms(1802), Conn: 1, From: Server, Detail: text("kept", func(m *Message) { m.Length, m.Truncated = 2_345_678_904, 2_345_678_900 })},
		{Time: ms(1803), Conn: 1, From: Server, Detail: text("\xaa\x01", func(m *Message) { m.Compressed, m.Undecoded, m.Text = true, "the window is not known", false })},
		{Time: ms(1900), Conn: 1, From: Server, Detail: &Frame{Number: 12, Offset: 4711, Fin: true, RSV: 4, Opcode: 1, Length: 126, HeaderLength: 4, Message: 9}},
		{Time: ms(1901), Conn: 1, From: Client, Detail: &Frame{Number: 3, Offset: 99, Opcode: 9, Masked: true, Mask: [4]byte{0xde, 0xad, 0xbe, 0xef}, Length: 4, HeaderLength: 6, Missing: 2}},
		{Time: ms(2000), Conn: 1, From: Client, Detail: &Data{Offset: 0, Bytes: []byte("GET / HTTP/1.1\r\nHost: \x1b[2J\r\n\r\nthe rest of what the client said")}},
		{Time: ms(2001), Conn: 1, From: Server, Detail: &Data{Offset: 16, Bytes: []byte("\x81\x05hello\x82\x0a\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09")}},
		{Time: ms(2002), Conn: 1, From: Client, Detail: &Finding{Rule: "WS-MASK", Severity: Error, Frame: 7, Message: 4, Text: "the client sent a frame that is not masked", Reference: "RFC 6455 §5.1", Evidence: "81 05 68 65", Advice: "set the mask bit"}},
		{Time: ms(2003), Conn: 1, From: NoSide, Detail: &Finding{Rule: "CAP-LOST", Severity: Info, Text: "1,460 bytes were not captured"}},
		{Time: ms(2100), Conn: 1, From: Client, Detail: text("\x03\xe8bye", func(m *Message) { m.Opcode, m.Masked, m.Text = 8, true, false })},
		{Time: ms(2101), Conn: 1, From: Server, Detail: text("", func(m *Message) { m.Opcode, m.Text = 8, false })},
		{Time: ms(2102), Conn: 1, From: Server, Detail: text("\x03", func(m *Message) { m.Opcode, m.Text = 8, false })},
		{Time: ms(204_000), Conn: 1, From: NoSide, Detail: &Connection{Start: t0, End: ms(204_000), Client: "192.0.2.1:51234", Server: "198.51.100.7:443", Protocol: "websocket", Layers: []string{"tls", "http/1.1", "websocket"},
			State: "closed", ClosedBy: Server, Bytes: [2]uint64{9_999, 1_234_567}, Missing: [2]uint64{0, 1460}, Messages: [2]uint64{1200, 31}, HasMessages: true, Host: "example.com", Path: "/chat", Status: 101, Subprotocol: "chat.v1", RTT: 23_456_789, Errors: 1, Warnings: 2}},
		{Time: ms(205_000), Conn: 2, From: NoSide, Detail: &Connection{Start: ms(1), End: ms(2), Client: "[2001:db8::1]:51235", Server: "[2001:db8::2]:25", Protocol: "raw", Guess: "smtp", State: "open", ClosedBy: NoSide, Midstream: true}},
	}
}

func TestTextGolden(t *testing.T) {
	for name, opt := range map[string]TextOptions{
		"messages":    {View: ViewMessages, Payload: PayloadPreview},
		"messages-80": {View: ViewMessages, Payload: PayloadPreview, Width: 80},
		"messages-no": {View: ViewMessages, Payload: PayloadNone, Color: true},
		"frames":      {View: ViewFrames, Color: true},
		"conns":       {View: ViewConnections},
		"handshake":   {View: ViewHandshakes},
		"follow":      {View: ViewFollow, Payload: PayloadFull, Color: true},
		"follow-hex":  {View: ViewFollow, Form: FormHex, Payload: PayloadFull, Width: 60},
		"follow-raw":  {View: ViewFollow, Form: FormRaw, Payload: PayloadFull},
		"check":       {View: ViewFindings},
	} {
		t.Run(name, func(t *testing.T) {
			opt.Start = t0
			var out bytes.Buffer
			p := NewText(&out, opt)
			for _, e := range conversation() {
				if wanted(opt.View, e.Detail.Kind()) {
					p.Event(&e)
				}
			}
			if err := p.Flush(); err != nil {
				t.Fatal(err)
			}
			if opt.Form != FormRaw && !opt.Color {
				harmless(t, strings.ReplaceAll(out.String(), "\n", ""))
			}
			golden(t, name+".golden", out.Bytes())
		})
	}
}

// wanted leaves a golden file with what its command prints.
func wanted(v View, k Kind) bool {
	switch k {
	case KindGap:
		return v == ViewMessages || v == ViewFrames || v == ViewFollow
	case KindFinding:
		return v == ViewMessages || v == ViewFindings
	case KindConnection:
		return v == ViewConnections
	case KindHandshake:
		return v == ViewMessages || v == ViewHandshakes
	case KindMessage:
		return v == ViewMessages
	case KindFrame:
		return v == ViewFrames
	}
	return v == ViewFollow
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test -update rewrites it); got:\n%s", path, got)
	}
}

func TestTextErrorStays(t *testing.T) {
	w := &brokenPipe{}
	p := NewText(w, TextOptions{View: ViewFollow, Form: FormRaw})
	e := &Event{Detail: &Data{Bytes: make([]byte, 1<<20)}}
	p.Event(e)
	p.Event(e)
	if err := p.Flush(); !errors.Is(err, io.ErrClosedPipe) || w.writes != 1 {
		t.Errorf("error %v after %d writes", err, w.writes)
	}
}

func TestHumanFigures(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 B", 9_999: "9,999 B", 10_000: "10.0 kB", 999_999: "999 kB", 1_000_000: "1.0 MB", 1_234_567: "1.2 MB", 123_456_789: "123 MB", 1<<64 - 1: "18.4 EB"} {
		if got := bytesText(n); got != want {
			t.Errorf("%d bytes: got %s, want %s", n, got, want)
		}
	}
	for ns, want := range map[int64]string{0: "0 µs", 340_999: "340 µs", 1_234_000: "1.23 ms", 12_345_678: "12.3 ms", 123_456_789: "123 ms", 4_560_000_000: "4.56 s", 59_999_999_999: "59.9 s",
		200_000_000_000: "3 min 20 s", 7_500_000_000_000: "2 h 5 min", -2_000_000: "-2.00 ms"} {
		if got := durationText(ns); got != want {
			t.Errorf("%d ns: got %s, want %s", ns, got, want)
		}
	}
	if got := Summary(End{Packets: 1, Connections: 2, Messages: 12_345, TruncatedInput: true, Dropped: 3}); got !=
		"1 packet, 2 connections, 12,345 messages, 0 findings; the input is damaged or cut short; 3 packets dropped while capturing" {
		t.Errorf("got %q", got)
	}
}

// FuzzText puts hostile bytes wherever captured bytes can be, and holds that
// every view prints lines that are harmless and, where lines are cut, no wider
// than the terminal.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b[2J\n\u202e\u200b", "日本語👩‍👩‍👧", "\xff\x00", strings.Repeat("e\u0301", 300)} {
		f.Add([]byte(s), uint8(80), uint64(5), uint8(1))
	}
	f.Fuzz(func(t *testing.T, b []byte, width uint8, n uint64, op uint8) {
		s := string(b)
		details := []Detail{
			&Message{Opcode: op & 15, Payload: b, Length: n, WireLength: n, Frames: n, Missing: n, Truncated: n, Undecoded: s, Type: s, Latency: int64(n)},
			&Message{Opcode: op & 15, Payload: b, Length: uint64(len(b)), Frames: 1, Text: op > 127, Complete: true},
			&Frame{Number: n, Offset: n, Opcode: op & 15, RSV: op >> 4 & 7, Length: n, Message: n, Missing: n},
			&Data{Offset: n, Bytes: b}, &Gap{Offset: n, Length: n, Cause: s},
			&Finding{Rule: s, Text: s, Reference: s, Evidence: s, Advice: s, Frame: n},
			&Connection{Start: int64(n), End: -int64(n), Client: s, Server: s, Protocol: s, Layers: []string{s, s}, Guess: s, State: s, ClosedBy: Client, Host: s, Path: s, Subprotocol: s, RTT: int64(n), Midstream: true},
			&Handshake{Method: s, Target: s, HTTPVersion: s, RequestHeaders: []Header{{s, s}}, Status: int(int16(n)), Reason: s, Key: s, Accept: s, AcceptExpected: s, Accepted: op&1 == 0, Subprotocol: s, Extensions: s, Verdicts: []Verdict{{s, true, s}}},
		}
		for v := ViewMessages; v <= ViewFindings; v++ {
			for form := FormText; form <= FormHex; form++ {
				var out bytes.Buffer
				p := NewText(&out, TextOptions{View: v, Form: form, Width: int(width), Payload: Payload(op % 3)})
				for i, d := range details {
					p.Event(&Event{Time: int64(n) * int64(i), Conn: n, Stream: uint32(n), From: Side(i % 3), Detail: d})
				}
				if err := p.Flush(); err != nil {
					t.Fatal(err)
				}
				for _, l := range strings.Split(out.String(), "\n") {
					harmless(t, l)
					if width > 0 && v != ViewHandshakes && Width(l) > int(width) {
						t.Fatalf("%d columns, not %d: %q", Width(l), width, l)
					}
				}
			}
		}
	})
}

func BenchmarkTextMessage(b *testing.B) {
	p, e := NewText(io.Discard, TextOptions{Width: 120, Payload: PayloadPreview, Color: true}), chat()
	b.ReportAllocs()
	for b.Loop() {
		p.Event(e)
	}
}
