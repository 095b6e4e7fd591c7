package tui

import (
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/query"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

// filterState is the display filter that is in force.
type filterState struct {
	expr    string
	filter  *query.Filter
	err     error // of what is being typed; the filter before stays in force
	src     Source
	byConns bool // it selects connections too; else all are listed
}

func (f *filterState) empty() bool { return strings.TrimSpace(f.expr) == "" || f.filter == nil }

// compile takes another filter, unless it does not compile.
func (f *filterState) compile(src Source, expr string) {
	f.src = src
	c, err := query.Compile(expr)
	if f.err = err; err != nil {
		return
	}
	f.expr, f.filter = expr, c
	if strings.TrimSpace(expr) == "" {
		f.filter = nil
	}
	f.byConns = false
	f.look(src)
}

// look finds out whether the filter selects connections. One about messages
// passes no connection: then all are listed, and it selects within them.
func (f *filterState) look(src Source) {
	if f.filter == nil || f.byConns {
		return
	}
	for _, r := range src.Rows() {
		if f.filter.Match(r.Event(), src.Info(r)) {
			f.byConns = true
			return
		}
	}
}

// rows tells whether a connection is listed.
func (f *filterState) rows(r *session.Row) bool {
	return f.filter == nil || !f.byConns || f.filter.Match(r.Event(), f.src.Info(r))
}

// passes tells whether an event of the open connection is shown. A filter that
// looks at whole payloads is put to the messages that are longer than their
// previews in the background; they are shown when that is done.
func (a *App) passes(e *event.Event, v *conversation) bool {
	f := a.filter.filter
	m, ok := e.Detail.(*event.Message)
	if f == nil || !ok || f.Needs() != event.PayloadFull || uint64(len(m.Payload)) >= m.Length {
		return f.Match(e, v.info(a.src))
	}
	if v.passing.of == f && v.passing.ids[messageID(e, m)] {
		return true
	}
	v.passing.wanted = v.passing.wanted || v.passing.of != f || v.passing.at < len(v.items)
	return false
}

// passing are the messages that pass a filter which looks at whole payloads.
type passing struct {
	of     *query.Filter
	ids    map[session.MessageID]bool
	at     int  // events that the connection had when they were looked for
	wanted bool // they are to be looked for again
}

// judge looks for the messages that pass the filter, if that is wanted.
func (a *App) judge(v *conversation) {
	if !v.passing.wanted {
		return
	}
	f, conn, at := a.filter.filter, v.row.Number, len(v.items)
	v.passing = passing{of: f, ids: v.passing.ids, at: at}
	var ids map[session.MessageID]bool
	var err error
	a.background(func() { ids, err = a.src.Passing(conn, f) }, func() {
		if a.conv != v || v.passing.of != f {
			return
		}
		if err != nil {
			a.say(rError, "the filter could not be put to whole payloads: %v", err)
			return
		}
		v.passing.ids = ids
		v.again(a)
		a.showDetail()
	})
}

// info is what the filter is told of the connection.
func (v *conversation) info(src Source) *query.ConnInfo {
	if v.known == nil || v.knownAt != v.row.Packets {
		v.known, v.knownAt = src.Info(v.row), v.row.Packets
	}
	return v.known
}

// refilter shows what passes the filter.
func (a *App) refilter() {
	a.conns.load(a.src.Rows(), a.filter.rows)
	if a.conv != nil {
		a.conv.again(a)
	}
	a.showDetail()
}

// openFilter asks for a filter. It is in force while it is typed, as far as it compiles.
func (a *App) openFilter() {
	before := a.filter.expr
	apply := func(s string) {
		old := a.filter.expr
		a.filter.compile(a.src, s)
		if a.filter.err == nil && old != s {
			a.refilter()
		}
	}
	p := &prompt{label: "/ ", changed: apply, complete: completeFilter, verdict: a.filterVerdict}
	p.cancel = func() { apply(before) }
	p.accept = func(s string) {
		if apply(s); a.filter.err != nil {
			a.say(rError, "%s; the filter is still: %s", adviceOf(a.filter.err), cmpOr(a.filter.expr, "none"))
			a.filter.err = nil
		}
	}
	a.prompt = p
	p.set(before)
}

func adviceOf(err error) string {
	if q, ok := err.(*query.Error); ok {
		return q.Advice()
	}
	return err.Error()
}

// filterVerdict says whether what is typed is valid, and how much passes it.
func (a *App) filterVerdict(s string) (role, string) {
	if a.filter.err != nil {
		at := ""
		if q, ok := a.filter.err.(*query.Error); ok {
			at = sprintf("column %d: ", q.Pos+1)
		}
		return rError, "✖ " + at + adviceOf(a.filter.err)
	}
	if strings.TrimSpace(s) == "" {
		return rDim, "empty: everything"
	}
	return rGood, "✔ " + a.matchCount()
}

// matchCount counts what passes the filter.
func (a *App) matchCount() string {
	var parts []string
	if a.filter.byConns {
		parts = append(parts, sprintf("%d of %d connections", len(a.conns.order), len(a.conns.rows)))
	}
	if a.conv != nil {
		parts = append(parts, sprintf("%d of %d rows", len(a.conv.shown), len(a.conv.all)))
	}
	return strings.Join(parts, ", ")
}

// completeFilter offers what can stand at the cursor.
func completeFilter(s string, at int) []offer {
	var out []offer
	for _, c := range query.Complete(s, at) {
		out = append(out, offer{c.Start, c.End, c.Text, c.Meaning})
		if len(out) == 40 {
			break
		}
	}
	return out
}

// openFind asks for a text to find.
func (a *App) openFind() {
	p := &prompt{label: "find "}
	if a.find != nil {
		p.verdict = func(string) (role, string) { return rDim, "empty: no more marks" }
	}
	p.accept = func(s string) {
		if s == "" {
			a.find = nil
			a.search().match = nil
			return
		}
		a.startFind(s)
	}
	a.prompt = p
	p.refresh()
}

// search is the pager that is searched.
func (a *App) search() *pager {
	if a.page != nil {
		return &a.page.pager
	}
	return &a.detail.pager
}

// findNext goes to the next match: in what is shown, then in the messages after it.
func (a *App) findNext(back bool) {
	if a.find == nil {
		a.say(rDim, "nothing to find yet: Ctrl-f asks for it")
		return
	}
	p := a.search()
	found := p.find(a.find, back)
	if found {
		if a.page == nil {
			a.detail.cursor = p.hit
		}
		return
	}
	if a.page == nil && a.conv != nil {
		a.findMessage(back)
		return
	}
	a.say(rWarning, "%q does not occur", a.findText)
}

// findMessage goes to the next message whose payload has a match, round the
// end. Long payloads are read again for it, so it looks in the background.
func (a *App) findMessage(back bool) {
	v, re, from, n := a.conv, a.find, a.conv.cursor.at, len(a.conv.shown)
	shown := v.shown[:n:n]
	to := -1
	a.say(rDim, "searching…")
	a.background(func() {
		for k := 1; k <= n && to < 0; k++ {
			i := (from + k) % n
			if back {
				i = (from - k + n) % n
			}
			e, err := v.view.Event(shown[i].index)
			if err == nil && re.Match(a.searched(e)) {
				to = i
			}
		}
	}, func() {
		if a.conv != v || a.find != re || len(v.shown) < n {
			return // something else is looked at now
		}
		a.message = nil
		if to < 0 {
			a.say(rWarning, "%q does not occur", a.findText)
			return
		}
		if (to > from) == back || to == from {
			a.say(rDim, "round the end")
		}
		v.cursor.set(to)
		a.showDetail()
		a.detail.pager.match = re
	})
}

// searched is what a text is looked for in an event.
func (a *App) searched(e *event.Event) []byte {
	switch e.Detail.(type) {
	case *event.Message, *event.Data:
		return a.payloadOf(e)
	}
	return []byte(eventRow(a.seen(e), 0, 200, !a.revealed).text())
}
