package dissect_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// TestDirectionsApart: where the directions of a link are captured apart, by a
// tap of two ports or on several queues, an answer may come before its request,
// and the client's first frames before the 101 that they follow. The order of a
// few packets must not matter.
func TestDirectionsApart(t *testing.T) {
	const ask = "GET /before HTTP/1.1\r\nHost: autobahn.example\r\n\r\n"
	const answered = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"
	r := rand.New(rand.NewPCG(7, 7))
	for _, tt := range []struct {
		name   string
		before []turn // the handshake
		cut    cutter
	}{
		{"at once", nil, whole},
		{"behind a request", []turn{{event.Client, []byte(ask)}, {event.Server, []byte(answered)}}, whole},
		{"heads in pieces", nil, fixed(90)},
	} {
		k := (&suiteCase{id: tt.name, send: []suiteFrame{textFrame("Hello"), pingFrame("a"), binaryFrame("bytes")}}).talk(event.Client, 0, nil)
		turns := append(slices.Clone(tt.before), k.turns...)
		list := play(r, segments(turns, true, tt.cut)).list
		want := outlineOf(analyze(t, &packets{list: list}).Conns[1])
		if len(want.messages[event.Client]) != 4 || want.protocol != "websocket" {
			t.Fatalf("%s: %+v", tt.name, want)
		}
		for i := 0; i+1 < len(list); i++ {
			for window := 2; window <= 3 && i+window <= len(list); window++ {
				swapped := slices.Clone(list)
				slices.Reverse(swapped[i : i+window])
				for j := range swapped {
					swapped[j].Time = list[j].Time
				}
				c := analyze(t, &packets{list: swapped}).Conns[1]
				got := outlineOf(c)
				for _, what := range want.differences(&got) {
					t.Errorf("%s, %d packets reversed at %d: %s", tt.name, window, i+1, what)
				}
				for _, f := range c.Findings {
					if f.D.Severity == event.Error {
						t.Errorf("%s, %d packets reversed at %d: %s %s", tt.name, window, i+1, f.D.Rule, f.D.Text)
					}
				}
			}
		}
	}
}
