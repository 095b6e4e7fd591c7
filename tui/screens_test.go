package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

var sizes = [][2]int{{80, 24}, {120, 40}, {60, 15}}

// TestScreens holds what the screens look like.
func TestScreens(t *testing.T) {
	cases := []struct {
		name, capture string
		keys          []string
	}{
		{"connections", "websockets-plain.pcap", nil},
		{"messages", "misbehave-a.pcap", []string{"Down", "Tab", "Down", "Down"}},
		{"frames", "websockets-plain.pcap", append(append([]string{"2"}, slices.Repeat([]string{"Down"}, 21)...), "Right", "Right", "3")},
		{"hex-raw", "raw-binary-line.pcap", []string{"2", "Down", "Down", "Down", "Down", "3"}},
		{"packets", "websockets-plain.pcap", []string{"2", "Down", "Down", "Down", "Left", "3"}},
		{"findings", "misbehave-a.pcap", []string{"Down", "Down", "4"}},
		{"explained", "misbehave-a.pcap", []string{"4", "x"}},
		{"handshake", "misbehave-a.pcap", []string{"h"}},
		{"ladder", "misbehave-a.pcap", []string{"L"}},
		{"timeline", "lossy-v4.pcap", []string{"s"}},
		{"stream", "raw-binary-line.pcap", []string{"S"}},
		{"lossy", "messy-small.pcap", []string{"Down", "Down", "Down", "2", "End"}},
		{"help", "websockets-plain.pcap", []string{"2", "?"}},
	}
	for _, size := range sizes {
		for _, c := range cases {
			name := fmt.Sprintf("%s-%dx%d", c.name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				s := stageOf(t, c.capture, size[0], size[1])
				s.show()
				for _, k := range c.keys {
					s.press(k)
					s.show()
				}
				s.golden(name)
			})
		}
	}
}

func TestTooSmall(t *testing.T) {
	s := stageOf(t, "websockets-plain.pcap", 59, 15)
	s.want("59×15 is too small", "needs 60×15")
	s.screen.SetSize(60, 14)
	s.want("60×14 is too small")
	for _, size := range [][2]int{{1, 1}, {3, 2}, {1, 30}, {200, 1}} { // nothing panics
		s.screen.SetSize(size[0], size[1])
		s.show()
	}
}

// TestAnySize draws every screen at many sizes: nothing panics, and no line is wider than the screen.
func TestAnySize(t *testing.T) {
	s := stageOf(t, "misbehave-a.pcap", 80, 24)
	s.press("2", "Down", "Down")
	for _, key := range []string{"", "h", "L", "s", "?"} {
		if key != "" {
			s.press(key)
		}
		for w := 60; w < 210; w += 7 {
			for _, h := range []int{15, 19, 20, 24, 31, 60} {
				s.screen.SetSize(w, h)
				if n := strings.Count(s.show(), "\n"); n != h {
					t.Fatalf("%d lines on a screen of %d", n, h)
				}
			}
		}
		s.press("Esc")
		s.press("2")
	}
}

func TestFilter(t *testing.T) {
	s := stageOf(t, "websockets-plain.pcap", 100, 30)
	all := len(s.a.conv.shown)
	s.press("/")
	s.write("opcode == te")
	s.want("✖", "opcode is never te", "text") // the verdict, and a completion
	s.press("Tab")
	s.want("opcode == text", "✔")
	if n := len(s.a.conv.shown); n == 0 || n >= all {
		t.Errorf("%d of %d rows pass the filter", n, all)
	}
	s.press("Enter")
	s.want("filter: opcode == text")
	s.press("/", "Ctrl-u")
	s.write("path == /app-code")
	s.press("Enter")
	if n := len(s.a.conns.order); n != 1 || s.a.conns.order[0].Path != "/app-code" {
		t.Errorf("%d connections pass", n)
	}
	s.press("/", "Ctrl-u", "Enter")
	if len(s.a.conns.order) != 9 || !s.a.filter.empty() {
		t.Error("an empty filter does not show everything")
	}
	s.press("/")
	s.write("opcode == text")
	s.press("Esc")
	if !s.a.filter.empty() || len(s.a.conv.shown) != all {
		t.Error("a cancelled filter is in force")
	}
}

func TestJSONTree(t *testing.T) {
	tree, err := parseTree([]byte(`{"op":"hello","data":[17,{"a b":null}],"data":true}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range tree.Len() {
		got = append(got, tree.Line(i).text()+" @ "+tree.path(i))
	}
	want := []string{
		`▾ {3} @ json`, `    op: "hello" @ json.op`, `  ▾ data: [2] @ json.data`, `      0: 17 @ json.data[0]`,
		`    ▾ 1: {1} @ json.data[1]`, `        a b: null @ json.data[1]."a b"`, `    data: true @ json.data`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if at := tree.toggle(3); at != 2 || tree.Len() != 4 {
		t.Errorf("folding a value folds its container: line %d, %d lines", at, tree.Len())
	}
	tree.foldAll(true)
	if tree.Len() != 4 {
		t.Errorf("%d lines are left", tree.Len())
	}
	for _, bad := range []string{"", "{", `{"a"`, "[1,", "[1] 2", "nul", `{"a":1}}`} {
		if _, err := parseTree([]byte(bad)); err == nil {
			t.Errorf("%q was read as JSON", bad)
		}
	}
	if _, err := parseTree([]byte(strings.Repeat("[", 300_000))); err != nil {
		t.Errorf("a deep text is shown as far as it goes: %v", err)
	}
}
