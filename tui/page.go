package tui

// page is something that takes the whole screen for a while: the handshake, the
// ladder, the timeline, an explanation, the help.
type page struct {
	name  string
	build func(width, height int) document
	// toggled is called by t, on pages that have two forms; nil: none.
	toggled func()
	// renew makes the page anew when credentials are shown or hidden; nil: building it does.
	renew func()
	// closed is called when the page is; nil: nothing is to be done.
	closed func()
	// reading tells whether more of it is being read; nil: never.
	reading func() bool
	// stale is true when there is more to show; nil: never.
	stale func() bool
	pager pager
	made  [2]int
	help  bool  // it is the help
	back  *page // the page under it
}

// open shows a page.
func (a *App) open(p *page) { a.page = p }

// closePage goes back to what is under the page.
func (a *App) closePage() {
	if a.page.closed != nil {
		a.page.closed()
	}
	a.page = a.page.back
}

func (a *App) drawPage(c canvas) {
	p := a.page
	c.clear(c.theme.styles[rPlain])
	in := c.part(rect{1, 1, c.w - 2, c.h - 2})
	reading := p.reading != nil && p.reading() // before: what is there then is shown
	stale := p.stale != nil && p.stale()
	if p.pager.doc == nil || p.made != [2]int{in.w, in.h} || stale {
		p.made = [2]int{in.w, in.h}
		doc := p.build(in.w, in.h)
		if p.pager.doc == nil {
			p.pager.open(doc)
			p.pager.match = a.find
		} else {
			p.pager.replace(doc)
		}
	}
	n := p.pager.draw(in)
	title := line{{rHeading, p.name + " "}}
	if reading {
		title = append(title, span{rDim, "reading… "})
	}
	c.box(true, title, position(p.pager.top, p.pager.rows, n))
}

// position says which part of a document is seen.
func position(top, rows, n int) string {
	if n <= rows {
		return ""
	}
	return sprintf(" %d–%d of %d ", top+1, min(top+rows, n), n)
}

// menu waits for one key, to say what to do of several things.
type menu struct {
	name string
	in   scope
}
