package tui

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rivo/tview"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

// seek presses Down until the event of the cursor is as wanted.
func (s *stage) seek(want func(*event.Event) bool) {
	s.t.Helper()
	for range 500 {
		if e := s.a.detail.event; e != nil && want(e) {
			return
		}
		s.press("Down")
	}
	s.t.Fatal("no such message")
}

func TestMaskedBytes(t *testing.T) {
	s := stageOf(t, "websockets-plain.pcap", 120, 40)
	s.press("2")
	s.seek(func(e *event.Event) bool {
		m, ok := e.Detail.(*event.Message)
		return ok && m.Masked && m.Opcode == 1 && m.Length == 125
	})
	f := s.a.detail.frames[0].Detail.(*event.Frame)
	plain := bytes.Clone(s.a.detail.payload)
	s.press("3", "Right")
	s.want("masking key", "unmasked")
	s.press("w")
	s.want("masked, as on the wire")
	for i, c := range s.a.detail.onWire.raw {
		if c != plain[i]^f.Mask[i%4] {
			t.Fatalf("byte %d is %02x", i, c)
		}
	}
	if got := s.a.detail.onWire; !bytes.Equal(got.unmasked, plain) || len(got.raw) != len(plain) || got.missing > 0 {
		t.Errorf("%d bytes unmasked, %d missing", len(got.unmasked), got.missing)
	}
	if !bytes.Equal(plain, s.a.detail.payload) {
		t.Error("masking changed the payload itself")
	}
}

// TestCompressedBytes shows a compressed message decompressed, compressed, and as it was on the wire.
func TestCompressedBytes(t *testing.T) {
	s := stageOf(t, "websockets-deflate-takeover.pcap", 120, 40)
	s.press("2")
	s.seek(func(e *event.Event) bool {
		m, ok := e.Detail.(*event.Message)
		return ok && m.Compressed && m.Masked && m.Frames > 1 && m.Length > 100
	})
	m, _ := s.a.detail.message()
	s.press("3")
	for s.a.detail.tab != tabHex {
		s.press("Right")
	}
	s.want("unmasked, decompressed")
	s.press("w")
	s.want("unmasked, still compressed")
	w := s.a.detail.onWire
	if uint64(len(w.unmasked)) != m.WireLength || w.missing > 0 {
		t.Fatalf("%d bytes on the wire, not %d", len(w.unmasked), m.WireLength)
	}
	s.press("w")
	s.want("masked, as on the wire")
	s.press("w")
	s.want("unmasked, decompressed")
	// What is still compressed inflates to the message (RFC 7692 §7.2.2), if it refers to nothing before it.
	first := newStage(t, openCapture(t, pcap(t, "websockets-deflate-no-takeover.pcap")), "x", 120, 40)
	first.press("2")
	first.seek(func(e *event.Event) bool {
		m, ok := e.Detail.(*event.Message)
		return ok && m.Compressed && m.Length > 100
	})
	first.press("3")
	for first.a.detail.tab != tabHex {
		first.press("Right")
	}
	first.press("w")
	r := flate.NewReader(io.MultiReader(bytes.NewReader(first.a.detail.onWire.unmasked), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff")))
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, first.a.detail.payload) {
		t.Errorf("%d bytes inflated, %v", len(got), err)
	}
}

// TestStreamOfWebSocket shows the stream under a WebSocket connection: heads, then frames.
func TestStreamOfWebSocket(t *testing.T) {
	s := stageOf(t, "websockets-plain.pcap", 120, 40)
	s.press("S")
	s.want("Stream of connection 1", "→ GET /echo?room=1 HTTP/1.1", "→ Sec-WebSocket-Key:")
	s.press("t")
	s.want("00000000  47 45 54 20 2f 65")
	if s.press("Esc"); s.a.page != nil {
		t.Error("the page is still open")
	}
}

// TestRedact holds that credentials are shown, copied and saved only when that is asked for.
func TestRedact(t *testing.T) {
	f := newFake()
	h := f.events[0].Detail.(*event.Handshake)
	*h = event.Handshake{
		Method: "GET", Target: "/x?token=SECRET", HTTPVersion: "1.1", Status: 101, Accepted: true, Key: "k", Host: "h",
		RequestHeaders:  []event.Header{{Name: "Host", Value: "h"}, {Name: "Cookie", Value: "sid=SECRET"}, {Name: "Authorization", Value: "Bearer SECRET"}},
		ResponseHeaders: []event.Header{{Name: "Set-Cookie", Value: "a=SECRET"}},
	}
	f.rows[0].Names = &session.Names{Protocol: "websocket", Path: h.Target, Host: "h"}
	f.events[9].Detail = &event.Data{Bytes: []byte("GET /?token=SECRET HTTP/1.1\r\nCookie: SECRET\r\n\r\n")}
	s := newStage(t, f, "x", 200, 60)
	t.Chdir(t.TempDir())
	look := func() string {
		var all strings.Builder
		for _, keys := range [][]string{{"1"}, {"2", "g", "3", "g"}, {"h"}, {"L"}, {"S"}, {"t"}} {
			s.press(keys...)
			all.WriteString(s.show())
			if s.a.page != nil && keys[0] != "S" {
				s.press("Esc")
			}
		}
		for _, k := range []string{"c", "w"} {
			s.press("2", "y", k)
			all.Write(s.screen.GetClipboardData())
		}
		if wrong := s.a.saveJSON("out.jsonl"); wrong != "" {
			t.Fatal(wrong)
		}
		b, err := os.ReadFile("out.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		os.Remove("out.jsonl")
		return all.String() + string(b)
	}
	if all := look(); strings.Contains(all, "SECRET") {
		t.Errorf("a credential is seen, copied or saved:\n%s", all)
	}
	s.press("R")
	if n := strings.Count(look(), "SECRET"); n < 12 {
		t.Errorf("revealed, there are %d", n)
	}
	s.press("R")
	if all := look(); strings.Contains(all, "SECRET") {
		t.Error("hidden again, a credential is there")
	}
}

func TestCopy(t *testing.T) {
	s := stageOf(t, "lossy-v4.pcap", 120, 40)
	s.press("2")
	s.seek(func(*event.Event) bool { return s.a.detail.tree != nil })
	s.show()
	payload := string(s.a.detail.payload)
	take := func(keys ...string) string {
		s.press("2")
		s.press(keys...)
		return string(s.screen.GetClipboardData())
	}
	if got := take("y", "t"); got != payload {
		t.Errorf("text: %q", got)
	}
	var message struct{ Kind, Text string }
	if err := json.Unmarshal([]byte(take("y", "j")), &message); err != nil || message.Kind != "message" || message.Text != payload {
		t.Errorf("JSON: %+v, %v", message, err)
	}
	if got := take("y", "g"); !strings.HasPrefix(got, "[]byte{0x7b, 0x22") {
		t.Errorf("Go: %q", got)
	}
	if got := take("3", "Down", "y", "p"); got != "json.type" {
		t.Errorf("path: %q", got)
	}
	if s.press("y", "q"); s.a.menu != nil {
		t.Error("another key does not close the menu")
	}
}

func TestSave(t *testing.T) {
	src := openCapture(t, pcap(t, "websockets-plain.pcap"))
	t.Chdir(t.TempDir())
	s := newStage(t, src, "x", 120, 40)
	s.press("Down", "e", "p", "Enter")
	s.want("saved the packets of 1 connections to conn-2.pcapng")
	again := newStage(t, openCapture(t, "conn-2.pcapng"), "y", 120, 40)
	if n := len(again.a.conns.rows); n != 1 || again.a.conns.rows[0].Path != "/server-close" {
		t.Errorf("%d connections were saved", n)
	}
	s.press("e", "p", "Enter")
	s.want("exists; nothing was written")
	s.press("2", "e", "j", "Enter")
	b, err := os.ReadFile("conn-2.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if got := bytes.Count(b, []byte("\n")); got != len(s.a.conv.shown) {
		t.Errorf("%d lines of %d rows", got, len(s.a.conv.shown))
	}
	if files, _ := filepath.Glob("*"); len(files) != 2 {
		t.Errorf("left behind: %v", files)
	}
}

func TestFind(t *testing.T) {
	s := stageOf(t, "lossy-v4.pcap", 120, 40)
	s.press("2", "Ctrl-f")
	s.write("PRESENCE")
	s.press("Enter")
	first := s.a.conv.cursor.at
	if !strings.Contains(string(s.a.detail.payload), "presence") {
		t.Fatalf("found %q", s.a.detail.payload)
	}
	seen := map[int]bool{first: true}
	for range 60 {
		s.press("n")
		seen[s.a.conv.cursor.at] = true
	}
	want := 0
	for i := range s.a.conv.shown {
		if e := s.a.conv.event(i); bytes.Contains(s.a.searched(e), []byte("presence")) {
			want++
		}
	}
	if len(seen) != want || want < 2 {
		t.Errorf("n visits %d of %d rows", len(seen), want)
	}
	s.press("Ctrl-f")
	s.write("zzzz nowhere")
	s.press("Enter")
	s.want(`"zzzz nowhere" does not occur`)
}

// TestFindInPayload goes through the matches of one payload, forwards and back.
func TestFindInPayload(t *testing.T) {
	p := []byte(strings.Repeat("x", 500) + "needle" + strings.Repeat("y\n", 300) + "NEEDLE" + strings.Repeat("é", 400) + "needle")
	for _, doc := range []document{newTextDoc(p, 40, rPlain), newHexDoc(p, 80, line{{rDim, "note"}})} {
		pg := pager{rows: 5}
		pg.open(doc)
		var forth, back []int
		for pg.find(literal("needle"), false) {
			forth = append(forth, pg.hit)
		}
		for pg.find(literal("needle"), true) {
			back = append(back, pg.hit)
		}
		if len(forth) != 3 || len(back) != 2 || back[0] != forth[1] || back[1] != forth[0] {
			t.Errorf("%T: forth %v, back %v", doc, forth, back)
		}
	}
}

// TestFilterWholePayloads holds that a filter sees more than previews.
func TestFilterWholePayloads(t *testing.T) {
	s := stageOf(t, "websockets-plain.pcap", 120, 40)
	s.press("/")
	s.write("text contains \"xray\"")
	s.press("Enter")
	want := 0
	for _, en := range s.a.conv.all {
		e, err := s.a.conv.view.Event(en.index)
		if err != nil {
			t.Fatal(err)
		}
		if m, ok := e.Detail.(*event.Message); ok && m.Text && bytes.Contains(s.a.payloadOf(e), []byte("xray")) {
			want++
		}
	}
	if got := len(s.a.conv.shown); got != want || want == 0 {
		t.Errorf("%d rows pass, not %d", got, want)
	}
}

func TestAllFindings(t *testing.T) {
	s := stageOf(t, "misbehave-a.pcap", 120, 40)
	s.press("4", "a")
	s.want("Findings of all connections")
	conns := map[uint64]bool{}
	for _, f := range s.a.findings.list {
		conns[f.event.Conn] = true
	}
	if len(conns) < 20 {
		t.Errorf("findings of %d connections", len(conns))
	}
	s.press("PgDn", "PgDn")
	f, _ := s.a.findings.selected()
	s.press("Enter")
	if s.a.conv.row.Number != f.event.Conn || s.a.focus != paneMessages {
		t.Errorf("connection %d is open, not %d", s.a.conv.row.Number, f.event.Conn)
	}
	s.press("4", "a")
	for _, x := range s.a.findings.list {
		if x.event.Conn != s.a.conv.row.Number {
			t.Errorf("a finding of connection %d", x.event.Conn)
		}
	}
}

// TestReveal holds that Enter on a finding goes to the message that it is about.
func TestReveal(t *testing.T) {
	s := stageOf(t, "misbehave-a.pcap", 120, 40)
	reached := 0
	for range 40 {
		s.press("1", "Down", "4", "g", "Enter")
		f, ok := s.a.findings.selected()
		if !ok {
			continue
		}
		x := f.event.Detail.(*event.Finding)
		if x.Frame == 0 {
			continue
		}
		for _, e := range s.a.detail.frames {
			if e.Detail.(*event.Frame).Number == x.Frame && e.From == f.event.From {
				reached++
				s.want("‹Frames›", sprintf("Frame %d", x.Frame))
			}
		}
	}
	if reached < 10 {
		t.Errorf("only %d findings led to their frames", reached)
	}
}

func TestSortAndMarks(t *testing.T) {
	s := stageOf(t, "messy-small.pcap", 120, 40)
	for col := range sortNames {
		if wrong := s.a.command("sort " + sortNames[col]); wrong != "" {
			t.Fatal(wrong)
		}
		for i := 1; i < len(s.a.conns.order); i++ {
			x, y := s.a.conns.order[i-1], s.a.conns.order[i]
			if c := compareRows(col, x, y); s.a.conns.reverse && c < 0 || !s.a.conns.reverse && c > 0 {
				t.Errorf("not sorted by %s", sortNames[col])
			}
		}
		if r := s.a.conns.selected(); r.Number != 1 {
			t.Errorf("the cursor went to connection %d", r.Number)
		}
	}
	s.a.conns.sortBy(colNumber)
	s.press("g", "m", "G", "m", "g", "'")
	if got := s.a.conns.cursor.at; got != s.a.conns.cursor.n-1 {
		t.Errorf("the jump went to row %d", got)
	}
}

func TestMouse(t *testing.T) {
	s := stageOf(t, "websockets-plain.pcap", 120, 40)
	s.show()
	p := s.a.places[paneConns]
	s.a.mouse(tview.MouseLeftClick, p.x+20, p.y+4)
	s.settle()
	if got := s.a.conns.cursor.at; got != 2 {
		t.Errorf("a click went to row %d", got)
	}
	s.show()
	m := s.a.places[paneMessages]
	s.a.mouse(tview.MouseLeftDoubleClick, m.x+9, m.y+3)
	if s.a.focus != paneDetail || s.a.conv.cursor.at != 1 {
		t.Errorf("a double click: pane %d, row %d", s.a.focus, s.a.conv.cursor.at)
	}
	s.show()
	d := s.a.places[paneDetail]
	title := s.a.detail.title().text()
	s.a.mouse(tview.MouseLeftClick, d.x+2+event.Width(title[:strings.Index(title, "Hex")]), d.y)
	if s.a.detail.tab != tabHex {
		t.Errorf("a click on Hex shows %s", tabNames[s.a.detail.tab])
	}
	s.a.mouse(tview.MouseScrollDown, p.x+3, p.y+3)
	s.a.mouse(tview.MouseLeftClick, p.x+3, p.y+1) // the heading: once for the pane, once to sort
	s.a.mouse(tview.MouseLeftClick, p.x+4, p.y+1)
	if !s.a.conns.reverse {
		t.Error("a click on the heading does not sort")
	}
	for y := range 45 {
		for x := 0; x < 125; x += 11 {
			s.a.mouse(tview.MouseLeftClick, x, y)
			s.show()
		}
	}
}

func TestControlsAndFreeze(t *testing.T) {
	s := stageOf(t, "websockets-plain.pcap", 120, 40)
	all := len(s.a.conv.shown)
	s.press("2", "c")
	s.want("without controls")
	for i := range s.a.conv.shown {
		if m, ok := s.a.conv.event(i).Detail.(*event.Message); ok && m.Opcode >= 8 {
			t.Fatal("a control message is shown")
		}
	}
	s.press("c")
	if len(s.a.conv.shown) != all {
		t.Error("not all messages came back")
	}
	s.press("p")
	s.want("FROZEN")
	s.press("p", "f")
	s.want("FOLLOW")
	if !s.a.conv.cursor.last() {
		t.Error("follow does not go to the newest row")
	}
}
