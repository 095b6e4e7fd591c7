package tui

import "github.com/rivo/tview"

// border is a line between panes that can be dragged.
type border int

const (
	noBorder     border = iota
	borderTop           // under the connections
	borderMiddle        // between messages and detail, side by side
	borderBottom        // above the findings
	borderStack         // above a pane, where panes are stacked
)

// splits are the sizes that were given to panes by dragging their borders; zero
// is the usual size.
type splits struct {
	top, left, bottom int           // side by side: rows of the connections, columns of the messages, rows of the findings
	stacked           [numPanes]int // rows of a pane that has not the keys
	drag              border        // what is being dragged
	pane              pane          // of borderStack: the pane under it
}

// borderAt returns the border at a place of the screen.
func (a *App) borderAt(x, y int) (border, pane) {
	if a.zoom || a.page != nil {
		return noBorder, 0
	}
	conns, messages, detail, found := a.places[paneConns], a.places[paneMessages], a.places[paneDetail], a.places[paneFindings]
	if a.width >= 120 {
		switch {
		case y == conns.y+conns.h-1:
			return borderTop, 0
		case y == found.y || y == messages.y+messages.h-1:
			return borderBottom, 0
		case (x == detail.x || x == detail.x-1) && messages.has(messages.x, y):
			return borderMiddle, 0
		}
		return noBorder, 0
	}
	for p := paneMessages; p < numPanes; p++ {
		above := a.places[p-1]
		if above.h >= 3 && y == above.y+above.h-1 || above.h < 3 && y == a.places[p].y && a.places[p].h >= 3 {
			return borderStack, p
		}
	}
	return noBorder, 0
}

// dragged takes a mouse action that has to do with dragging and tells whether it did.
func (a *App) dragged(action tview.MouseAction, x, y int) bool {
	s := &a.splits
	switch action {
	case tview.MouseLeftDown:
		s.drag, s.pane = a.borderAt(x, y)
		return s.drag != noBorder
	case tview.MouseLeftUp:
		was := s.drag
		s.drag = noBorder
		return was != noBorder
	case tview.MouseMove:
		if s.drag == noBorder {
			return false
		}
		a.dragTo(x, y)
		return true
	}
	return false
}

// dragTo moves the border that is being dragged.
func (a *App) dragTo(x, y int) {
	s := &a.splits
	switch s.drag {
	case borderTop:
		s.top = max(y-a.places[paneConns].y+1, 1)
	case borderMiddle:
		s.left = max(x-a.places[paneMessages].x+1, 1)
	case borderBottom:
		end := a.places[paneFindings]
		s.bottom = max(end.y+end.h-y, 1)
	case borderStack:
		above := a.places[s.pane-1]
		if s.pane-1 != a.focus {
			s.stacked[s.pane-1] = max(y-above.y+1, 1)
		} else {
			under := a.places[s.pane]
			s.stacked[s.pane] = max(under.y+under.h-y-1, 1)
		}
	}
}

// widen moves the border between messages and detail, where they stand side by side.
func (a *App) widen(by int) {
	if m := a.places[paneMessages]; m.w > 0 {
		a.splits.left = m.w + by
	}
}
