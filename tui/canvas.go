package tui

import (
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/uniseg"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// rect is a part of the screen in cells.
type rect struct{ x, y, w, h int }

func (r rect) has(x, y int) bool { return x >= r.x && x < r.x+r.w && y >= r.y && y < r.y+r.h }

// inner is r without its border.
func (r rect) inner() rect { return rect{r.x + 1, r.y + 1, max(r.w-2, 0), max(r.h-2, 0)} }

// canvas draws on a part of the screen and nowhere else. All text that the
// inspector shows goes through its method text.
type canvas struct {
	screen tcell.Screen
	theme  *theme
	rect
}

// part is a canvas on a part of c; its place is within c.
func (c canvas) part(r rect) canvas {
	x0, y0 := max(c.x+r.x, c.x), max(c.y+r.y, c.y)
	x1, y1 := min(c.x+r.x+r.w, c.x+c.w), min(c.y+r.y+r.h, c.y+c.h)
	c.rect = rect{x0, y0, max(x1-x0, 0), max(y1-y0, 0)}
	return c
}

// clear fills the canvas with spaces.
func (c canvas) clear(st tcell.Style) {
	for y := range c.h {
		c.clearLine(y, st)
	}
}

func (c canvas) clearLine(y int, st tcell.Style) {
	if y < 0 || y >= c.h {
		return
	}
	for x := range c.w {
		c.screen.SetContent(c.x+x, c.y+y, ' ', nil, st)
	}
}

// text draws s from column x of line y, at most width columns, with an ellipsis
// where it does not fit, and returns the columns it took. Whatever s holds, no
// control character and no character that hides reaches the screen.
func (c canvas) text(x, y, width int, st tcell.Style, s string) int {
	width = min(width, c.w-x)
	if y < 0 || y >= c.h || width <= 0 || x < 0 || s == "" {
		return 0
	}
	// What cannot fit is not looked at: 64 bytes fill any column.
	if limit := (width + 1) * 64; len(s) > limit {
		s = s[:limit] + "…"
	}
	s = event.Cut(event.SafeString(s), width)
	used, state := 0, -1
	for s != "" && used < width {
		var cluster string
		var w int
		cluster, s, w, state = uniseg.FirstGraphemeClusterInString(s, state)
		if w == 0 || used+w > width {
			continue
		}
		runes := []rune(cluster)
		c.screen.SetContent(c.x+x+used, c.y+y, runes[0], runes[1:], st)
		used += w
	}
	return used
}

// line draws spans one after the other from column x. With on, the background
// and attributes of on lie under them: the row of the cursor.
func (c canvas) line(x, y int, l line, on *tcell.Style) {
	for _, s := range l {
		if x >= c.w {
			return
		}
		x += c.text(x, y, c.w-x, c.style(s.role, on), s.text)
	}
}

func (c canvas) style(r role, on *tcell.Style) tcell.Style {
	if on == nil {
		return c.theme.styles[r]
	}
	return *on
}

// box draws a border with a title and a text at its lower right.
func (c canvas) box(focus bool, title line, foot string) {
	st := c.theme.styles[rFrame]
	if focus {
		st = c.theme.styles[rFocus]
	}
	if c.w < 2 || c.h < 1 {
		return
	}
	set := func(x, y int, r rune) { c.screen.SetContent(c.x+x, c.y+y, r, nil, st) }
	h, tl, tr, bl, br, v := '─', '┌', '┐', '└', '┘', '│'
	if focus { // not by colour alone
		h, tl, tr, bl, br, v = '━', '┏', '┓', '┗', '┛', '┃'
	}
	for x := 1; x < c.w-1; x++ {
		set(x, 0, h)
		if c.h > 1 {
			set(x, c.h-1, h)
		}
	}
	set(0, 0, tl)
	set(c.w-1, 0, tr)
	for y := 1; y < c.h-1; y++ {
		set(0, y, v)
		set(c.w-1, y, v)
	}
	if c.h > 1 {
		set(0, c.h-1, bl)
		set(c.w-1, c.h-1, br)
	}
	c.part(rect{0, 0, c.w - 1, 1}).line(1, 0, title, nil)
	if n := event.Width(foot); foot != "" && c.h > 1 && n+4 < c.w {
		c.text(c.w-n-2, c.h-1, n, st, foot)
	}
}

// pad fills s up to width columns, or cuts it.
func pad(s string, width int, right bool) string {
	s = event.Cut(event.SafeString(s), width)
	n := width - event.Width(s)
	if n <= 0 || width <= 0 {
		return s
	}
	if right {
		return strings.Repeat(" ", n) + s
	}
	return s + strings.Repeat(" ", n)
}
