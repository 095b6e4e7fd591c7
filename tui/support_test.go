package tui

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

var update = flag.Bool("update", false, "write the golden files anew")

// stage is an inspector on a screen that a test reads.
type stage struct {
	t      *testing.T
	a      *App
	screen tcell.SimulationScreen
}

// openCapture opens a capture and waits until it is read.
func openCapture(t *testing.T, name string) Source {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s, err := session.Open(ctx, session.Options{Files: []string{name}, SpoolDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := s.Close(); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	})
	select {
	case <-s.Loaded():
	case <-time.After(2 * time.Minute):
		t.Fatalf("%s was not read in time", name)
	}
	return FromSession(ctx, s)
}

// newStage shows a capture on a screen of a size.
func newStage(t *testing.T, src Source, title string, w, h int) *stage {
	t.Helper()
	s := newBareStage(t, src, title, w, h)
	s.settle()
	return s
}

// newBareStage is a stage whose first connection may still be read.
func newBareStage(t *testing.T, src Source, title string, w, h int) *stage {
	t.Helper()
	screen := tcell.NewSimulationScreen("UTF-8")
	if err := screen.Init(); err != nil {
		t.Fatal(err)
	}
	screen.SetSize(w, h)
	t.Cleanup(screen.Fini)
	a, err := newApp(src, Options{Title: title})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if a.conv != nil {
			a.conv.close()
		}
	})
	return &stage{t, a, screen}
}

// stageOf shows one of the project's captures.
func stageOf(t *testing.T, capture string, w, h int) *stage {
	return newStage(t, openCapture(t, pcap(t, filepath.Base(capture))), filepath.Base(capture), w, h)
}

// settle waits until the open connection is read, and takes it over.
func (s *stage) settle() {
	s.t.Helper()
	for end := time.Now().Add(2 * time.Minute); s.a.conv != nil && !s.a.conv.view.Done() || s.a.page != nil && s.a.page.reading != nil && s.a.page.reading(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatal("the connection was not read in time")
		}
	}
	s.a.changed()
	if s.a.goal != nil {
		s.t.Error("a finding was not revealed")
	}
}

// press presses keys by their names.
func (s *stage) press(keys ...string) {
	s.t.Helper()
	for _, k := range keys {
		s.a.key(keyEvent(k))
		s.settle()
	}
}

// write types a text, a key a character.
func (s *stage) write(text string) {
	for _, r := range text {
		s.a.key(tcell.NewEventKey(tcell.KeyRune, r, 0))
	}
	s.settle()
}

// show draws and returns what is seen, lines without the spaces at their ends.
func (s *stage) show() string {
	w, h := s.screen.Size()
	s.a.draw(canvas{s.screen, s.a.themes[s.a.theme], rect{0, 0, w, h}})
	return s.seen()
}

// seen returns what is on the screen.
func (s *stage) seen() string {
	s.screen.Show()
	cells, w, h := s.screen.GetContents()
	var b strings.Builder
	for y := range h {
		var l strings.Builder
		for x := 0; x < w; x++ {
			c := cells[y*w+x]
			if len(c.Runes) == 0 {
				continue
			}
			l.WriteString(string(c.Runes))
			if event.Width(string(c.Runes)) == 2 {
				x++ // the cell behind a wide character is not seen
			}
		}
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	return b.String()
}

// want fails unless the screen shows all of these.
func (s *stage) want(texts ...string) {
	s.t.Helper()
	screen := s.show()
	for _, x := range texts {
		if !strings.Contains(screen, x) {
			s.t.Errorf("the screen does not show %q:\n%s", x, screen)
		}
	}
}

// golden compares the screen with a golden file.
func (s *stage) golden(name string) {
	s.t.Helper()
	path := filepath.Join(screens, name+".txt")
	got := s.show()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	if got != string(want) {
		s.t.Errorf("%s differs; -update writes it anew. got:\n%swant:\n%s", path, got, want)
	}
}

// pcap returns the absolute path of one of the project's captures.
func pcap(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(pcaps, name)
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	return path
}

var pcaps, _ = filepath.Abs(filepath.Join("..", "pcaps"))
