package tui

import (
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// offer is one completion: text takes the place of the bytes from start to end.
type offer struct {
	start, end int
	text       string
	meaning    string
}

// prompt is the line in which a filter, a command or a text to find is typed.
// Tab goes through the completions; they are shown on one line and never cover
// anything.
type prompt struct {
	label    string
	text     []byte
	at       int // byte of the cursor
	changed  func(s string)
	complete func(s string, at int) []offer // nil: none
	verdict  func(s string) (r role, text string)
	accept   func(s string)
	cancel   func()

	offers  []offer
	offered int // -1: none taken yet
}

func (p *prompt) String() string { return string(p.text) }

func (p *prompt) set(s string) {
	p.text, p.at = []byte(s), len(s)
	p.refresh()
}

// refresh is called after every change.
func (p *prompt) refresh() {
	p.offers, p.offered = nil, -1
	if p.complete != nil {
		p.offers = p.complete(string(p.text), p.at)
	}
	if p.changed != nil {
		p.changed(string(p.text))
	}
}

func (p *prompt) insert(s string) {
	p.text = append(p.text[:p.at:p.at], append([]byte(s), p.text[p.at:]...)...)
	p.at += len(s)
	p.refresh()
}

// erase removes the bytes from from to to.
func (p *prompt) erase(from, to int) {
	p.text = append(p.text[:from:from], p.text[to:]...)
	p.at = from
	p.refresh()
}

func (p *prompt) before() int {
	_, n := utf8.DecodeLastRune(p.text[:p.at])
	return p.at - n
}

func (p *prompt) after() int {
	_, n := utf8.DecodeRune(p.text[p.at:])
	return p.at + n
}

// take puts the next completion in the place of the word at the cursor.
func (p *prompt) take(step int) {
	if len(p.offers) == 0 {
		return
	}
	offers := p.offers
	prev := offers[0]
	end := prev.end
	if p.offered >= 0 {
		prev = offers[p.offered]
		end = prev.start + len(prev.text)
	}
	p.offered += step
	if p.offered < 0 {
		p.offered = len(offers) - 1
	}
	p.offered %= len(offers)
	o := offers[p.offered]
	p.text = append(p.text[:o.start:o.start], append([]byte(o.text), p.text[min(end, len(p.text)):]...)...)
	p.at = o.start + len(o.text)
	if p.changed != nil {
		p.changed(string(p.text))
	}
}

// promptKeys says what the keys of a prompt do, for the help.
var promptKeys = [][2]string{
	{"Enter", "accept"}, {"Esc", "cancel, as it was before"}, {"Tab Shift-Tab", "next or previous completion"},
	{"← → Home End", "move"}, {"Backspace Delete", "erase"}, {"Ctrl-u Ctrl-w", "erase all before the cursor, or a word"},
}

// key handles a key and tells whether the prompt stays open.
func (p *prompt) key(e *tcell.EventKey) bool {
	switch name := keyName(e); name {
	case "Enter":
		if p.accept != nil {
			p.accept(string(p.text))
		}
		return false
	case "Esc":
		if p.cancel != nil {
			p.cancel()
		}
		return false
	case "Tab":
		p.take(1)
	case "Shift-Tab":
		p.take(-1)
	case "Left":
		p.at = p.before()
	case "Right":
		p.at = p.after()
	case "Home", "Ctrl-a":
		p.at = 0
	case "End", "Ctrl-e":
		p.at = len(p.text)
	case "Backspace":
		if p.at > 0 {
			p.erase(p.before(), p.at)
		}
	case "Delete":
		if p.at < len(p.text) {
			p.erase(p.at, p.after())
		}
	case "Ctrl-u":
		p.erase(0, p.at)
	case "Ctrl-w":
		from := p.at
		for from > 0 && p.text[from-1] == ' ' {
			from--
		}
		for from > 0 && p.text[from-1] != ' ' {
			from--
		}
		p.erase(from, p.at)
	case "Space":
		p.insert(" ")
	default:
		if e.Key() == tcell.KeyRune && len(p.text) < 4096 {
			p.insert(string(e.Rune()))
		}
	}
	return true
}

// draw draws the prompt on the first line and its completions on the second, if
// there is one.
func (p *prompt) draw(c canvas) {
	st := c.theme.styles
	c.clear(st[rPlain])
	x := 1 + c.text(1, 0, c.w, st[rKey], p.label)
	r, verdict := rDim, ""
	if p.verdict != nil {
		r, verdict = p.verdict(string(p.text))
	}
	room := c.w - x - 1
	below := false // the verdict takes the second line
	if n := event.Width(event.SafeString(verdict)); verdict != "" && n+max(event.Width(event.SafeString(p.String()))+2, 12) < room {
		c.text(c.w-n-1, 0, n, st[r], verdict)
		room -= n + 2
	} else if verdict != "" && c.h > 1 && len(p.offers) == 0 {
		below = true
		c.text(1, 1, c.w-2, st[r], verdict)
	} else if verdict != "" {
		verdict = event.Cut(event.SafeString(verdict), max(room/2, 1))
		c.text(c.w-event.Width(verdict)-1, 0, c.w, st[r], verdict)
		room -= event.Width(verdict) + 2
	}
	// The beginning goes out of sight where the text is longer than the line.
	from := 0
	for event.Width(event.SafeString(string(p.text[from:p.at]))) > max(room-1, 1) {
		_, n := utf8.DecodeRune(p.text[from:])
		from += n
	}
	c.text(x, 0, room, st[rPlain], string(p.text[from:]))
	c.screen.ShowCursor(c.x+x+event.Width(event.SafeString(string(p.text[from:p.at]))), c.y)
	if c.h < 2 || below {
		return
	}
	x = 1
	for i, o := range p.offers {
		on := (*tcell.Style)(nil)
		if i == p.offered {
			on = &c.theme.selected
		}
		l := line{{rKey, o.text}}
		if i == max(p.offered, 0) && o.meaning != "" {
			l = append(l, span{rDim, " " + o.meaning})
		}
		w := event.Width(event.SafeString(l.text()))
		if x+w > c.w {
			c.text(x, 1, c.w-x, st[rDim], "…")
			return
		}
		c.line(x, 1, l, on)
		x += w + 2
	}
}
