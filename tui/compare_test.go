package tui

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

func TestAlign(t *testing.T) {
	for _, c := range []struct{ left, right, want string }{
		{"a b c", "a b c", "aa bb cc"},
		{"a b c", "a x c", "aa bx cc"},
		{"a c", "a b c", "aa -b cc"},
		{"a b c d", "c d", "a- b- cc dd"},
		{"", "x y", "-x -y"},
		{"x", "", "x-"},
		{"a b a b", "b a b a", "a- bb aa bb -a"},
	} {
		left, right := strings.Fields(c.left), strings.Fields(c.right)
		var got []string
		for _, p := range align(left, right) {
			x, y := "-", "-"
			if p.left >= 0 {
				x = left[p.left]
			}
			if p.right >= 0 {
				y = right[p.right]
			}
			got = append(got, x+y)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%q and %q: %s, not %s", c.left, c.right, s, c.want)
		}
	}
}

// TestAlignWhole holds that every line of random texts stands there once, in order.
func TestAlignWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	text := func(n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = fmt.Sprint(r.IntN(4))
		}
		return out
	}
	for range 300 {
		left, right := text(r.IntN(20)), text(r.IntN(20))
		var l, m []string
		for _, p := range align(left, right) {
			if p.left >= 0 {
				l = append(l, left[p.left])
			}
			if p.right >= 0 {
				m = append(m, right[p.right])
			}
		}
		if !slices.Equal(l, left) || !slices.Equal(m, right) {
			t.Fatalf("%v and %v became %v and %v", left, right, l, m)
		}
	}
}

func TestDiffering(t *testing.T) {
	for _, c := range []struct{ x, y, want string }{
		{"abc", "axc", "b|x"}, {"abc", "abc", "|"}, {"ab", "aab", "|a"}, {"é1", "è1", "é|è"}, {"", "x", "|x"}, {"\xff", "\xfe", "\xff|\xfe"},
	} {
		from, m, n := differing(c.x, c.y)
		if got := c.x[from:m] + "|" + c.y[from:n]; got != c.want {
			t.Errorf("%q and %q differ in %q, not %q", c.x, c.y, got, c.want)
		}
	}
}

// TestCompareMessages selects two messages of different connections and compares them.
func TestCompareMessages(t *testing.T) {
	s := stageOf(t, "lossy-v4.pcap", 120, 40)
	s.press("2")
	var picked []string
	s.seek(func(*event.Event) bool { return s.a.detail.tree != nil })
	picked = append(picked, string(s.a.detail.payload))
	s.press("Space")
	s.want("is selected: Space selects another one")
	s.press("Down")
	s.seek(func(*event.Event) bool { return s.a.detail.tree != nil && string(s.a.detail.payload) != picked[0] })
	s.press("Space")
	s.want("are selected: = compares them")
	if n := strings.Count(s.show(), "\n│="); n != 2 && !strings.Contains(s.show(), "=") {
		t.Errorf("%d rows are marked", n)
	}
	s.press("=")
	s.want("Compare ‹ → text", "lines of", "≠", `"type"`)
	s.press("Esc", "Space")
	if len(s.a.chosen) != 1 {
		t.Errorf("%d are still selected", len(s.a.chosen))
	}
	s.press("Space", "1", "Space")
	if s.a.comparable() {
		t.Error("a message and a connection can be compared")
	}
}

func TestCompareConnections(t *testing.T) {
	s := stageOf(t, "misbehave-a.pcap", 160, 50)
	s.press("Space", "Down", "Space", "=")
	s.want("Compare ‹ connection 1", "› connection 2", "≠ ", "GET /", "Sec-WebSocket-Key", "state closed")
	for _, size := range sizes {
		s.screen.SetSize(size[0], size[1])
		s.want("≠")
	}
}

// TestCompareSame holds that equals are said to be, and bytes are compared by their places.
func TestCompareSame(t *testing.T) {
	m := &event.Message{Opcode: 2, Length: 20, Frames: 1, Complete: true}
	one := eventSide(&event.Event{Detail: m}, []byte("\x00\x01234567890123456789"))
	two := eventSide(&event.Event{Detail: m}, []byte("\x00\x01234567890123456X89"))
	if got := compared([2]side{one, one}, align(one.lines, one.lines), 120).Line(0).text(); got != "the same, line by line" {
		t.Errorf("got %q", got)
	}
	doc := compared([2]side{one, two}, between(nil, 0, len(one.lines), 0, len(two.lines)), 120)
	if got := doc.Line(0).text(); !strings.HasPrefix(got, "1 line of 7 differ") {
		t.Errorf("got %q", got)
	}
	seen := false
	for i := range doc.Len() {
		for _, sp := range doc.Line(i) {
			seen = seen || sp.role == rMatch && strings.Contains(sp.text, "58")
		}
	}
	if !seen {
		t.Error("the byte that differs is not marked")
	}
}
