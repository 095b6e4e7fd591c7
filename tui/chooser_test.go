package tui

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"
)

// choosing is the chooser on a screen that a test reads.
type choosing struct {
	t      *testing.T
	c      *chooser
	list   []Interface
	screen tcell.SimulationScreen
}

func newChoosing(t *testing.T, w, h int) *choosing {
	t.Helper()
	s := &choosing{t: t, screen: tcell.NewSimulationScreen("UTF-8")}
	if err := s.screen.Init(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.screen.Fini)
	s.screen.SetSize(w, h)
	s.list = []Interface{
		{Name: "lo", State: "up", Link: "EN10MB", Addresses: []string{"127.0.0.1/8"}, Counted: true},
		{Name: "eth0", State: "up", Link: "EN10MB", Addresses: []string{"192.0.2.1/24"}, Counted: true},
		{Name: "evil\x1b[2J", State: "down", Link: "EN10MB"},
	}
	looks, err := LoadThemes("", "", false)
	if err != nil {
		t.Fatal(err)
	}
	s.c, err = newChooser(ChooserOptions{
		Themes: looks,
		List:   func() ([]Interface, error) { return s.list, nil },
		Check: func(expr string, names []string) (string, int) {
			if i := strings.Index(expr, "bad"); i >= 0 {
				return "bad on " + names[0], i
			}
			return "", 0
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *choosing) press(keys ...string) {
	for _, k := range keys {
		s.c.key(keyEvent(k))
	}
}

func (s *choosing) write(text string) {
	for _, r := range text {
		s.c.key(tcell.NewEventKey(tcell.KeyRune, r, 0))
	}
}

func (s *choosing) want(texts ...string) {
	s.t.Helper()
	w, h := s.screen.Size()
	s.c.draw(canvas{s.screen, s.c.theme, rect{0, 0, w, h}})
	got := (&stage{t: s.t, screen: s.screen}).seen()
	for _, x := range texts {
		if !strings.Contains(got, x) {
			s.t.Errorf("the screen does not show %q:\n%s", x, got)
		}
	}
}

// TestChoose chooses one interface by its row, and several with a filter.
func TestChoose(t *testing.T) {
	s := newChoosing(t, 80, 24)
	s.want("▸   any", "lo", "eth0", "none: everything", "Enter capture")
	s.press("Down", "Enter")
	if got := s.c.choice; got == nil || len(got.Interfaces) != 1 || got.Interfaces[0] != "lo" || got.Filter != "" {
		t.Fatalf("%+v", got)
	}
	s = newChoosing(t, 80, 24)
	s.press("Space", "Down", "Space", "Down", "Space") // any, then lo and eth0 in its place
	s.want("✔  lo", "✔  eth0", "lo, eth0")
	s.press("/")
	s.write("tcp bad")
	s.want("✖ bad on lo", "                     ^")
	s.press("Enter", "Enter")
	s.want("the filter is wrong")
	if s.c.choice != nil {
		t.Fatal("started with a wrong filter")
	}
	s.press("/", "Ctrl-w")
	s.write("port 80")
	s.want("✔ valid")
	s.press("Esc")
	s.want("tcp bad")
	s.press("/", "Ctrl-u")
	s.write(" tcp ")
	s.press("Enter", "Enter")
	if got := s.c.choice; got == nil || strings.Join(got.Interfaces, " ") != "lo eth0" || got.Filter != "tcp" {
		t.Fatalf("%+v", got)
	}
}

// TestChooserTraffic: rates are shown as they are measured, rows come and go,
// and the cursor stays on its interface.
func TestChooserTraffic(t *testing.T) {
	s := newChoosing(t, 120, 30)
	s.press("Down", "Down")
	now := s.c.at
	for range 30 {
		now = now.Add(time.Second)
		s.list[1].Packets, s.list[1].Bytes = s.list[1].Packets+1500, s.list[1].Bytes+2_000_000
		s.c.take(s.list, nil, now)
	}
	s.want("1500", "2.0 MB", "⣿", "192.0.2.1/24", `evil\x1b[2J`)
	if n := len(s.c.rows[2].bytes); n != samples {
		t.Errorf("%d samples", n)
	}
	s.list = append([]Interface{{Name: "docker0", State: "no carrier", Counted: true}}, s.list[1:]...) // lo vanishes
	s.c.take(s.list, nil, now.Add(time.Second))
	if names := s.c.names(); names[0] != "eth0" {
		t.Errorf("the cursor is on %v", names)
	}
	s.want("docker0", "no carrier")
	s.list[1].Packets, s.list[1].Bytes = 0, 0 // made anew
	s.c.take(s.list, nil, now.Add(2*time.Second))
	s.c.take(nil, errors.New("netlink is gone"), now)
	s.want("netlink is gone")
	s.press("End", "Home", "G", "g", "PgDn", "PgUp", "j", "k")
	s.c.mouse(tview.MouseScrollDown, 5)
	s.want("any")
	s.c.mouse(tview.MouseLeftClick, s.c.body.y+1)
	if !s.c.chosen["docker0"] {
		t.Error("a click does not choose")
	}
	s.c.mouse(tview.MouseLeftDoubleClick, s.c.body.y+2)
	if got := s.c.choice; got == nil || got.Interfaces[0] != "eth0" {
		t.Errorf("a double click does not start: %+v", got)
	}
}

// TestChooserSizes draws at many sizes; nothing panics.
func TestChooserSizes(t *testing.T) {
	s := newChoosing(t, 80, 24)
	s.press("/")
	s.write(strings.Repeat("é long expression ", 40) + "bad")
	for w := 1; w < 200; w += 13 {
		for h := 1; h < 60; h += 7 {
			s.screen.SetSize(w, h)
			s.want()
		}
	}
	s.screen.SetSize(59, 15)
	s.want("too small")
	if _, err := newChooser(ChooserOptions{Themes: s.c.o.Themes, List: func() ([]Interface, error) { return nil, nil }}); err == nil {
		t.Error("a screen without interfaces")
	}
}

// startedScreen tells when the program has begun to use it: before that it takes no keys.
type startedScreen struct {
	tcell.SimulationScreen
	started chan struct{}
}

func (s *startedScreen) Init() error {
	defer close(s.started)
	return s.SimulationScreen.Init()
}

// TestStoppedEarly: what is called off before its event loop runs ends at once.
func TestStoppedEarly(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for what, run := range map[string]func(tcell.Screen) error{
		"chooser":   func(s tcell.Screen) error { _, err := Choose(ctx, newChoosing(t, 80, 24).c.o, s); return err },
		"inspector": func(s tcell.Screen) error { return Run(ctx, newFake(), Options{}, s) },
	} {
		for range 100 { // who is first is not always the same
			done := make(chan error, 1)
			go func() { done <- run(tcell.NewSimulationScreen("UTF-8")) }()
			select {
			case err := <-done:
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
			case <-time.After(time.Minute):
				t.Fatalf("the %s does not end", what)
			}
		}
	}
}

// TestChooseRuns runs the event loop: keys in, a choice out; and its end with the context.
func TestChooseRuns(t *testing.T) {
	o := newChoosing(t, 80, 24).c.o
	for _, key := range []string{"Enter", "q", ""} {
		screen := &startedScreen{SimulationScreen: tcell.NewSimulationScreen("UTF-8"), started: make(chan struct{})}
		ctx, cancel := context.WithCancel(context.Background())
		type result struct {
			choice *Choice
			err    error
		}
		done := make(chan result, 1)
		go func() {
			choice, err := Choose(ctx, o, screen)
			done <- result{choice, err}
		}()
		<-screen.started
		if key == "" {
			cancel()
		} else {
			e := keyEvent(key)
			screen.InjectKey(e.Key(), e.Rune(), e.Modifiers())
		}
		select {
		case r := <-done:
			if r.err != nil || (r.choice != nil) != (key == "Enter") {
				t.Errorf("%q: %+v, %v", key, r.choice, r.err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%q does not end the chooser", key)
		}
		cancel()
	}
}
