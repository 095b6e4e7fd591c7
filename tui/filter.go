package tui

import (
	"context"
	"slices"
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
	f.look(src.Rows())
}

// look finds out whether the filter selects connections. One about messages
// passes no connection: then all are listed, and it selects within them. A
// connection may pass for a while only, so it is looked at again and again.
func (f *filterState) look(rows []*session.Row) {
	f.byConns = f.filter != nil && slices.ContainsFunc(rows, func(r *session.Row) bool {
		return f.filter.Match(r.Event(), f.src.Info(r))
	})
}

// rows tells whether a connection is listed.
func (f *filterState) rows(r *session.Row) bool {
	return f.filter == nil || !f.byConns || f.filter.Match(r.Event(), f.src.Info(r))
}

// maxSifted is from how many events on a connection is filtered in the background.
const maxSifted = 20_000

// passes tells whether an event of the open connection is shown. Of a long
// connection, and of messages that are longer than their previews where the
// filter looks at whole payloads, that is found out in the background; they are
// shown when that is done.
func (a *App) passes(v *conversation, index int) bool {
	f, p := a.filter.filter, &v.passing
	if len(v.items) <= maxSifted {
		e, err := v.view.Event(index)
		if err != nil {
			return false
		}
		m, ok := e.Detail.(*event.Message)
		if !ok || f.Needs() != event.PayloadFull || uint64(len(m.Payload)) >= m.Length {
			return f.Match(e, v.known)
		}
	}
	if p.of == f && p.has(index) {
		return true
	}
	p.wanted = p.wanted || p.of != f || p.at < len(v.items)
	return false
}

// passing are the events that pass a filter, as far as that was found out in the background.
type passing struct {
	of      *query.Filter
	bits    []uint64           // by index of the event
	at      int                // events that the connection had when they were looked for
	wanted  bool               // they are to be looked for again
	running context.CancelFunc // nil: nothing is being looked for
}

func (p *passing) has(i int) bool { return i>>6 < len(p.bits) && p.bits[i>>6]>>(i&63)&1 != 0 }

// stop ends what is being looked for.
func (p *passing) stop() {
	if p.running != nil {
		p.running()
		p.running = nil
	}
}

// judge looks for the events that pass the filter, if that is wanted. One search
// at a time: one for another filter is given up.
func (a *App) judge(v *conversation) {
	f, at, view := a.filter.filter, len(v.items), v.view
	if p := &v.passing; p.of != f {
		p.stop()
		p.of, p.bits, p.at = f, nil, 0
	}
	if !v.passing.wanted || v.passing.running != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	v.passing = passing{of: f, bits: v.passing.bits, at: v.passing.at, running: cancel}
	var list []int
	var err error
	a.background(func() { list, err = view.Passing(ctx, f) }, func() {
		gone := ctx.Err() != nil
		cancel()
		if a.conv != v || v.passing.of != f || gone {
			return // something else is looked at now
		}
		v.passing.running = nil
		if err != nil {
			a.say(rError, "the filter could not be put to whole payloads: %v", err)
			return
		}
		bits := make([]uint64, at>>6+1)
		for _, i := range list {
			if i < at {
				bits[i>>6] |= 1 << (i & 63)
			}
		}
		v.passing.bits, v.passing.at = bits, at
		a.following(func() { v.again(a) })
		a.showDetail()
	})
}

// refilter shows what passes the filter.
func (a *App) refilter() {
	a.listConns()
	if a.conv != nil {
		a.conv.learn(a)
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
		parts = append(parts, sprintf("%d of %d rows", len(a.conv.shown), a.conv.rows))
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
	shown, view := v.shown[:n:n], v.view
	to := -1
	a.say(rDim, "searching…")
	a.background(func() {
		for k := 1; k <= n && to < 0; k++ {
			i := (from + k) % n
			if back {
				i = (from - k + n) % n
			}
			e, err := view.Event(shown[i].index)
			if err == nil && re.Match(a.searched(e)) {
				to = i
			}
		}
	}, func() {
		if a.conv != v || v.view != view || a.find != re {
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
		v.goTo(shown[to].index)
		a.showChosen()
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
