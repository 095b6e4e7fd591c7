package tui

import (
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// The smallest screen that the inspector works on.
const (
	minWidth  = 60
	minHeight = 15
)

// root is the inspector as tview sees it: one primitive that draws everything
// and takes all keys.
type root struct {
	*tview.Box
	a *App
}

// Draw implements tview.Primitive.
func (r *root) Draw(screen tcell.Screen) {
	x, y, w, h := r.GetRect()
	r.a.draw(canvas{screen, r.a.themes[r.a.theme], rect{x, y, w, h}})
}

// InputHandler implements tview.Primitive.
func (r *root) InputHandler() func(*tcell.EventKey, func(tview.Primitive)) {
	return func(e *tcell.EventKey, _ func(tview.Primitive)) { r.a.key(e) }
}

// PasteHandler implements tview.Primitive: what is pasted goes into the prompt,
// and nowhere else.
func (r *root) PasteHandler() func(string, func(tview.Primitive)) {
	return func(s string, _ func(tview.Primitive)) {
		if p := r.a.prompt; p != nil {
			s, _, _ = strings.Cut(s, "\n")
			p.insert(s[:min(len(s), 4096)])
		}
	}
}

// MouseHandler implements tview.Primitive.
func (r *root) MouseHandler() func(tview.MouseAction, *tcell.EventMouse, func(tview.Primitive)) (bool, tview.Primitive) {
	return func(action tview.MouseAction, e *tcell.EventMouse, _ func(tview.Primitive)) (bool, tview.Primitive) {
		x, y := e.Position()
		return r.a.mouse(action, x, y), nil
	}
}

// key takes a key.
func (a *App) key(e *tcell.EventKey) {
	a.touched = true
	if a.prompt != nil {
		p := a.prompt
		if !p.key(e) && a.prompt == p {
			a.prompt = nil
		}
		return
	}
	if name := keyName(e); name != "" {
		a.press(name)
	}
}

// draw draws the whole screen.
func (a *App) draw(c canvas) {
	a.screen, a.width, a.height = c.screen, c.w, c.h
	c.screen.HideCursor()
	st := c.theme.styles
	c.clear(st[rPlain])
	a.places = [numPanes]rect{}
	if c.w < minWidth || c.h < minHeight {
		c.text(0, 0, c.w, st[rWarning], sprintf("%d×%d is too small", c.w, c.h))
		c.text(0, 1, c.w, st[rPlain], sprintf("sockeye needs %d×%d; q quits", minWidth, minHeight))
		return
	}
	a.drawTop(c.part(rect{0, 0, c.w, 1}))
	body := rect{0, 1, c.w, c.h - 2}
	if a.prompt != nil {
		body.h--
	}
	switch {
	case a.page != nil:
		a.drawPage(c.part(body))
	default:
		a.layout(c, body)
	}
	if a.prompt != nil {
		a.prompt.draw(c.part(rect{0, c.h - 2, c.w, 2}))
		return
	}
	a.drawHints(c.part(rect{0, c.h - 1, c.w, 1}))
}

// layout places the panes: side by side on wide screens, one above the other on
// narrower ones, where the pane with the keys has most of the room.
func (a *App) layout(c canvas, r rect) {
	places := &a.places
	switch {
	case a.zoom:
		places[a.focus] = r
	case c.w >= 120:
		found := 3 + min(max(a.findings.cursor.n, 1), 4)
		if a.focus == paneFindings {
			found += 4
		}
		top := max(min(len(a.conns.order)+3, r.h/3), 5)
		left := r.w - max(r.w*53/100, frameWidth+2) // a frame's header fits into the detail
		s := &a.splits
		if s.top > 0 {
			top = max(min(s.top, r.h-6), 3)
		}
		if s.bottom > 0 {
			found = max(s.bottom, 3)
		}
		found = max(min(found, r.h-top-3), 3)
		if s.left > 0 {
			left = max(min(s.left, r.w-20), 20)
		}
		middle := r.h - top - found
		places[paneConns] = rect{r.x, r.y, r.w, top}
		places[paneMessages] = rect{r.x, r.y + top, left, middle}
		places[paneDetail] = rect{r.x + left, r.y + top, r.w - left, middle}
		places[paneFindings] = rect{r.x, r.y + top + middle, r.w, found}
	default:
		a.accordion(c, r)
	}
	for p := range numPanes {
		if at := places[p]; at.h > 0 {
			a.drawPane(c.part(at), p)
		}
	}
}

// accordion stacks the panes. On 80 columns and more all but the findings have
// some rows; on fewer, all but the one with the keys are a title.
func (a *App) accordion(c canvas, r rect) {
	heights := [numPanes]int{1, 1, 1, 1}
	if c.w >= 80 && r.h >= 20 {
		heights = [numPanes]int{4, 6, 6, 1}
		heights[paneConns] = min(max(len(a.conns.order)+3, 4), 6)
	}
	for p, h := range a.splits.stacked {
		if h > 0 && heights[p] > 0 {
			heights[p] = max(min(h, r.h/2), 1)
			if heights[p] == 2 {
				heights[p] = 3 // a pane of two rows would be a title with an empty row
			}
		}
	}
	heights[a.focus] = 0
	least := 5 // rows of the pane with the keys
	if a.focus == paneFindings {
		least = max(min(a.findings.cursor.n+3, r.h/2), least)
	}
	for over := sum(heights) - (r.h - least); over > 0; {
		most := 0
		for p := range heights {
			if heights[p] > heights[most] {
				most = p
			}
		}
		by := min(over, heights[most]-1)
		heights[most] -= by
		over -= by
	}
	rest := r.h
	for _, h := range heights {
		rest -= h
	}
	heights[a.focus] = rest
	if a.focus == paneConns && heights[paneMessages] > 1 { // the list takes no more than it needs
		need := max(len(a.conns.order)+3, 5)
		if spare := heights[paneConns] - need; spare > 0 {
			heights[paneConns] -= spare
			heights[paneMessages] += spare / 2
			heights[paneDetail] += spare - spare/2
		}
	}
	y := r.y
	for p, h := range heights {
		a.places[p] = rect{r.x, y, r.w, h}
		y += h
	}
}

func sum(list [numPanes]int) int {
	n := 0
	for _, x := range list {
		n += x
	}
	return n
}

// drawPane draws a pane with its border; one row high, its title alone.
func (a *App) drawPane(c canvas, p pane) {
	focus := a.focus == p
	title, foot := a.paneTitle(p)
	if c.h < 3 {
		c.text(0, 0, c.w, c.theme.styles[rFrame], strings.Repeat("─", c.w))
		c.part(rect{0, 0, c.w - 1, 1}).line(1, 0, title, nil)
		if n := event.Width(foot); n > 0 && n+event.Width(title.text())+6 < c.w {
			c.text(c.w-n-2, 0, n, c.theme.styles[rFrame], foot)
		}
		return
	}
	in := c.part(rect{1, 1, c.w - 2, c.h - 2})
	switch p {
	case paneConns:
		a.drawConns(in, focus)
	case paneMessages:
		a.drawMessages(in, focus)
	case paneDetail:
		a.drawDetail(in, focus)
		foot = a.detail.foot()
	case paneFindings:
		a.drawFindings(in, focus)
	}
	c.box(focus, title, foot)
}

// paneTitle returns a pane's title and the text at its foot.
func (a *App) paneTitle(p pane) (line, string) {
	switch p {
	case paneConns:
		return line{{rHeading, "[1] Connections "}}, counted(&a.conns.cursor)
	case paneMessages:
		if a.conv == nil {
			return line{{rHeading, "[2] Messages "}}, ""
		}
		name := "Messages"
		if a.conv.raw {
			name = "Stream"
		}
		l := line{{rHeading, sprintf("[2] %s of %d ", name, a.conv.row.Number)}}
		if !a.conv.controls {
			l = append(l, span{rWarning, "without controls "})
		}
		if a.conv.passing.running != nil {
			l = append(l, span{rDim, "filtering… "})
		}
		if !a.conv.done {
			l = append(l, span{rDim, map[bool]string{true: "goes on ", false: "reading… "}[a.state.Waiting]})
		}
		if lost := lostText(a.conv.view); lost != "" {
			l = append(l, span{rWarning, lost + " "})
		}
		return l, counted(&a.conv.cursor)
	case paneDetail:
		return a.detail.title(), a.detail.foot()
	}
	l := line{{rHeading, "[4] Findings "}}
	if a.findings.all {
		l = line{{rHeading, "[4] Findings of all connections " + a.findings.note + " "}}
	}
	errors, warnings := uint64(0), uint64(0)
	for _, f := range a.findings.list {
		switch f.event.Detail.(*event.Finding).Severity {
		case event.Error:
			errors++
		case event.Warning:
			warnings++
		}
	}
	if errors > 0 {
		l = append(l, span{rError, badge(errors, 0) + " "})
	}
	if warnings > 0 {
		l = append(l, span{rWarning, badge(0, warnings) + " "})
	}
	return l, counted(&a.findings.cursor)
}

// counted says where the cursor is.
func counted(c *cursor) string {
	if c.n == 0 {
		return " none "
	}
	return " " + event.Count(uint64(c.at+1)) + " of " + event.Count(uint64(c.n)) + " "
}

// drawTop draws the first line: what is looked at, how much of it, how far it was read.
func (a *App) drawTop(c canvas) {
	st := c.theme.styles
	c.clear(st[rBar])
	s := &a.state
	x := 1 + c.text(1, 0, c.w-1, st[rBarStrong], "sockeye "+event.Cut(event.SafeString(a.opt.Title), max(c.w/3, 12)))
	right := []string{}
	if a.frozen {
		right = append(right, map[bool]string{true: "FROZEN, there is more", false: "FROZEN"}[a.missed])
	}
	if a.follow {
		right = append(right, "FOLLOW")
	}
	switch {
	case a.live():
		right = append(right, a.captureText()...)
	case s.Err != nil:
		right = append(right, "✖ "+s.Err.Error())
	case s.Done:
		right = append(right, "done")
	case s.Waiting:
		right = append(right, "waiting for more")
	case s.Total > 0:
		right = append(right, sprintf("%d %% %s/s", 100*s.Read/s.Total, event.Size(uint64(s.Rate))))
	default:
		right = append(right, event.Size(uint64(s.Read)))
	}
	end := event.Cut(event.SafeString(strings.Join(right, "  ")), max(c.w/2, 10))
	w := event.Width(end)
	c.text(c.w-w-1, 0, w, st[rBarStrong], end)
	if !a.filter.empty() {
		f := "filter: " + a.filter.expr + " (" + a.matchCount() + ")"
		c.text(x+2, 0, c.w-x-w-5, st[rBar], f)
		return
	}
	facts := plural(uint64(len(a.conns.rows)), "connection") + "  " + plural(s.Messages, "message")
	if s.Errors > 0 {
		facts += "  " + plural(s.Errors, "error")
	}
	if s.Warnings > 0 {
		facts += "  " + plural(s.Warnings, "warning")
	}
	c.text(x+2, 0, c.w-x-w-5, st[rBar], facts)
}

func plural(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return event.Count(n) + " " + what + "s"
}

// drawHints draws the last line: a note, else the keys that work here.
func (a *App) drawHints(c canvas) {
	st := c.theme.styles
	c.clear(st[rPlain])
	if a.message != nil {
		c.line(1, 0, a.message, nil)
		return
	}
	x := 1
	if a.menu != nil {
		x += c.text(x, 0, c.w, st[rHeading], a.menu.name+": ")
	}
	in := a.context()
	end := c.w - 1
	for i := range a.actions {
		h := &a.actions[i]
		if h.hint == "" || len(h.keys) == 0 || !h.applies(a, in) {
			continue
		}
		key := keyText(h.keys[:1])
		w := event.Width(key) + 1 + event.Width(h.hint)
		if h.name == "quit" { // always seen
			c.text(c.w-1-w, 0, w, st[rKey], key)
			c.text(c.w-1-w+event.Width(key)+1, 0, w, st[rDim], h.hint)
			continue
		}
		if in&inPanes != 0 {
			end = c.w - 9
		}
		if x+w > end {
			continue
		}
		x += c.text(x, 0, c.w, st[rKey], key)
		x += 1 + c.text(x+1, 0, c.w, st[rDim], h.hint)
		x += 2
	}
	if a.menu != nil {
		c.text(x, 0, c.w-x, st[rDim], "any other key: nothing")
	}
}
