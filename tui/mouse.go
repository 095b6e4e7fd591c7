package tui

import (
	"github.com/rivo/tview"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// mouse takes a click or the wheel and tells whether it did anything.
func (a *App) mouse(action tview.MouseAction, x, y int) bool {
	if a.prompt == nil && a.dragged(action, x, y) {
		return true
	}
	a.touched = a.touched || action != tview.MouseMove
	step := 0
	switch action {
	case tview.MouseScrollUp:
		step = -3
	case tview.MouseScrollDown:
		step = 3
	case tview.MouseLeftClick, tview.MouseLeftDoubleClick:
	default:
		return false
	}
	if a.prompt != nil {
		return false
	}
	if a.page != nil {
		a.page.pager.scroll(step)
		return true
	}
	for p, at := range a.places {
		if at.h > 0 && at.has(x, y) {
			a.mousePane(pane(p), at, x, y, step, action == tview.MouseLeftDoubleClick)
			return true
		}
	}
	return false
}

// mousePane is a click or the wheel in a pane.
func (a *App) mousePane(p pane, at rect, x, y, step int, double bool) {
	cur := a.cursorOf(p)
	if step != 0 {
		switch {
		case p == paneDetail && a.detail.tab == tabJSON && a.detail.tree != nil:
			a.detail.cursor = max(min(a.detail.cursor+step, a.detail.tree.Len()-1), 0)
		case p == paneDetail:
			a.detail.pager.scroll(step)
		case cur != nil:
			cur.scroll(step)
			a.moved(p)
		}
		return
	}
	same := a.focus == p
	a.focus = p
	in := at.inner()
	if !in.has(x, y) || at.h < 3 {
		if p == paneDetail && y == at.y {
			a.detail.clickTab(x - at.x - 1)
		}
		return
	}
	row := y - in.y
	if p == paneDetail {
		if a.detail.tab == tabJSON && a.detail.tree != nil {
			a.detail.cursor = min(a.detail.pager.top+row, a.detail.tree.Len()-1)
			if double {
				a.fold()
			}
		}
		return
	}
	if cur == nil {
		return
	}
	if row == 0 {
		if p == paneConns && same {
			if col := columnAt(a.conns.widths, x-in.x); col >= 0 {
				a.conns.sortBy(col)
			}
		}
		return
	}
	if i := cur.top + row - 1; i < cur.n {
		cur.set(i)
		a.moved(p)
		if double {
			a.press("Enter")
		}
	}
}

// cursorOf returns the cursor of a pane; nil if it has none.
func (a *App) cursorOf(p pane) *cursor {
	switch p {
	case paneConns:
		return &a.conns.cursor
	case paneMessages:
		if a.conv != nil {
			return &a.conv.cursor
		}
	case paneFindings:
		return &a.findings.cursor
	}
	return nil
}

// moved shows what the cursor of a pane is on now.
func (a *App) moved(p pane) {
	switch p {
	case paneConns:
		a.openChosen()
	case paneMessages:
		a.showChosen()
	}
}

// clickTab chooses the tab whose name stands at column x of the title.
func (d *detail) clickTab(x int) {
	at := 0
	for i, s := range d.title() {
		w := event.Width(s.text)
		if x >= at && x < at+w && i > 0 && i-1 < len(d.tabs) {
			d.tab, d.chosen, d.pager.doc = d.tabs[i-1], true, nil
			return
		}
		at += w
	}
}
