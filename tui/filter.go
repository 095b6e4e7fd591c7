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

// passes tells whether an event of the open connection is shown.
func (f *filterState) passes(e *event.Event, v *conversation) bool {
	if f.filter == nil {
		return true
	}
	if m, ok := e.Detail.(*event.Message); ok && f.filter.Needs() == event.PayloadFull && uint64(len(m.Payload)) < m.Length {
		if whole, err := f.src.Payload(v.row.Number, messageID(e, m)); err == nil {
			e = whole
		}
	}
	return f.filter.Match(e, v.info(f.src))
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
	if a.page == nil && a.conv != nil && a.findMessage(back) {
		return
	}
	a.say(rWarning, "%q does not occur", a.findText)
}

// findMessage goes to the next message whose payload has a match, round the end.
func (a *App) findMessage(back bool) bool {
	v := a.conv
	for n := 1; n <= len(v.shown); n++ {
		i := (v.cursor.at + n) % len(v.shown)
		if back {
			i = (v.cursor.at - n + 2*len(v.shown)) % len(v.shown)
		}
		e := v.event(i)
		if e == nil || !a.find.Match(a.searched(e)) {
			continue
		}
		if (i > v.cursor.at) == back || n == len(v.shown) {
			a.say(rDim, "round the end")
		}
		v.cursor.set(i)
		a.showDetail()
		a.detail.pager.match = a.find
		return true
	}
	return false
}

// searched is what a text is looked for in an event.
func (a *App) searched(e *event.Event) []byte {
	switch e.Detail.(type) {
	case *event.Message, *event.Data:
		return a.payloadOf(e)
	}
	return []byte(eventRow(e, 0, 200).text())
}
