package main

import (
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

// untilEvent is the usage of --until where results are not printed one by one.
const untilEvent = "stop at the first message, frame, handshake, finding or other event that matches the display filter `EXPR`"

// lookout stands between the analyzer and the sink of its events, and ends reading
// at the first event that --until matches: that one is passed on, and none after
// it. A nil one is never reached.
//
//	dissect.Analyzer ─► lookout ─► displayFilter ─► printer
type lookout struct {
	filter  displayFilter
	next    event.Sink
	matched bool
}

// newAnalyzer makes an analyzer that gives events of kinds to next, and puts
// --until's lookout between the two. It looks at what next is given; where
// next wants no events, because it counts, it looks at all that there are.
func (o *options) newAnalyzer(kinds []event.Kind, payload event.Payload, next event.Sink) (*dissect.Analyzer, *lookout) {
	if o.stopAt == nil {
		return dissect.New(o.analyzer(kinds, payload), next), nil
	}
	if len(kinds) == 0 {
		for k := range event.NumKinds {
			kinds = append(kinds, k)
		}
	}
	w := &lookout{filter: displayFilter{filter: o.stopAt}, next: next}
	a := dissect.New(o.analyzer(kinds, max(payload, o.stopAt.Needs())), w)
	w.filter.observe(a)
	return a, w
}

// reached tells whether an event matched.
func (w *lookout) reached() bool { return w != nil && w.matched }

// Event implements event.Sink.
func (w *lookout) Event(e *event.Event) {
	if w.matched {
		return
	}
	w.matched = w.filter.pass(e)
	w.next.Event(e)
}

// untilNotes say how reading ended with --until.
func (o *options) untilNotes(w *lookout) []string {
	switch {
	case w == nil:
		return nil
	case w.matched:
		return []string{"stopped where --until matched"}
	}
	return []string{"nothing matched --until: " + o.stopAt.String()}
}
