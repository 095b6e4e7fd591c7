package tui

import (
	"slices"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// scope is where keys are pressed, as a set.
type scope uint

// The contexts: the panes, pages over them, and menus.
const (
	inConns scope = 1 << iota
	inMessages
	inDetail
	inFindings
	inPage
	inCopy
	inSave
	inPanes   = inConns | inMessages | inDetail | inFindings
	inScreens = inPanes | inPage
)

// contextNames are the headings of the help.
var contextNames = []struct {
	in   scope
	name string
}{
	{inConns, "Connections"}, {inMessages, "Messages"}, {inDetail, "Detail"}, {inFindings, "Findings"}, {inPage, "Page"},
	{inCopy, "Copy menu (y)"}, {inSave, "Save menu (e)"},
}

// action is something that the inspector can do.
type action struct {
	name string   // its command, as in :theme
	keys []string // as keyName names them
	in   scope
	help string                    // one line, what it does
	hint string                    // its word on the last line; empty: not there
	only func(*App) bool           // false where it does not apply just now; nil: always applies
	run  func(*App)                // nil for commands that need an argument
	arg  func(*App, string) string // runs it as a command with an argument and returns what is wrong; nil: takes none
}

// actionTable returns all that can be done. The order is that of the help, and
// of the hints.
func actionTable() []action {
	return slices.Concat(movement(), viewing(), messageActions(), detailActions(), generalActions(), menuActions())
}

func movement() []action {
	return []action{
		{name: "help", keys: []string{"?"}, in: inScreens, help: "the keys that work here", hint: "help", run: (*App).openHelp},
		{name: "filter", keys: []string{"/"}, in: inPanes, help: "filter connections and messages", hint: "filter", run: (*App).openFilter, arg: (*App).setFilter},
		{name: "capture", keys: []string{"C"}, in: inPanes, only: (*App).live, help: "stop the capture, or go on with it", hint: "stop", run: (*App).toggleCapture},
		{name: "next-pane", keys: []string{"Tab"}, in: inPanes, help: "next pane", hint: "pane", run: func(a *App) { a.turnPane(1) }},
		{name: "previous-pane", keys: []string{"Shift-Tab"}, in: inPanes, help: "previous pane", run: func(a *App) { a.turnPane(-1) }},
		{name: "connections", keys: []string{"1"}, in: inPanes, help: "to the connections", run: func(a *App) { a.focus = paneConns }},
		{name: "messages", keys: []string{"2"}, in: inPanes, help: "to the messages", run: func(a *App) { a.focus = paneMessages }},
		{name: "detail", keys: []string{"3"}, in: inPanes, help: "to the detail", run: func(a *App) { a.focus = paneDetail }},
		{name: "findings", keys: []string{"4"}, in: inPanes, help: "to the findings", hint: "findings", run: func(a *App) { a.focus = paneFindings }},
		{name: "open", keys: []string{"Enter"}, in: inConns | inMessages, help: "open what the cursor is on", hint: "open", run: (*App).enter, arg: (*App).openNumber},
		{name: "reveal", keys: []string{"Enter"}, in: inFindings, help: "go to the frame that the finding is about", hint: "go to", run: (*App).reveal},
		{name: "back", keys: []string{"Esc"}, in: inPanes, help: "one step back: to the messages, then to the connections", run: (*App).back},
		{name: "close", keys: []string{"Esc", "q"}, in: inPage, help: "close the page", hint: "close", run: (*App).back},
		{name: "up", keys: []string{"Up", "k"}, in: inScreens, help: "up", run: func(a *App) { a.moveBy(-1) }},
		{name: "down", keys: []string{"Down", "j"}, in: inScreens, help: "down", run: func(a *App) { a.moveBy(1) }},
		{name: "page-up", keys: []string{"PgUp", "Ctrl-b"}, in: inScreens, help: "a screen up", run: func(a *App) { a.movePages(-1) }},
		{name: "page-down", keys: []string{"PgDn"}, in: inScreens, help: "a screen down", run: func(a *App) { a.movePages(1) }},
		{name: "top", keys: []string{"Home", "g"}, in: inScreens, help: "to the beginning", run: func(a *App) { a.moveBy(-1 << 30) }},
		{name: "bottom", keys: []string{"End", "G"}, in: inScreens, help: "to the end", run: func(a *App) { a.moveBy(1 << 30) }},
	}
}

func viewing() []action {
	opened := func(a *App) bool { return a.conv != nil }
	return []action{
		{name: "handshake", keys: []string{"h"}, in: inPanes, only: func(a *App) bool { return a.conv != nil && a.conv.counts[event.KindHandshake] > 0 }, help: "the handshake: both heads, accept key, verdict per rule", hint: "handshake", run: (*App).openHandshake},
		{name: "ladder", keys: []string{"L"}, in: inPanes, only: opened, help: "the connection as a ladder between client and server", hint: "ladder", run: (*App).openLadder},
		{name: "timeline", keys: []string{"s"}, in: inPanes, only: opened, help: "messages and bytes a second, sizes, times to answer, ping round trips, by direction", hint: "timeline", run: (*App).openTimeline},
		{name: "stream", keys: []string{"S"}, in: inPanes, only: opened, help: "the stream's bytes in order, both directions, heads and frames included", run: (*App).openStream},
		{name: "text-hex", keys: []string{"t"}, in: inPage, only: func(a *App) bool { return a.page != nil && a.page.toggled != nil }, help: "text or hex", hint: "text/hex", run: func(a *App) { a.page.toggled() }},
		{name: "explain", keys: []string{"x"}, in: inMessages | inDetail | inFindings, only: (*App).onFinding, help: "what the finding's rule means, usual causes, the fix", hint: "why", run: (*App).explain},
		{name: "all-findings", keys: []string{"a"}, in: inFindings, help: "findings of all connections that are listed, or of the open one", hint: "all", run: (*App).toggleAllFindings},
		{name: "sort", keys: []string{"o"}, in: inConns, help: "sort by the next column", hint: "sort", run: (*App).sortNext, arg: (*App).sortByName},
		{name: "group", keys: []string{"b"}, in: inConns, help: "group by host, or not", run: (*App).toggleGroup},
		{name: "reverse", keys: []string{"O"}, in: inConns, help: "turn the order round", run: (*App).sortReverse},
	}
}

func messageActions() []action {
	return []action{
		{name: "controls", keys: []string{"c"}, in: inMessages, help: "show or hide ping, pong and close", hint: "controls", run: (*App).toggleControls},
		{name: "mark", keys: []string{"m"}, in: inConns | inMessages, help: "mark the row, or take the mark away", run: (*App).mark},
		{name: "select", keys: []string{"Space"}, in: inConns | inMessages, help: "select the row to compare it with another one, or take that back", run: (*App).choose},
		{name: "compare", keys: []string{"="}, in: inPanes, only: (*App).comparable, help: "the two that are selected side by side, with what differs", hint: "compare", run: (*App).openCompare},
		{name: "jump", keys: []string{"'"}, in: inConns | inMessages, help: "to the next marked row", run: (*App).jump},
	}
}

func detailActions() []action {
	tree := func(a *App) bool { return a.detail.event != nil && a.detail.tab == tabJSON }
	hasTabs := func(a *App) bool { return len(a.detail.tabs) > 1 }
	return []action{
		{name: "next-tab", keys: []string{"Right", "]"}, in: inDetail | inMessages, only: hasTabs, help: "next tab: Text, JSON, Hex, Frames, Packets", hint: "tab", run: func(a *App) { a.detail.turn(1) }},
		{name: "previous-tab", keys: []string{"Left", "["}, in: inDetail | inMessages, only: hasTabs, help: "previous tab", run: func(a *App) { a.detail.turn(-1) }},
		{name: "fold", keys: []string{"Enter", "Space"}, in: inDetail, only: tree, help: "fold or unfold the branch", hint: "fold", run: (*App).fold},
		{name: "fold-all", keys: []string{"-"}, in: inDetail, only: tree, help: "fold all branches", run: func(a *App) { a.detail.foldAll(true) }},
		{name: "unfold-all", keys: []string{"+"}, in: inDetail, only: tree, help: "unfold all branches", run: func(a *App) { a.detail.foldAll(false) }},
		{name: "wire", keys: []string{"w"}, in: inDetail, only: func(a *App) bool {
			return a.detail.event != nil && a.detail.tab == tabHex && len(a.detail.wireForms()) > 1
		}, help: "bytes decoded, unmasked but still compressed, or as on the wire", hint: "wire", run: (*App).toggleWire},
	}
}

func generalActions() []action {
	sideBySide := func(a *App) bool { return a.width >= 120 && !a.zoom }
	return []action{
		{name: "copy", keys: []string{"y"}, in: inConns | inMessages | inDetail, only: func(a *App) bool { return a.detail.event != nil }, help: "copy the payload, the event or the request: a menu follows", hint: "copy", run: func(a *App) { a.menu = &menu{"copy as", inCopy} }},
		{name: "save", keys: []string{"e"}, in: inConns | inMessages | inDetail, only: func(a *App) bool { return a.conv != nil }, help: "save the connection: a menu follows", hint: "save", run: func(a *App) { a.menu = &menu{"save as", inSave} }, arg: (*App).savePackets},
		{name: "find", keys: []string{"Ctrl-f"}, in: inScreens, help: "find a text in what is shown, then in the messages after it", hint: "find", run: (*App).openFind, arg: (*App).startFind},
		{name: "find-next", keys: []string{"n"}, in: inScreens, help: "next match", run: func(a *App) { a.findNext(false) }},
		{name: "find-previous", keys: []string{"N"}, in: inScreens, help: "previous match", run: func(a *App) { a.findNext(true) }},
		{name: "follow", keys: []string{"f"}, in: inPanes, help: "follow: the cursor stays on the newest row", hint: "follow", run: (*App).toggleFollow},
		{name: "freeze", keys: []string{"p"}, in: inPanes, help: "freeze what is shown; again goes on", hint: "freeze", run: (*App).toggleFreeze},
		{name: "write", keys: []string{"W"}, in: inPanes, only: (*App).live, help: "write all packets that are kept to a pcapng file", hint: "write", run: (*App).askWrite, arg: (*App).writeCapture},
		{name: "zoom", keys: []string{"z"}, in: inPanes, help: "the pane alone on the screen, or all", hint: "zoom", run: func(a *App) { a.zoom = !a.zoom }},
		{name: "narrower", keys: []string{"<"}, in: inPanes, only: sideBySide, help: "messages narrower, detail wider", run: func(a *App) { a.widen(-4) }},
		{name: "wider", keys: []string{">"}, in: inPanes, only: sideBySide, help: "messages wider, detail narrower", run: func(a *App) { a.widen(4) }},
		{name: "usual-sizes", keys: []string{"Z"}, in: inPanes, only: func(a *App) bool { return a.splits != splits{} }, help: "panes in their usual sizes", run: func(a *App) { a.splits = splits{} }},
		{name: "redact", keys: []string{"R"}, in: inScreens, help: "show, copy and save credentials, or leave them out as at the beginning", run: (*App).toggleRedact},
		{name: "theme", keys: []string{"T"}, in: inScreens, help: "next theme: dark, light, none, and those of the config folder", run: (*App).nextTheme, arg: (*App).themeByName},
		{name: "command", keys: []string{":"}, in: inPanes, help: "a command by its name", hint: "command", run: (*App).openCommand},
		{name: "redraw", keys: []string{"Ctrl-l"}, in: inScreens, help: "draw the screen anew", run: func(a *App) {
			if a.screen != nil {
				a.screen.Sync()
			}
		}},
		{name: "quit", keys: []string{"q"}, in: inPanes, help: "quit", hint: "quit", run: (*App).quit},
		{name: "quit-now", keys: []string{"Ctrl-c"}, in: inScreens, help: "quit", run: (*App).quit},
	}
}

func menuActions() []action {
	copyAs := func(name, key, help string, f func(*App) string) action {
		return action{name: "copy-" + name, keys: []string{key}, in: inCopy, help: help, hint: name, run: func(a *App) { a.clip(name, f(a)) }}
	}
	path := copyAs("path", "p", "the path of the JSON value of the cursor", (*App).copyPath)
	path.only = func(a *App) bool { return a.detail.tree != nil }
	payload := func(name, key, help string, f func(*App) string) action {
		x := copyAs(name, key, help, f)
		x.only = (*App).hasPayload
		return x
	}
	json := copyAs("json", "j", "the event as JSON", (*App).copyJSON)
	json.only = func(a *App) bool { return a.detail.event != nil }
	websocat := copyAs("websocat", "w", "the request as a command line of websocat", (*App).copyWebsocat)
	curl := copyAs("curl", "c", "the request as a command line of curl", (*App).copyCurl)
	websocat.only, curl.only = (*App).hasRequest, (*App).hasRequest
	return []action{
		payload("text", "t", "as text", (*App).copyText),
		json,
		payload("hex", "h", "as hexadecimal digits", (*App).copyHex),
		payload("base64", "b", "as base64", (*App).copyBase64),
		payload("go", "g", "as a Go expression of bytes", (*App).copyGo),
		path, websocat, curl,
		{name: "save-pcapng", keys: []string{"p"}, in: inSave, help: "the connection's packets as pcapng; of marked connections, if there are any", hint: "pcapng", run: func(a *App) { a.askSave("pcapng") }, arg: (*App).savePackets},
		{name: "save-json", keys: []string{"j"}, in: inSave, help: "the rows that are shown as JSON Lines", hint: "JSON", run: func(a *App) { a.askSave("jsonl") }, arg: (*App).saveJSON},
	}
}

// applies tells whether an action can be done just now in a context.
func (x *action) applies(a *App, in scope) bool {
	return x.in&in != 0 && (x.only == nil || x.only(a))
}

// context is where a key goes.
func (a *App) context() scope {
	switch {
	case a.menu != nil:
		return a.menu.in
	case a.page != nil:
		return inPage
	}
	return inConns << a.focus
}

// press does what a key does here, and tells whether it does anything.
func (a *App) press(key string) bool {
	in := a.context()
	inMenu := a.menu != nil
	a.menu = nil
	for _, x := range a.byKey[key] {
		if x.applies(a, in) && x.run != nil {
			a.message = nil
			x.run(a)
			return true
		}
	}
	return inMenu // any other key closes the menu
}
