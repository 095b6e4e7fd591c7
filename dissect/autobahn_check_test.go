package dissect_test

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp"
	"slices"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
	"github.com/sockeye-dev/sockeye/pcaps/truth"
)

// suiteFinding is what is compared of a finding.
type suiteFinding struct {
	rule           string
	severity       event.Severity
	from           event.Side
	frame, message uint64
	byte           int // WS-UTF8: as the sentence says; else 0
}

// check compares what was read with what was said, and returns what differs.
func (t *suiteTalk) check(r *truth.Record) (wrong []string) {
	differ := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if len(r.Order) != 1 {
		return []string{fmt.Sprintf("%d connections", len(r.Order))}
	}
	c := r.Conns[1]
	if n := c.Connection; n.Protocol != "websocket" || n.State != "closed" || n.Missing != [2]uint64{} || len(c.Gaps[0])+len(c.Gaps[1]) > 0 {
		differ("connection %+v", *n)
	}
	if len(c.Handshakes) != 1 || !c.Handshakes[0].D.Accepted || c.Handshakes[0].D.Extensions != t.agree {
		differ("%d handshakes, or not accepted with %q", len(c.Handshakes), t.agree)
	}
	streams := t.streams()
	for side, s := range t.sides {
		if !bytes.Equal(c.Stream(event.Side(side)), streams[side]) {
			differ("the %v's stream differs", s.side)
		}
		if d := s.differFrames(c.Frames[side]); d != "" {
			differ("%v frame %s", s.side, d)
		}
		if d := s.differMessages(c.Messages[side]); d != "" {
			differ("%v message %s", s.side, d)
		}
	}
	want, got := t.findings(), t.found(c)
	for _, f := range want {
		if !slices.Contains(got, f) {
			differ("no %v", &f)
		}
	}
	for _, f := range got {
		if !slices.Contains(want, f) {
			differ("found %v", &f)
		}
	}
	if len(got) != len(want) {
		differ("%d findings, not %d", len(got), len(want))
	}
	return wrong
}

func (t *suiteTalk) streams() [2][]byte { return (&talk{turns: t.turns}).streams() }

func (s *speaker) differFrames(got []truth.Said[*event.Frame]) string {
	for i := range max(len(got), len(s.frames)) {
		switch {
		case i >= len(got):
			return fmt.Sprintf("%+v is not found", s.frames[i])
		case i >= len(s.frames):
			return fmt.Sprintf("%+v was not sent", *got[i].D)
		case *got[i].D != s.frames[i] || got[i].From != s.side:
			return fmt.Sprintf("is\n\t%+v, not\n\t%+v", *got[i].D, s.frames[i])
		}
	}
	return ""
}

func (s *speaker) differMessages(got []truth.Said[*event.Message]) string {
	for i := range max(len(got), len(s.messages)) {
		switch {
		case i >= len(got):
			return fmt.Sprintf("%.200v is not found", *s.messages[i])
		case i >= len(s.messages):
			return fmt.Sprintf("%.200v was not sent", *got[i].D)
		}
		g, w := *got[i].D, *s.messages[i]
		if len(g.Payload) != len(w.Payload) || !bytes.Equal(g.Payload, w.Payload) {
			return fmt.Sprintf("%d has other bytes: %.100q, not %.100q", i+1, g.Payload, w.Payload)
		}
		g.Payload, w.Payload, g.Latency = nil, nil, 0
		if !reflect.DeepEqual(g, w) || got[i].From != s.side {
			return fmt.Sprintf("is\n\t%+v, not\n\t%+v", g, w)
		}
	}
	return ""
}

// findings are those that a case is made for.
func (t *suiteTalk) findings() (out []suiteFinding) {
	s := t.sides[t.suite]
	for _, b := range t.c.broken {
		f := s.frames[b.frame]
		out = append(out, suiteFinding{string(b.rule), event.Error, s.side, f.Number, f.Message, b.byte})
	}
	for _, s := range t.sides {
		if !s.said { // it only broke off
			out = append(out, suiteFinding{string(websocket.RuleNoClose), event.Warning, s.side, uint64(len(s.frames)), 0, 0})
		}
	}
	if n := t.c.unasked; n > 0 {
		f := s.frames[n-1]
		out = append(out, suiteFinding{string(websocket.RulePong), event.Info, s.side, f.Number, f.Message, 0})
	}
	return out
}

var saidByte = regexp.MustCompile(`ill-formed at byte (\d+)`)

// found are the findings of a connection. A ping behind the frame at which the
// peer gave up stays unanswered: that may be noted, or not.
func (t *suiteTalk) found(c *truth.Conn) (out []suiteFinding) {
	for _, f := range c.Findings {
		if f.D.Rule == string(websocket.RulePong) && f.From != t.suite && len(t.c.broken) > 0 && t.c.broken[0].rule != websocket.RuleAfterClose {
			continue
		}
		g := suiteFinding{f.D.Rule, f.D.Severity, f.From, f.D.Frame, f.D.Message, 0}
		if m := saidByte.FindStringSubmatch(f.D.Text); m != nil {
			g.byte = atoi(m[1])
		}
		out = append(out, g)
	}
	return out
}
