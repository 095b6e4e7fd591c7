package dissect_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
)

// TestUnflushed: a payload that gives its message but does not end where the
// receiver's 00 00 FF FF belongs (RFC 7692 §7.2.1) is named, and shown.
// Mojolicious sends the empty one, for an empty message after another.
func TestUnflushed(t *testing.T) {
	tests := []struct {
		name, payload, text string
		want                string // of the finding; empty: none
	}{
		{"flushed", "\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello", ""},
		{"empty", "\x00", "", ""},
		{"empty without a payload", "", "", "without a payload"},
		{"flush not cut off", "\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff", "Hello", "still has the last four bytes"},
		{"no flush", "\x00\x05\x00\xfa\xffHello", "Hello", "does not end with a flush"},
		{"final block", "\xf3\x48\xcd\xc9\xc9\x07", "Hello", ""},
	}
	for _, tt := range tests {
		r := rand.New(rand.NewPCG(1, 1))
		k := &suiteTalk{agree: websocket.PMDName}
		for i := range k.sides {
			k.sides[i] = &speaker{side: event.Side(i), r: r}
		}
		k.handshake(r, websocket.PMDName)
		wire, _ := k.sides[event.Client].frame(suiteFrame{op: websocket.Text, rsv: websocket.RSV1, body: []byte(tt.payload)})
		k.turns = append(k.turns, turn{event.Client, wire})
		for _, side := range []event.Side{event.Client, event.Server} {
			wire, _ = k.sides[side].frame(closeFrame(""))
			k.turns = append(k.turns, turn{side, wire})
		}
		c := analyze(t, play(r, segments(k.turns, true, whole))).Conns[1]
		if m := c.Messages[event.Client][0].D; string(m.Payload) != tt.text || !m.Compressed || m.Undecoded != "" {
			t.Errorf("%s: got %q (%s), want %q", tt.name, m.Payload, m.Undecoded, tt.text)
		}
		var got []string
		for _, f := range c.Findings {
			if f.D.Rule == "PMD-INFLATE" && f.D.Severity == event.Error && f.From == event.Client && f.D.Frame == 1 {
				got = append(got, f.D.Text)
			}
		}
		if (tt.want != "") != (len(got) == 1) || len(got) == 1 && !strings.Contains(got[0], tt.want) {
			t.Errorf("%s: findings %q, want %q", tt.name, got, tt.want)
		}
	}
}
