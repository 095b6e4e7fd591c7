package tui

import (
	"strconv"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// What the actions of the table do.

func (a *App) turnPane(by int) { a.focus = (a.focus + pane(by) + numPanes) % numPanes }

// enter opens what the cursor is on: a connection's messages, a message's detail.
func (a *App) enter() {
	switch a.focus {
	case paneConns:
		a.openSelected()
		a.focus = paneMessages
	case paneMessages:
		a.focus = paneDetail
	}
}

// back goes one step back.
func (a *App) back() {
	switch {
	case a.page != nil:
		a.closePage()
	case a.zoom:
		a.zoom = false
	case a.focus == paneDetail, a.focus == paneFindings:
		a.focus = paneMessages
	default:
		a.focus = paneConns
	}
}

// moveBy moves the cursor, or scrolls what has none.
func (a *App) moveBy(n int) {
	if a.page != nil {
		a.page.pager.scroll(n)
		return
	}
	switch a.focus {
	case paneConns:
		a.conns.cursor.move(n)
		a.openChosen()
	case paneMessages:
		if a.conv != nil {
			a.conv.cursor.move(n)
			a.showChosen()
		}
	case paneDetail:
		if a.detail.tab == tabJSON && a.detail.tree != nil {
			a.detail.cursor = max(min(a.detail.cursor+n, a.detail.tree.Len()-1), 0)
			return
		}
		a.detail.pager.scroll(n)
	case paneFindings:
		a.findings.cursor.move(n)
	}
}

func (a *App) movePages(n int) {
	rows := a.detail.pager.rows
	switch {
	case a.page != nil:
		rows = a.page.pager.rows
	case a.focus == paneConns:
		rows = a.conns.cursor.rows
	case a.focus == paneMessages && a.conv != nil:
		rows = a.conv.cursor.rows
	case a.focus == paneFindings:
		rows = a.findings.cursor.rows
	}
	a.moveBy(n * max(rows-1, 1))
}

func (a *App) sortNext() {
	a.conns.sortBy((a.conns.sort + 1) % len(connColumns))
	a.say(rDim, "sorted by %s", connColumns[a.conns.sort].title)
}

func (a *App) sortReverse() { a.conns.sortBy(a.conns.sort) }

var sortNames = []string{"number", "state", "peers", "protocol", "host", "path", "messages", "bytes", "duration", "rtt", "end", "findings"}

func (a *App) sortByName(s string) string {
	for i, n := range sortNames {
		if n == s {
			a.conns.sortBy(i)
			return ""
		}
	}
	return "sort takes one of: " + strings.Join(sortNames, " ")
}

func (a *App) openNumber(s string) string {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return "open takes a connection's number"
	}
	for i, r := range a.conns.order {
		if r.Number == n {
			a.conns.cursor.set(i)
			a.openChosen()
			a.focus = paneMessages
			return ""
		}
	}
	return "no connection " + s + " is listed"
}

func (a *App) setFilter(s string) string {
	a.filter.compile(a.src, s)
	if err := a.filter.err; err != nil {
		a.filter.err = nil
		return adviceOf(err)
	}
	a.refilter()
	return ""
}

func (a *App) startFind(s string) string {
	a.find, a.findText = literal(s), s
	a.findNext(false)
	return ""
}

func (a *App) toggleControls() {
	if a.conv == nil {
		return
	}
	a.conv.controls = !a.conv.controls
	a.conv.again(a)
	a.showDetail()
	a.say(rDim, "control messages are %s", map[bool]string{true: "shown", false: "hidden"}[a.conv.controls])
}

// mark marks the row of the cursor.
func (a *App) mark() {
	if a.focus == paneConns {
		if r := a.conns.selected(); r != nil {
			if a.conns.marks == nil {
				a.conns.marks = map[uint64]bool{}
			}
			toggleKey(a.conns.marks, r.Number)
			a.conns.cursor.move(1)
			a.openChosen()
		}
		return
	}
	if a.conv == nil {
		return
	}
	if en, ok := a.conv.selected(); ok {
		toggleKey(a.conv.marks, en.index)
		a.conv.cursor.move(1)
		a.showChosen()
	}
}

func toggleKey[K comparable](m map[K]bool, k K) {
	if m[k] {
		delete(m, k)
	} else {
		m[k] = true
	}
}

// jump goes to the next marked row, round the end.
func (a *App) jump() {
	cur, marked := &a.conns.cursor, func(i int) bool { return a.conns.marks[a.conns.order[i].Number] }
	if a.focus == paneMessages && a.conv != nil {
		cur, marked = &a.conv.cursor, func(i int) bool { return a.conv.marks[a.conv.shown[i].index] }
	}
	for i := 1; i <= cur.n; i++ {
		if at := (cur.at + i) % cur.n; marked(at) {
			a.moveBy(at - cur.at)
			return
		}
	}
	a.say(rDim, "no marked row; m marks one")
}

func (a *App) onFinding() bool {
	if a.focus == paneFindings {
		return a.findings.cursor.n > 0
	}
	if a.detail.event == nil {
		return false
	}
	_, ok := a.detail.event.Detail.(*event.Finding)
	return ok
}

func (a *App) fold() {
	d := &a.detail
	d.cursor = d.tree.toggle(d.cursor)
	d.pager.replace(d.tree)
}

func (d *detail) foldAll(fold bool) {
	d.tree.foldAll(fold)
	d.cursor = 0
	d.pager.replace(d.tree)
}

func (a *App) toggleFollow() {
	if a.follow = !a.follow; a.follow {
		a.moveBy(1 << 30)
	}
	a.say(rDim, "follow is %s", map[bool]string{true: "on", false: "off"}[a.follow])
}

func (a *App) toggleFreeze() {
	a.frozen = !a.frozen
	if a.frozen {
		a.say(rDim, "frozen: p goes on")
		return
	}
	a.missed = false
	a.reload()
}

func (a *App) nextTheme() {
	a.theme = (a.theme + 1) % len(a.themes)
	a.say(rDim, "theme: %s", a.themes[a.theme].name)
}

func (a *App) themeByName(s string) string {
	for i := len(a.themes) - 1; i >= 0; i-- {
		if a.themes[i].name == s {
			a.theme = i
			return ""
		}
	}
	names := make([]string, len(a.themes))
	for i, t := range a.themes {
		names[i] = t.name
	}
	return "theme takes one of: " + strings.Join(names, " ")
}

// openCommand asks for a command.
func (a *App) openCommand() {
	p := &prompt{label: ":", complete: a.completeCommand}
	p.accept = func(s string) {
		if wrong := a.command(s); wrong != "" {
			a.say(rError, "%s", wrong)
		}
	}
	a.prompt = p
	p.refresh()
}

// commandable tells whether an action can be called by its name.
func (x *action) commandable(a *App) bool {
	return x.applies(a, inScreens|inCopy|inSave) && x.name != "close"
}

func (a *App) completeCommand(s string, at int) []offer {
	if strings.HasPrefix(s, "sort ") {
		var out []offer
		for _, n := range sortNames {
			if strings.HasPrefix(n, s[5:]) {
				out = append(out, offer{5, len(s), n, ""})
			}
		}
		return out
	}
	if rest, ok := strings.CutPrefix(s, "filter "); ok && at >= 7 {
		out := completeFilter(rest, at-7)
		for i := range out {
			out[i].start, out[i].end = out[i].start+7, out[i].end+7
		}
		return out
	}
	var out []offer
	for i := range a.actions {
		if x := &a.actions[i]; x.commandable(a) && strings.HasPrefix(x.name, s) {
			out = append(out, offer{0, len(s), x.name, x.help})
		}
	}
	return out
}

// command does what a command line says and returns what is wrong with it.
func (a *App) command(s string) string {
	name, arg, _ := strings.Cut(strings.TrimSpace(s), " ")
	arg = strings.TrimSpace(arg)
	if name == "" {
		return ""
	}
	var match []*action
	for i := range a.actions {
		x := &a.actions[i]
		if x.name == name {
			match = []*action{x}
			break
		}
		if strings.HasPrefix(x.name, name) {
			match = append(match, x)
		}
	}
	switch {
	case len(match) == 0:
		return "there is no command " + name + "; Tab lists them"
	case len(match) > 1:
		return name + " can be " + match[0].name + " or " + match[1].name
	case !match[0].commandable(a):
		return match[0].name + " does not apply here"
	case arg != "" && match[0].arg == nil:
		return match[0].name + " takes no argument"
	case arg != "":
		return match[0].arg(a, arg)
	}
	match[0].run(a)
	return ""
}
