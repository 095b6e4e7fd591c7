package tui

import (
	"context"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/query"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

// long is a capture with one connection of very many messages.
type long struct {
	*fake
	read int // how often an event was asked for
}

func newLong(n int) *long {
	f := newFake()
	f.events = nil
	for i := range n {
		f.events = append(f.events, &event.Event{Time: int64(i), Conn: 1, From: event.Side(i & 1), Packets: [2]uint64{1, 1}, Detail: &event.Message{
			Number: uint64(i/2 + 1), Opcode: 1, Length: uint64(i % 100), Payload: make([]byte, i%100), Complete: true, Latency: -1,
		}})
	}
	return &long{fake: f}
}

func (l *long) Open(uint64) (View, error) { return l, nil }
func (l *long) Event(i int) (*event.Event, error) {
	l.read++
	return l.fake.Event(i)
}
func (l *long) Passing(_ context.Context, f *query.Filter) ([]int, error) {
	var out []int
	for i, e := range l.events {
		if f.Match(e, l.Info(l.rows[0])) {
			out = append(out, i)
		}
	}
	return out, nil
}

// TestFilterLong filters a long connection: what passes is found out elsewhere,
// and the event loop looks at no more events than it draws.
func TestFilterLong(t *testing.T) {
	l := newLong(3 * maxSifted)
	s := newStage(t, l, "x", 120, 40)
	s.show()
	before := l.read
	s.press("/")
	s.write("length > 97 and from == client")
	s.press("Enter")
	want := 0
	for i := range l.events {
		if i%100 == 98 {
			want++
		}
	}
	if got := len(s.a.conv.shown); got != want {
		t.Errorf("%d rows pass, not %d", got, want)
	}
	s.show()
	if n := l.read - before; n > 40*60 {
		t.Errorf("%d events were read", n)
	}
	l.events = append(l.events, newLong(200).events...) // it goes on
	s.a.changed()
	if got := len(s.a.conv.shown); got != want+2 {
		t.Errorf("when it went on, %d rows pass, not %d", got, want+2)
	}
	s.press("/", "Ctrl-u", "Enter")
	if got := len(s.a.conv.shown); got != len(l.events) {
		t.Errorf("without a filter there are %d rows, not %d", got, len(l.events))
	}
}

// early is a capture whose connections are opened before it is known what they
// carry: their views hold the pieces of the stream too.
type early struct{ *opened }

func (o early) Open(number uint64) (View, error) {
	q := session.All(event.KindHandshake, event.KindFrame, event.KindMessage, event.KindGap, event.KindFinding, event.KindData)
	v, err := o.s.Events(o.ctx, number, q)
	if err != nil {
		return nil, err
	}
	return o.view(v, q), nil
}

// TestFilterCount counts the same rows whether or not the connection was opened
// before its handshake was read.
func TestFilterCount(t *testing.T) {
	src := openCapture(t, pcap(t, "websockets-plain.pcap")).(*opened)
	for _, src := range []Source{src, early{src}} {
		s := newStage(t, src, "x", 80, 24)
		s.press("/")
		s.write("opcode == text and length > 1k")
		if out := s.show(); !strings.Contains(out, "10 of 91 rows") {
			t.Errorf("%T shows\n%s", src, out)
		}
	}
}

// TestTimelineGrows holds that a page shows what comes in between the lists were
// read and it was drawn.
func TestTimelineGrows(t *testing.T) {
	l := newLong(100)
	s := newStage(t, l, "x", 120, 40)
	s.a.key(keyEvent("s"))
	l.events = append(l.events, newLong(200).events[100:]...)
	s.show()
	s.a.changed()
	want := newStage(t, newLong(200), "x", 120, 40)
	want.press("s")
	if got, want := s.show(), want.show(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
