package tui

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
)

// earnest is an inspector as it runs in the program, with its event loop and
// what it does in the background, on a simulated screen.
type earnest struct {
	t      *testing.T
	a      *App
	screen tcell.SimulationScreen
	ran    map[string]*atomic.Int32 // how often each action ran
	done   chan error
}

func newEarnest(t *testing.T, src Source, live bool) *earnest {
	t.Helper()
	o := Options{Title: "x"}
	if live {
		o.Capture = &played{}
	}
	a, err := newApp(src, o)
	if err != nil {
		t.Fatal(err)
	}
	e := &earnest{t: t, a: a, screen: tcell.NewSimulationScreen("UTF-8"), ran: map[string]*atomic.Int32{}, done: make(chan error, 1)}
	for i := range a.actions {
		x := &a.actions[i]
		n, run := &atomic.Int32{}, x.run
		e.ran[x.name] = n
		x.run = func(a *App) { run(a); n.Add(1) }
	}
	a.attach(e.screen)
	e.screen.SetSize(120, 40)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	go func() { e.done <- a.run(ctx) }()
	e.until("the first drawing", func(a *App) bool { return a.screen != nil })
	return e
}

// until waits until something holds, as seen by the event loop.
func (e *earnest) until(what string, ok func(*App) bool) {
	e.t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Millisecond) {
		held := false
		e.a.post(func() { held = ok(e.a) })
		if held {
			return
		}
		if time.Now().After(end) {
			e.t.Fatalf("waited for %s", what)
		}
	}
}

// press injects a key and waits until the action that it stands for has run.
func (e *earnest) press(key, name string) {
	e.t.Helper()
	before := e.ran[name].Load()
	k := keyEvent(key)
	e.screen.InjectKey(k.Key(), k.Rune(), k.Modifiers())
	for end := time.Now().Add(2 * time.Minute); e.ran[name].Load() == before; time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			e.t.Fatalf("%s did not do %s", key, name)
		}
	}
}

// play brings the inspector to a scene.
func (e *earnest) play(c *scene) {
	e.t.Helper()
	settled := func(a *App) bool {
		return (a.conv == nil || a.conv.view.Done()) && (a.page == nil || a.page.reading == nil || !a.page.reading())
	}
	named := func(key string) (name string) {
		e.until("what "+key+" does", func(a *App) bool {
			for _, x := range a.byKey[key] {
				if x.applies(a, a.context()) {
					name = x.name
					return true
				}
			}
			return false
		})
		return name
	}
	e.until("the connection", settled)
	for _, k := range c.keys {
		e.press(k, named(k))
	}
	for n := 0; c.until != nil; n++ {
		found := false
		e.until("the connection", settled)
		e.a.post(func() { found = c.until(e.a) })
		if found {
			break
		}
		if n == 300 {
			e.t.Fatalf("%s: not found", c.name)
		}
		e.press("Down", "down")
	}
	for _, k := range c.then {
		e.press(k, named(k))
	}
	e.until(c.name, func(a *App) bool { return settled(a) && a.context() == c.in })
}

// TestInEarnest does every action of the table where it applies, by its key,
// through the event loop.
func TestInEarnest(t *testing.T) {
	sources := map[string]Source{}
	done := map[string]bool{}
	t.Chdir(t.TempDir())
	for _, c := range scenes() {
		src := sources[c.capture]
		if src == nil {
			src = openCapture(t, pcap(t, c.capture))
			sources[c.capture] = src
		}
		names := map[string]string{} // key by action
		first := newEarnest(t, src, c.live)
		first.play(&c)
		first.a.post(func() {
			for _, x := range first.a.helpFor(c.in) {
				if !done[x.name] {
					names[x.name] = x.keys[0]
				}
			}
		})
		first.a.quit()
		if err := ended(t, first.done); err != nil {
			t.Fatal(err)
		}
		for name, key := range names {
			done[name] = true
			e := newEarnest(t, src, c.live)
			e.play(&c)
			switch name {
			case "quit-now": // the event loop itself takes this key
				e.screen.InjectKey(tcell.KeyCtrlC, 0, tcell.ModCtrl)
			case "quit":
				e.press(key, name)
			default:
				e.press(key, name)
				e.until("the drawing after it", func(a *App) bool { return true })
				e.a.quit()
			}
			if err := ended(t, e.done); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	for _, x := range actionTable() {
		if !done[x.name] {
			t.Errorf("%s was never done", x.name)
		}
	}
}
