package tui

import (
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

// Credentials in heads, cookies and queries are left out of what is shown,
// copied and saved, until R asks for them. Filters and searches of payloads see
// everything, and saved packets are as they were captured.

// seen is an event as it is to be shown.
func (a *App) seen(e *event.Event) *event.Event {
	if a.revealed || e == nil {
		return e
	}
	return event.Redact(e)
}

// pathOf is pathText as it is to be shown.
func (a *App) pathOf(r *session.Row) string {
	if a.revealed {
		return pathText(r)
	}
	return event.RedactTarget(pathText(r))
}

// toggleRedact shows credentials, or hides them again.
func (a *App) toggleRedact() {
	a.revealed = !a.revealed
	if a.conv != nil {
		a.conv.hide = !a.revealed
	}
	top := a.detail.pager.top
	a.detail.index = -1
	a.showDetail()
	a.detail.pager.top = top
	switch {
	case a.page != nil && a.page.renew != nil:
		a.page.renew()
	case a.page != nil:
		a.page.made = [2]int{}
	}
	a.say(rDim, "%s", map[bool]string{
		true:  "credentials are shown, copied and saved",
		false: "credentials in heads, cookies and queries are left out; saved packets keep them",
	}[a.revealed])
}
