package tui

import (
	"fmt"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// pane is one of the four parts of the main screen.
type pane int

const (
	paneConns pane = iota
	paneMessages
	paneDetail
	paneFindings
	numPanes
)

// App is the inspector. Everything in it belongs to the goroutine of the event
// loop, but for post and the fields that say otherwise.
type App struct {
	opt     Options
	src     Source
	tv      *tview.Application
	stopped chan struct{} // closed when the event loop has ended
	stop    sync.Once
	crashed func(any)                  // called by guard
	failure atomic.Pointer[CrashError] // of another goroutine

	themes  []*theme
	theme   int
	screen  tcell.Screen // of the last drawing
	width   int
	height  int
	places  [numPanes]rect // where the panes are; empty: not seen
	focus   pane
	zoom    bool
	splits  splits
	page    *page
	menu    *menu
	prompt  *prompt
	message line // on the last line until the next key
	actions []action
	byKey   map[string][]*action

	state    State // of the source: not newer than the lists
	conns    connList
	conv     *conversation // nil: none is open
	touched  bool          // a key or the mouse was used
	detail   detail
	findings findingList
	goal     *event.Event // a finding to be revealed when its connection was read

	chosen   []choice // what is to be compared, at most two
	revealed bool     // credentials are shown, copied and saved
	follow   bool
	frozen   bool
	missed   bool // something changed while frozen
	meter    meter
	filter   filterState
	find     *regexp.Regexp // what was searched for; nil: nothing
	findText string         // as it was typed
	started  time.Time
}

// newApp makes an inspector of a capture, without a screen.
func newApp(src Source, opt Options) (*App, error) {
	looks := opt.Themes
	if looks == nil {
		var err error
		if looks, err = LoadThemes(opt.Config, opt.Theme, opt.NoColor); err != nil {
			return nil, err
		}
	}
	a := &App{
		opt: opt, src: src, stopped: make(chan struct{}), themes: looks.list, theme: looks.first, started: time.Now(),
	}
	a.actions = actionTable()
	a.byKey = map[string][]*action{}
	for i := range a.actions {
		for _, k := range a.actions[i].keys {
			a.byKey[k] = append(a.byKey[k], &a.actions[i])
		}
	}
	a.conns.sort = colNumber
	a.filter.compile(src, opt.Filter)
	a.filter.err = nil
	a.lookAtCapture(time.Now())
	a.reload()
	return a, nil
}

// post has f called by the event loop, followed by a drawing. It may be called
// from any goroutine but the event loop's, and returns when f was called or the
// inspector has stopped.
func (a *App) post(f func()) {
	select {
	case <-a.stopped:
		return
	default:
	}
	done := make(chan struct{})
	go func() { // tview waits for ever for an event loop that has ended
		a.tv.QueueUpdateDraw(f)
		close(done)
	}()
	select {
	case <-done:
	case <-a.stopped:
	}
}

// background runs work on a goroutine of its own, then f on the event loop's.
func (a *App) background(work, f func()) {
	if a.tv == nil { // no event loop: at once
		work()
		f()
		return
	}
	go func() {
		defer a.guard()
		work()
		a.post(f)
	}()
}

// quit ends the event loop.
func (a *App) quit() {
	if a.tv != nil {
		a.tv.Stop()
	}
}

// watch takes over what changes in the capture until the inspector stops.
func (a *App) watch() {
	var second <-chan time.Time // a capture is looked at although nothing comes
	if a.live() {
		ticker := time.NewTicker(meterInterval)
		defer ticker.Stop()
		second = ticker.C
	}
	for {
		select {
		case <-a.stopped:
			return
		case <-second:
			a.post(func() {
				a.lookAtCapture(time.Now())
				if !a.frozen {
					a.findings.load(a)
				}
			})
		case _, ok := <-a.src.Changed():
			if !ok {
				return
			}
			var took time.Duration
			a.post(func() {
				start := time.Now()
				a.changed()
				took = time.Since(start)
			})
			// Keys go before news: what takes long is done more seldom.
			select {
			case <-time.After(4 * took):
			case <-a.stopped:
			}
		}
	}
}

// changed takes over the capture's new state.
func (a *App) changed() {
	if a.frozen {
		a.missed = true
		return
	}
	a.reload()
}

// reload reads the lists again. The cursors stay on what they are on.
func (a *App) reload() {
	a.state = a.src.State()
	a.listConns()
	if a.conv != nil {
		if i := int(a.conv.row.Number) - 1; i < len(a.conns.rows) {
			a.conv.row = a.conns.rows[i]
		}
		if a.conv.pieces && a.conv.row.Protocol == "websocket" {
			a.reopen()
		}
	}
	if !a.touched { // the first connection, as if all had been read before it was opened
		a.conns.cursor.set(0)
		a.openChosen()
	}
	if a.conv == nil && a.conns.cursor.n > 0 {
		a.openChosen()
	}
	if a.conv != nil {
		a.following(func() { a.conv.load(a) })
		a.showDetail()
	}
	if a.goal != nil {
		a.reachGoal()
	}
	if a.follow && a.focus == paneConns {
		a.conns.cursor.set(a.conns.cursor.n - 1)
		a.conns.keep()
	}
	a.findings.load(a)
}

// listConns lists the connections that pass the filter.
func (a *App) listConns() {
	rows := a.src.Rows()
	a.filter.look(rows)
	a.conns.load(rows, a.filter.rows)
}

// following has load take over rows of the open connection. With follow, a
// cursor in the last row stays there.
func (a *App) following(load func()) {
	atEnd := a.conv.cursor.last()
	if load(); a.follow && atEnd {
		a.conv.cursor.set(a.conv.cursor.n - 1)
		a.conv.keep()
	}
}

// say puts a note on the last line.
func (a *App) say(r role, format string, args ...any) {
	a.message = line{{r, fmt.Sprintf(format, args...)}}
}

// openSelected opens the connection of the cursor.
func (a *App) openSelected() {
	row := a.conns.selected()
	if row == nil {
		return
	}
	if a.conv != nil && a.conv.row.Number == row.Number {
		return
	}
	if a.conv != nil {
		a.conv.close()
	}
	a.conv = nil
	view, err := a.src.Open(row.Number)
	if err != nil {
		a.say(rError, "connection %d: %v", row.Number, err)
		return
	}
	a.conv = newConversation(row, view)
	a.conv.hide = !a.revealed
	a.conv.load(a)
	a.detail.index = -1
	a.showDetail()
	a.findings.load(a)
}

// reopen opens the connection again when it is known to be a WebSocket: what was
// opened before has the pieces of its stream too, which are left out of one that
// is opened later. What was selected stays selected.
func (a *App) reopen() {
	view, err := a.src.Open(a.conv.row.Number)
	if err != nil {
		return // what is there stays
	}
	place := a.conv.reopen(view)
	a.chosen = slices.DeleteFunc(a.chosen, func(c choice) bool {
		return c.conn == a.conv.row.Number && c.index >= 0 && c.event.Detail.Kind() == event.KindData
	})
	for i := range a.chosen {
		if c := &a.chosen[i]; c.conn == a.conv.row.Number && c.index >= 0 {
			c.index = place(c.index)
		}
	}
	a.detail.index = -1
	a.findings.conn = 0
}

// showDetail shows the message of the cursor in the detail pane.
func (a *App) showDetail() { a.detail.show(a) }

// showChosen shows the message that the user put the cursor on.
func (a *App) showChosen() {
	a.conv.keep()
	a.showDetail()
}

// sideRole is the role of what a side sends.
func sideRole(s event.Side) role {
	switch s {
	case event.Client:
		return rClient
	case event.Server:
		return rServer
	}
	return rPlain
}

// arrow is the direction of what a side sends.
func arrow(s event.Side) string {
	switch s {
	case event.Client:
		return "→"
	case event.Server:
		return "←"
	}
	return " "
}

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }
