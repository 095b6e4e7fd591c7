package dissect_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// suiteWay is a way to cut a conversation into segments.
type suiteWay struct {
	name string
	cut  func(t *suiteTalk) []segment
}

// Of a stream longer than bytewiseAll, only the beginning and the end are sent
// byte by byte, and what is between in pieces of any length.
const (
	bytewiseAll  = 8 << 10
	bytewiseHead = 2 << 10
	bytewiseTail = 256
)

func suiteWays() []suiteWay {
	return []suiteWay{
		{"whole", func(t *suiteTalk) []segment { return segments(t.turns, false, whole) }},
		{"byte by byte", func(t *suiteTalk) []segment { return segments(t.turns, false, t.bytewise()) }},
		{"cut at headers", func(t *suiteTalk) []segment { return segments(t.turns, false, at(t.boundaries())) }},
		{"as the suite writes", func(t *suiteTalk) []segment { return segments(t.turns, true, whole) }},
	}
}

// long tells whether a conversation is too long to be sent in single bytes.
func (t *suiteTalk) long() bool { return max(t.sides[0].off, t.sides[1].off) > bytewiseAll }

func (t *suiteTalk) bytewise() cutter {
	r := rand.New(rand.NewPCG(uint64(len(t.turns)), t.sides[t.suite].off))
	return func(from event.Side, off uint64, _ int) int {
		end := t.sides[from].off
		if end <= bytewiseAll || off < bytewiseHead || off+bytewiseTail >= end {
			return 1
		}
		return min(1+r.IntN(1460), int(end-bytewiseTail-off))
	}
}

// boundaries are where headers and payloads begin.
func (t *suiteTalk) boundaries() (out [2][]uint64) {
	for i, s := range t.sides {
		for _, f := range s.frames {
			out[i] = append(out[i], f.Offset, f.Offset+uint64(f.HeaderLength))
		}
		out[i] = slices.Compact(out[i])
	}
	return out
}

// suiteCount is what a run came to.
type suiteCount struct{ cases, conversations, passed, partly int }

func (n *suiteCount) add(m suiteCount) {
	n.cases += m.cases
	n.conversations += m.conversations
	n.passed += m.passed
	n.partly += m.partly
}

// TestAutobahn plays every case of the Autobahn testsuite in both roles, each
// cut in several ways, and demands every frame, every message and exactly the
// findings that the case is made for.
func TestAutobahn(t *testing.T) {
	ways := suiteWays()
	switch {
	case raced: // no goroutine is at work here: once over is enough
		ways = ways[:1]
	case testing.Short():
		ways = ways[:2]
	}
	sources := packedSources()
	var total suiteCount
	seen := map[string]bool{}
	for _, g := range suiteGroups() {
		if len(g.cases) != g.count {
			t.Errorf("group %s has %d cases, the suite has %d", g.name, len(g.cases), g.count)
		}
		for _, c := range g.cases {
			if seen[c.id] {
				t.Errorf("two cases %s", c.id)
			}
			seen[c.id] = true
		}
		t.Run(g.name, func(t *testing.T) {
			n := playGroup(t, g, ways, sources)
			t.Logf("%d cases: %d of %d conversations are read as they should be", n.cases, n.passed, n.conversations)
			total.add(n)
		})
	}
	t.Logf("Autobahn: %d cases × 2 roles × %d segmentations: %d of %d pass", total.cases, len(ways), total.passed, total.conversations)
	t.Logf("scaled down: group 9 to 1/%d of its lengths and 1/%d of its messages; groups 12 and 13 to %d to %d messages of full length for 1000; "+
		"of %d conversations with streams above %d bytes only the first %d and last %d bytes go byte by byte, the rest in random pieces",
		limitScale, limitMessages, packedFewest, packedMost, total.partly, bytewiseAll, bytewiseHead, bytewiseTail)
}

func playGroup(t *testing.T, g suiteGroup, ways []suiteWay, sources map[string][]byte) (n suiteCount) {
	r := rand.New(rand.NewPCG(517, 2))
	for i, c := range g.cases {
		n.cases++
		for _, role := range []event.Side{event.Client, event.Server} {
			k := c.talk(role, i, sources)
			if k.long() {
				n.partly++
			}
			for _, w := range ways {
				n.conversations++
				wrong := k.check(analyze(t, play(r, w.cut(k))))
				if len(wrong) == 0 {
					n.passed++
				}
				for _, what := range wrong[:min(len(wrong), 5)] {
					t.Errorf("%s as %v, %s: %s", c.id, role, w.name, what)
				}
			}
		}
	}
	return n
}

// TestAutobahnFailFast plays the cases that wait, once it is certain that their
// text is not UTF-8, for a peer that then closes at once: the rest never goes
// out. What is certain has to be said of an unfinished message too.
func TestAutobahnFailFast(t *testing.T) {
	for _, f := range []struct {
		id           string
		frames, left int // that go out; bytes of the last that do not
	}{{"6.4.1", 2, 0}, {"6.4.2", 2, 0}, {"6.4.3", 1, 6}, {"6.4.4", 1, 8}} {
		for _, role := range []event.Side{event.Client, event.Server} {
			i := slices.IndexFunc(utf8Cases(), func(c *suiteCase) bool { return c.id == f.id })
			c := *utf8Cases()[i]
			c.send = c.send[:f.frames]
			c.broken[0].frame, c.write = f.frames-1, writing{}
			k := c.talk(role, 0, nil)
			k.stopShort(f.left)
			for _, w := range suiteWays() {
				for _, what := range k.check(analyze(t, play(rand.New(rand.NewPCG(6, 4)), w.cut(k)))) {
					t.Errorf("%s as %v, %s: %s", f.id, role, w.name, what)
				}
			}
		}
	}
}

// stopShort takes the last bytes of the suite's last frame away.
func (t *suiteTalk) stopShort(n int) {
	s := t.sides[t.suite]
	for i := len(t.turns) - 1; n > 0; i-- {
		if t.turns[i].from == t.suite {
			t.turns[i].b = t.turns[i].b[:len(t.turns[i].b)-n]
			break
		}
	}
	m := s.messages[len(s.messages)-1]
	s.off -= uint64(n)
	s.frames[len(s.frames)-1].Missing = uint64(n)
	m.Missing, m.Payload = uint64(n), m.Payload[:len(m.Payload)-n]
}

func (f *suiteFinding) String() string {
	return fmt.Sprintf("%s (%v) of the %v at frame %d, message %d, byte %d", f.rule, f.severity, f.from, f.frame, f.message, f.byte)
}
