package dissect_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// TestPongs holds what is said of pings and pongs against small conversations:
// the findings of WS-PONG, as side and frame.
func TestPongs(t *testing.T) {
	const c, s = event.Client, event.Server
	type say struct {
		from event.Side
		suiteFrame
	}
	var twenty []say
	for i := range 20 {
		twenty = append(twenty, say{c, pingFrame(fmt.Sprint(i))})
	}
	for i := range 20 {
		twenty = append(twenty, say{s, pongFrame(fmt.Sprint(i))})
	}
	tests := []struct {
		name string
		says []say
		want []string
	}{
		{"answered", []say{{c, pingFrame("a")}, {s, pongFrame("a")}}, nil},
		{"the latest answered", []say{{c, pingFrame("a")}, {c, pingFrame("b")}, {s, pongFrame("b")}}, nil},
		{"unanswered", []say{{c, pingFrame("a")}, {s, textFrame("b")}}, []string{"server 2"}},
		{"unanswered, and then closed", []say{{s, textFrame("b")}, {c, pingFrame("a")}}, []string{"server 2"}},
		{"behind the close", []say{{c, closeFrame("")}, {c, pingFrame("a")}, {s, textFrame("b")}}, nil},
		{"crossed the close", []say{{s, textFrame("b")}, {c, pingFrame("a")}, {s, closeFrame("")}}, nil},
		{"unasked, twice", []say{{s, pongFrame("a")}, {s, pongFrame("b")}}, []string{"server 1"}},
		{"answered with other bytes", []say{{c, pingFrame("a")}, {s, pongFrame("b")}}, []string{"server 1", "server 2"}},
		{"captured before its ping", []say{{s, pongFrame("a")}, {c, pingFrame("a")}, {s, pongFrame("a")}}, nil},
		{"equal ones, each answered", []say{{c, pingFrame("a")}, {c, pingFrame("a")}, {s, pongFrame("a")}, {c, pingFrame("")}, {c, pingFrame("a")},
			{s, pongFrame("a")}, {s, pongFrame("")}, {s, pongFrame("a")}}, nil},
		{"equal ones, the latest answered", []say{{c, pingFrame("a")}, {c, pingFrame("a")}, {s, pongFrame("a")}}, nil},
		{"equal ones, answered once too often", []say{{c, pingFrame("a")}, {c, pingFrame("a")}, {s, pongFrame("a")}, {s, pongFrame("a")}, {s, pongFrame("a")}}, []string{"server 3"}},
		{"equal ones, one answered, then another", []say{{c, pingFrame("a")}, {c, pingFrame("a")}, {s, pongFrame("a")}, {c, pingFrame("b")}, {s, textFrame("c")}}, []string{"server 3"}},
		{"too many to remember", twenty, nil},
		{"fragmented", []say{{c, pingFrame("a").part()}, {s, pongFrame("b").part()}}, nil},
	}
	for _, tt := range tests {
		k := (&suiteCase{id: tt.name}).talk(c, 0, nil)
		farewell := len(k.turns) - 2
		end := k.turns[farewell:]
		k.turns = k.turns[:farewell:farewell]
		for _, say := range tt.says {
			wire, _ := k.sides[say.from].frame(say.suiteFrame)
			k.turns = append(k.turns, turn{say.from, wire})
		}
		k.turns = append(k.turns, end...)
		var got []string
		for _, f := range analyze(t, play(rand.New(rand.NewPCG(1, 1)), segments(k.turns, true, whole))).Conns[1].Findings {
			if f.D.Rule == "WS-PONG" {
				got = append(got, fmt.Sprintf("%v %d", f.From, f.D.Frame))
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestNoCloseWithoutFrames: there is no last frame to count the time from.
func TestNoCloseWithoutFrames(t *testing.T) {
	k := (&suiteCase{id: "no frames"}).talk(event.Client, 0, nil)
	k.turns = k.turns[:2]
	n := 0
	for _, f := range analyze(t, play(rand.New(rand.NewPCG(1, 1)), segments(k.turns, true, whole))).Conns[1].Findings {
		if f.D.Rule == "WS-NO-CLOSE" && strings.HasSuffix(f.D.Text, "ended the connection by FIN, before any frame") {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d findings say that no frame came, want one a side", n)
	}
}
