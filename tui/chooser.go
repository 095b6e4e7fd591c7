package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// Interface is something to capture on.
type Interface struct {
	Name      string
	State     string // up, down, no carrier
	Link      string // link type of a capture
	Addresses []string
	// Packets and Bytes are totals in both directions since it exists; Counted is
	// false where they are not known.
	Packets, Bytes uint64
	Counted        bool
}

// ChooserOptions are what the screen to choose interfaces works with.
type ChooserOptions struct {
	Themes *Themes
	Filter string // the capture filter to begin with
	// List returns what there is to capture on. It is called once a second.
	List func() ([]Interface, error)
	// Check says what is wrong with a capture filter on interfaces of these names,
	// and at which byte; "" is nothing.
	Check func(expr string, names []string) (advice string, at int)
}

// Choice is what was chosen.
type Choice struct {
	Interfaces []string
	Filter     string
}

// Choose lets the user choose interfaces and a capture filter. It returns nil if
// the user quits or ctx ends. screen is as for Run.
func Choose(ctx context.Context, o ChooserOptions, screen tcell.Screen) (_ *Choice, err error) {
	c, err := newChooser(o)
	if err != nil {
		return nil, err
	}
	tv := tview.NewApplication().EnableMouse(true).EnablePaste(true)
	if screen != nil {
		tv.SetScreen(screen)
	}
	defer func() {
		if x := recover(); x != nil {
			err = crash(x)
		}
	}()
	c.stop = tv.Stop
	ended := make(chan struct{})
	defer stopAfter(ctx, tv)()
	go func() {
		tick := time.NewTicker(meterInterval)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				list, err := o.List()
				go tv.QueueUpdateDraw(func() { c.take(list, err, time.Now()) }) // it waits for ever where the loop has ended
			}
		}
	}()
	tv.SetRoot(&chooserRoot{tview.NewBox(), c}, true)
	err = tv.Run()
	close(ended)
	return c.choice, err
}

// chooserRoot is the chooser as tview sees it.
type chooserRoot struct {
	*tview.Box
	c *chooser
}

// Draw implements tview.Primitive.
func (r *chooserRoot) Draw(screen tcell.Screen) {
	x, y, w, h := r.GetRect()
	r.c.draw(canvas{screen, r.c.theme, rect{x, y, w, h}})
}

// InputHandler implements tview.Primitive.
func (r *chooserRoot) InputHandler() func(*tcell.EventKey, func(tview.Primitive)) {
	return func(e *tcell.EventKey, _ func(tview.Primitive)) { r.c.key(e) }
}

// PasteHandler implements tview.Primitive: what is pasted is a filter.
func (r *chooserRoot) PasteHandler() func(string, func(tview.Primitive)) {
	return func(s string, _ func(tview.Primitive)) {
		s, _, _ = strings.Cut(s, "\n")
		r.c.typing = true
		r.c.filter.insert(s[:min(len(s), 4096)])
	}
}

// MouseHandler implements tview.Primitive.
func (r *chooserRoot) MouseHandler() func(tview.MouseAction, *tcell.EventMouse, func(tview.Primitive)) (bool, tview.Primitive) {
	return func(action tview.MouseAction, e *tcell.EventMouse, _ func(tview.Primitive)) (bool, tview.Primitive) {
		_, y := e.Position()
		r.c.mouse(action, y)
		return true, nil
	}
}

// samples is how many seconds of traffic are drawn.
const samples = 24

// chooser is the screen to choose interfaces.
type chooser struct {
	o       ChooserOptions
	theme   *theme
	rows    []chooserRow
	cursor  cursor
	chosen  map[string]bool
	filter  prompt
	before  string // the filter before it was typed into
	typing  bool
	message string
	at      time.Time // of the last list
	body    rect      // where the rows were drawn
	stop    func()
	choice  *Choice
}

// chooserRow is an interface with its traffic.
type chooserRow struct {
	Interface
	packets, bytes []float64 // a second, latest last
}

// anyName stands for all interfaces.
const anyName = "any"

func newChooser(o ChooserOptions) (*chooser, error) {
	c := &chooser{o: o, theme: o.Themes.list[o.Themes.first], chosen: map[string]bool{}, stop: func() {}}
	list, err := o.List()
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("there is no interface to capture on")
	}
	c.filter.set(o.Filter)
	c.take(list, nil, time.Now())
	return c, nil
}

// take takes over the interfaces as they are now. Rows keep their places.
func (c *chooser) take(list []Interface, err error, now time.Time) {
	if err != nil {
		c.message = err.Error()
		return
	}
	all := Interface{Name: anyName, State: "up", Link: "all interfaces, those to come too", Counted: true}
	for _, i := range list {
		all.Packets, all.Bytes = all.Packets+i.Packets, all.Bytes+i.Bytes
	}
	old := map[string]chooserRow{}
	for _, r := range c.rows {
		old[r.Name] = r
	}
	on := ""
	if c.cursor.n > 0 {
		on = c.rows[c.cursor.at].Name
	}
	seconds := now.Sub(c.at).Seconds()
	c.rows = c.rows[:0:0]
	for _, i := range append([]Interface{all}, list...) {
		r := chooserRow{Interface: i}
		if before, ok := old[i.Name]; ok && i.Counted && seconds > 0 {
			per := func(now, then uint64) float64 { // an interface that was made anew begins at 0
				return float64(max(now, then)-then) / seconds
			}
			r.packets = lastOf(append(before.packets, per(i.Packets, before.Packets)))
			r.bytes = lastOf(append(before.bytes, per(i.Bytes, before.Bytes)))
		}
		c.rows = append(c.rows, r)
	}
	c.at = now
	c.cursor.n = len(c.rows)
	for i, r := range c.rows {
		if r.Name == on {
			c.cursor.set(i)
		}
	}
	c.cursor.set(min(c.cursor.at, len(c.rows)-1))
}

func lastOf(v []float64) []float64 { return v[max(0, len(v)-samples):] }

// names are the interfaces that are chosen: those that are marked, or the one of the cursor.
func (c *chooser) names() []string {
	var out []string
	for _, r := range c.rows {
		if c.chosen[r.Name] {
			out = append(out, r.Name)
		}
	}
	if len(out) == 0 {
		out = append(out, c.rows[c.cursor.at].Name)
	}
	return out
}

// mark chooses the row of the cursor too, or no more. All is not some of them.
func (c *chooser) mark() {
	name := c.rows[c.cursor.at].Name
	on := !c.chosen[name]
	if on && (name == anyName || c.chosen[anyName]) {
		clear(c.chosen)
	}
	c.chosen[name] = on
}

// start ends the screen with a choice, if the filter is right.
func (c *chooser) start() {
	if advice, _ := c.verdict(); advice != "" {
		c.message = "the filter is wrong; / changes it"
		return
	}
	c.choice = &Choice{Interfaces: c.names(), Filter: strings.TrimSpace(c.filter.String())}
	c.stop()
}

// verdict says what is wrong with the filter, and where.
func (c *chooser) verdict() (advice string, at int) {
	if strings.TrimSpace(c.filter.String()) == "" {
		return "", 0
	}
	return c.o.Check(c.filter.String(), c.names())
}

// key takes a key.
func (c *chooser) key(e *tcell.EventKey) {
	c.message = ""
	name := keyName(e)
	if c.typing {
		switch name {
		case "Ctrl-c":
			c.stop()
		case "Esc":
			c.filter.set(c.before)
			c.typing = false
		case "Enter", "Tab", "Up", "Down":
			c.typing = false
		default:
			c.filter.key(e)
		}
		return
	}
	switch name {
	case "Up", "k":
		c.cursor.move(-1)
	case "Down", "j":
		c.cursor.move(1)
	case "PgUp", "Home", "g":
		c.cursor.set(0)
	case "PgDn", "End", "G":
		c.cursor.set(len(c.rows) - 1)
	case "Space":
		c.mark()
	case "Enter":
		c.start()
	case "/", "f", "Tab":
		c.typing, c.before = true, c.filter.String()
	case "q", "Esc", "Ctrl-c":
		c.stop()
	}
}

// mouse takes a mouse action on a line of the screen.
func (c *chooser) mouse(action tview.MouseAction, y int) {
	i := y - c.body.y + c.cursor.top
	switch {
	case action == tview.MouseScrollUp:
		c.cursor.move(-1)
	case action == tview.MouseScrollDown:
		c.cursor.move(1)
	case y < c.body.y || y >= c.body.y+c.body.h || i >= len(c.rows):
	case action == tview.MouseLeftClick:
		c.cursor.set(i)
		c.mark()
	case action == tview.MouseLeftDoubleClick:
		clear(c.chosen)
		c.cursor.set(i)
		c.start()
	}
}

// hints are the keys, for the last line.
var chooserHints = [][2]string{
	{"Enter", "capture"}, {"Space", "choose several"}, {"/", "filter"}, {"↑ ↓", "move"}, {"q", "quit"},
}

// draw draws the whole screen.
func (c *chooser) draw(cv canvas) {
	st := cv.theme.styles
	cv.screen.HideCursor()
	cv.clear(st[rPlain])
	if cv.w < minWidth || cv.h < minHeight {
		cv.text(0, 0, cv.w, st[rWarning], sprintf("%d×%d is too small", cv.w, cv.h))
		cv.text(0, 1, cv.w, st[rPlain], sprintf("sockeye needs %d×%d; q quits", minWidth, minHeight))
		return
	}
	bar := cv.part(rect{0, 0, cv.w, 1})
	bar.clear(st[rBar])
	bar.text(1, 0, cv.w-2, st[rBarStrong], "sockeye  what to capture on?")
	box := cv.part(rect{0, 1, cv.w, cv.h - 5})
	c.drawRows(box.part(rect{1, 1, box.w - 2, box.h - 2}))
	box.box(!c.typing, line{{rHeading, "Interfaces "}}, sprintf(" %s ", strings.Join(c.names(), ", ")))
	c.drawFilter(cv.part(rect{0, cv.h - 4, cv.w, 3}))
	last := cv.part(rect{0, cv.h - 1, cv.w, 1})
	if c.message != "" {
		last.text(1, 0, cv.w-2, st[rWarning], c.message)
		return
	}
	hints := chooserHints
	if c.typing {
		hints = [][2]string{{"Enter", "done"}, {"Esc", "as it was before"}}
	}
	x := 1
	for _, h := range hints {
		x += last.text(x, 0, cv.w-x, st[rKey], h[0]) + 1
		x += last.text(x, 0, cv.w-x, st[rDim], h[1]) + 2
	}
}

// drawRows draws the interfaces: what fits of their columns.
func (c *chooser) drawRows(cv canvas) {
	st := cv.theme.styles
	w := chooserWidths{name: 16, packets: 10, bytes: 11, about: cv.w >= 100}
	packets := "packets/s"
	if cv.w < 70 {
		w, packets = chooserWidths{name: 10, packets: 7, bytes: 9}, "p/s"
	}
	head := pad("    Name", 4+w.name, false) + pad("State", 11, false) + pad(packets, w.packets, true) + pad("bytes/s", w.bytes, true) + "  "
	head += pad("last "+fmt.Sprint(samples)+" s", samples/2+2, false)
	if w.about {
		head += "Addresses"
	}
	cv.text(0, 0, cv.w, st[rHeading], head)
	c.body = rect{cv.x, cv.y + 1, cv.w, cv.h - 1}
	c.cursor.rows = c.body.h
	c.cursor.set(c.cursor.at)
	for y := range min(c.body.h, len(c.rows)-c.cursor.top) {
		i := c.cursor.top + y
		l := c.row(&c.rows[i], w)
		var style *tcell.Style
		if i == c.cursor.at {
			style = &cv.theme.selected
			if c.typing {
				style = &cv.theme.resting
			}
			l[0].text = "▸" + l[0].text[1:]
			cv.clearLine(y+1, *style)
		}
		cv.line(0, y+1, l, style)
	}
}

// chooserWidths are the columns of the interfaces.
type chooserWidths struct {
	name, packets, bytes int
	about                bool // addresses are shown
}

// row is one interface's line.
func (c *chooser) row(r *chooserRow, w chooserWidths) line {
	mark := "   "
	if c.chosen[r.Name] {
		mark = " ✔ "
	}
	role := rPlain
	if r.State != "up" {
		role = rDim
	}
	packets, bytes := "", ""
	if n := len(r.packets); n > 0 {
		packets, bytes = rateCount(r.packets[n-1]), event.Size(uint64(r.bytes[n-1]))
	}
	name := event.Cut(event.SafeString(r.Name), w.name-1)
	l := line{
		{rGood, mark + " "}, {role, pad(name, w.name, false) + pad(event.SafeString(r.State), 11, false)},
		{role, pad(packets, w.packets, true) + pad(bytes, w.bytes, true) + "  "},
		{rClient, pad(plot(r.bytes, 1)[0], samples/2+2, false)},
	}
	if w.about {
		about := strings.Join(r.Addresses, " ")
		if about == "" {
			about = r.Link
		}
		l = append(l, span{rDim, about})
	}
	return l
}

// drawFilter draws the capture filter, and below it where it is wrong and why.
func (c *chooser) drawFilter(cv canvas) {
	st := cv.theme.styles
	label := st[rHeading]
	if c.typing {
		label = st[rKey]
	}
	x := 1 + cv.text(1, 0, cv.w, label, "Capture filter: ")
	text, at := c.filter.text, c.filter.at
	shown := func(from, to int) int { return event.Width(event.SafeString(string(text[from:to]))) }
	from, room := 0, cv.w-x-2
	for c.typing && shown(from, at) > room { // the beginning goes out of sight
		_, n := utf8.DecodeRune(text[from:])
		from += n
	}
	if len(text) == 0 && !c.typing {
		cv.text(x, 0, room, st[rDim], "none: everything; / asks for one, as in tcp port 8080")
		return
	}
	cv.text(x, 0, room, st[rPlain], string(text[from:]))
	if c.typing {
		cv.screen.ShowCursor(cv.x+x+shown(from, at), cv.y)
	}
	advice, wrong := c.verdict()
	switch {
	case advice == "" && len(text) > 0:
		cv.text(x, 1, room, st[rGood], "✔ valid")
	case advice != "":
		if wrong = min(max(wrong, 0), len(text)); wrong >= from && shown(from, wrong) < room {
			cv.text(x+shown(from, wrong), 1, 1, st[rError], "^")
		}
		cv.text(1, 2, cv.w-2, st[rError], "✖ "+advice)
	}
}
