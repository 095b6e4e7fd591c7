package tui

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/gdamore/tcell/v2"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/query"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

// hostile is what captured text may hold to play tricks on a terminal or on the
// library that draws.
const hostile = "\x1b]0;owned\x07\x1b[2J[red]x[:::https://evil.example]link[-:-:-:-]\u202egnp.exe\u200b\u0085\x9b31m\r\n\ttab\x00end\U000e0041"

// fake is a capture with one connection whose every text is hostile.
type fake struct {
	rows   []*session.Row
	events []*event.Event
	change chan struct{}
	drawn  chan struct{} // closed when the screen is drawn for the first time
	once   sync.Once
}

func newFake() *fake {
	r := &session.Row{
		Number: 1, Start: 1e18, Last: 1e18 + 5e9, Packets: 9, Messages: [2]uint64{1, 1}, Bytes: [2]uint64{100, 100}, Errors: 1,
		Names: &session.Names{Protocol: "websocket", Layers: []string{"http/1.1", hostile}, Guess: hostile, Host: hostile, Path: hostile, SNI: hostile},
	}
	at := func(n int64, side event.Side, d event.Detail) *event.Event {
		return &event.Event{Time: 1e18 + n*1e9, Conn: 1, From: side, Packets: [2]uint64{1, 2}, Detail: d}
	}
	h := event.Header{Name: hostile, Value: hostile}
	message := func(op uint8, payload string) *event.Message {
		return &event.Message{Number: 1, Opcode: op, Length: uint64(len(payload)), WireLength: uint64(len(payload)), Frames: 1, Payload: []byte(payload), Complete: true, Type: hostile, Latency: -1}
	}
	undecoded := message(2, hostile)
	undecoded.Undecoded = hostile
	return &fake{change: make(chan struct{}), drawn: make(chan struct{}), rows: []*session.Row{r}, events: []*event.Event{
		at(0, event.NoSide, &event.Handshake{
			Method: hostile, Target: hostile, HTTPVersion: hostile, Status: 101, Reason: hostile, Accepted: true, Key: hostile, Accept: hostile, AcceptExpected: "x",
			Version: hostile, Origin: hostile, Host: hostile, RequestHeaders: []event.Header{h, h}, ResponseHeaders: []event.Header{h},
			SubprotocolsOffered: []string{hostile}, Subprotocol: hostile, ExtensionsOffered: hostile, Extensions: hostile,
			Verdicts: []event.Verdict{{Rule: "HS-ACCEPT", Text: hostile}},
		}),
		at(1, event.Client, &event.Frame{Number: 1, Fin: true, Opcode: 1, Masked: true, Length: 10, HeaderLength: 6, Message: 1}),
		at(1, event.Client, message(1, hostile)),
		at(1, event.Client, message(1, `{"`+strings.ReplaceAll(hostile, "\r\n", "")+`":"\u001b[2J\u202e"}`)),
		at(1, event.Client, message(1, `{"\u001b]0;x\u0007":["\u202e\u009b","[red]"]}`)),
		at(2, event.Server, message(8, "\x03\xe8"+hostile)),
		at(2, event.Server, message(10, hostile)),
		at(3, event.Server, undecoded),
		at(3, event.Server, &event.Gap{Offset: 1, Length: 5, Cause: hostile}),
		at(4, event.Server, &event.Data{Bytes: []byte(hostile)}),
		at(5, event.Client, &event.Finding{Rule: hostile, Severity: event.Error, Frame: 1, Message: 1, Text: hostile, Reference: hostile, Evidence: hostile, Advice: hostile}),
	}}
}

func (f *fake) Rows() []*session.Row      { return f.rows }
func (f *fake) Open(uint64) (View, error) { return f, nil }
func (f *fake) Payload(uint64, session.MessageID) (*event.Event, error) {
	return nil, errors.New(hostile)
}
func (f *fake) Raw(uint64) (View, error) { return f, nil }
func (f *fake) Stream(_ uint64, _ event.Side, offset, _ uint64) ([]session.Chunk, error) {
	return []session.Chunk{{Offset: offset, Bytes: []byte(hostile)}}, nil
}
func (f *fake) Findings(uint64) ([]*event.Event, error) { return nil, nil }
func (f *fake) Passing(context.Context, *query.Filter) ([]int, error) {
	return nil, errors.New(hostile)
}
func (f *fake) Info(r *session.Row) *query.ConnInfo { return query.Info(r.Connection()) }
func (f *fake) Packets(_, first, _ uint64) []uint64 { return []uint64{first} }
func (f *fake) Packet(_, n uint64) (Packet, error) {
	return Packet{Number: n, LinkType: 1, Length: 60, Data: []byte(hostile + "\x00\x00\x00\x00\x00\x00\x00\x00\x08\x00E" + hostile)}, nil
}
func (f *fake) Save(string, []uint64) error { return errors.New(hostile) }
func (f *fake) Changed() <-chan struct{}    { return f.change }
func (f *fake) State() State                { return State{Done: true, Err: errors.New(hostile)} }
func (f *fake) Len() int                    { return len(f.events) }
func (f *fake) Wait()                       {}
func (f *fake) Done() bool                  { return true }
func (f *fake) Err() error                  { return nil }
func (f *fake) Lost() uint64 { // of a pane's title
	f.once.Do(func() { close(f.drawn) })
	return 0
}
func (f *fake) Close() {}
func (f *fake) Event(i int) (*event.Event, error) {
	return f.events[i], nil
}
func (f *fake) Items(dst []session.Item, from, n int) []session.Item {
	for i := from; i < min(from+n, len(f.events)); i++ {
		e := f.events[i]
		it := session.Item{Time: e.Time, Packets: e.Packets, Kind: e.Detail.Kind(), From: e.From}
		if m, ok := e.Detail.(*event.Message); ok {
			it.Number, it.Length, it.Opcode = m.Number, m.Length, m.Opcode
		}
		dst = append(dst, it)
	}
	return dst
}

// noTricks fails if a cell holds what acts on a terminal or hides.
func (s *stage) noTricks(where string) {
	s.t.Helper()
	s.show()
	cells, w, _ := s.screen.GetContents()
	for i, c := range cells {
		for _, r := range c.Runes {
			if unicode.IsControl(r) || r == 0x202e || r == 0x200b || r >= 0xe0000 && r < 0xe0080 || !unicode.IsGraphic(r) {
				s.t.Fatalf("%s: %U at column %d of line %d", where, r, i%w, i/w)
			}
		}
		if _, _, attrs := c.Style.Decompose(); attrs&tcell.AttrBlink != 0 {
			s.t.Fatalf("%s: a captured tag changed the style", where)
		}
	}
}

// TestHostile goes through every screen with a capture in which every text is hostile.
func TestHostile(t *testing.T) {
	for _, size := range sizes {
		f := newFake()
		s := newStage(t, f, hostile, size[0], size[1])
		s.noTricks("connections")
		s.press("2")
		for i := range f.events {
			for range numTabs {
				s.noTricks("message")
				if s.a.detail.tab == tabText && f.events[i].Detail.Kind() == event.KindMessage {
					if screen := s.show(); strings.Contains(screen, "\x1b") {
						t.Error("an escape character is on the screen")
					}
				}
				s.press("Right")
			}
			for _, k := range []string{"x", "y", "e", "z", "3", "z", "2"} {
				s.press(k)
				s.noTricks(k)
				s.press("Esc", "2")
			}
			s.press("Down")
		}
		for _, k := range []string{"h", "L", "s", "S", "?", "4"} {
			s.press(k)
			s.noTricks(k)
			if k == "S" {
				s.press("t")
				s.noTricks("the stream in hex")
			}
			s.press("Esc")
		}
		s.press("4", "x")
		s.noTricks("explanation")
		s.press("Esc", "/")
		s.write("text == \"" + hostile)
		s.noTricks("filter")
		s.press("Esc", "Ctrl-f")
		s.write(hostile)
		s.press("Enter")
		s.noTricks("find")
		s.press(":")
		s.write(hostile)
		s.press("Enter")
		s.noTricks("command")
	}
}

// TestNoLinks holds that captured text cannot make hyperlinks: the library's tags are not read.
func TestNoLinks(t *testing.T) {
	s := newStage(t, newFake(), "x", 200, 60)
	s.press("2", "Down")
	s.want("[red]x[:::https://evil.example]link[-:-:-:-]")
}

// running starts an inspector as it runs in earnest, on a simulated screen.
func running(t *testing.T, src Source, drawn chan struct{}) (tcell.SimulationScreen, context.CancelFunc, chan error) {
	t.Helper()
	screen := tcell.NewSimulationScreen("UTF-8")
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	done := make(chan error, 1)
	go func() { done <- Run(ctx, src, Options{Title: "x"}, screen) }()
	select {
	case <-drawn:
	case <-time.After(time.Minute):
		t.Fatal("nothing was drawn")
	}
	return screen, cancel, done
}

func ended(t *testing.T, done chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(time.Minute):
		t.Fatal("the inspector does not end")
	}
	return nil
}

func TestQuit(t *testing.T) {
	for _, how := range []func(tcell.SimulationScreen, context.CancelFunc){
		func(s tcell.SimulationScreen, _ context.CancelFunc) { s.InjectKey(tcell.KeyRune, 'q', 0) },
		func(s tcell.SimulationScreen, _ context.CancelFunc) { s.InjectKey(tcell.KeyCtrlC, 0, tcell.ModCtrl) },
		func(_ tcell.SimulationScreen, cancel context.CancelFunc) { cancel() },
	} {
		f := newFake()
		screen, cancel, done := running(t, f, f.drawn)
		how(screen, cancel)
		if err := ended(t, done); err != nil {
			t.Error(err)
		}
	}
}

// TestChanges has the capture change all the time, also while and after the inspector stops.
func TestChanges(t *testing.T) {
	f := newFake()
	screen, _, done := running(t, f, f.drawn)
	stop := make(chan struct{})
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		for {
			select {
			case <-stop:
				return
			case f.change <- struct{}{}:
			case <-time.After(time.Millisecond): // nobody listens any more
			}
		}
	}()
	for range 20 {
		screen.InjectKey(tcell.KeyDown, 0, 0)
		time.Sleep(time.Millisecond)
	}
	screen.InjectKey(tcell.KeyRune, 'q', 0)
	if err := ended(t, done); err != nil {
		t.Error(err)
	}
	time.Sleep(20 * time.Millisecond)
	close(stop)
	<-finished
}

// bomb is a capture that panics when a message's packets are asked for.
type bomb struct{ *fake }

func (b *bomb) Packets(uint64, uint64, uint64) []uint64 { panic("boom") }

func TestPanic(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	f := newFake()
	screen, _, done := running(t, &bomb{f}, f.drawn)
	for _, r := range "3]]]]" {
		screen.InjectKey(tcell.KeyRune, r, 0)
	}
	var crash *CrashError
	if err := ended(t, done); !errors.As(err, &crash) {
		t.Fatalf("got %v", err)
	}
	report, err := os.ReadFile(crash.Report)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"boom", "packetLines"} {
		if !strings.Contains(string(report), want) {
			t.Errorf("the report does not say %q:\n%s", want, report)
		}
	}
	if !strings.Contains(crash.Error(), crash.Report) {
		t.Errorf("%v does not name the report", crash)
	}
}
