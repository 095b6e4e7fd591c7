package tui

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var sizes = [][2]int{{80, 24}, {200, 50}, {60, 15}}

// screens is the folder of the screens that the documentation shows. They are
// taken from the program in tmux by the script capture there, and are what the tests draw.
var screens = filepath.Join("..", "docs", "screens")

// shot is a screen of docs/screens/scenes.txt.
type shot struct {
	name, capture string
	keys          []string // as press takes them; type:TEXT with _ for spaces
}

func shots(t *testing.T) []shot {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(screens, "scenes.txt"))
	if err != nil {
		t.Fatal(err)
	}
	arrows := map[string]string{"↑": "Up", "↓": "Down", "←": "Left", "→": "Right"}
	var out []shot
	for l := range strings.Lines(string(text)) {
		f := strings.Fields(l)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		if len(f) < 2 {
			t.Fatalf("scenes.txt: %q", l)
		}
		s := shot{name: f[0], capture: f[1]}
		for _, k := range f[2:] {
			n := 1
			if key, times, ok := strings.Cut(k, "*"); ok && key != "" {
				if n, err = strconv.Atoi(times); err != nil {
					t.Fatalf("scenes.txt: %q", k)
				}
				k = key
			}
			if a := arrows[k]; a != "" {
				k = a
			}
			s.keys = append(s.keys, slices.Repeat([]string{k}, n)...)
		}
		out = append(out, s)
	}
	return out
}

// play brings an inspector to what a screen shows.
func (c *shot) play(s *stage) {
	s.show()
	for _, k := range c.keys {
		if text, ok := strings.CutPrefix(k, "type:"); ok {
			s.write(strings.ReplaceAll(text, "_", " "))
		} else {
			s.press(k)
		}
		s.show()
	}
}

// TestScreens holds what the screens look like.
func TestScreens(t *testing.T) {
	for _, size := range sizes {
		for _, c := range shots(t) {
			name := fmt.Sprintf("%s-%dx%d", c.name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				s := stageOf(t, c.capture, size[0], size[1])
				c.play(s)
				s.golden(name)
			})
		}
	}
}

// TestTmux drives the program itself in tmux through the same screens.
func TestTmux(t *testing.T) {
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed: the program is not driven on a terminal")
	}
	binary := filepath.Join(t.TempDir(), "sockeye")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/sockeye").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c := exec.Command(filepath.Join(screens, "capture"), "--check", binary)
	if testing.Short() {
		c.Env = append(os.Environ(), "SIZES=80x24")
	}
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestPlantedFaults holds that a first-time user finds each of three planted
// faults in fewer than ten keys, by what the hints on the last line offer.
func TestPlantedFaults(t *testing.T) {
	says := map[string][]string{
		"fault-1-start":    {"✖1"},
		"fault-2-listed":   {"HS-ACCEPT", "WS-MASK", "WS-NO-CLOSE"},
		"fault-3-accept":   {"Rule HS-ACCEPT", "the key gives"},
		"fault-4-mask":     {"not masked", "‹Frames›"},
		"fault-5-no-close": {"WS-NO-CLOSE", "idle 1 min", "no close"},
	}
	found := 0
	for _, c := range shots(t) {
		want, ok := says[c.name]
		if !ok {
			continue
		}
		found++
		if len(c.keys) >= 10 {
			t.Errorf("%s takes %d keys", c.name, len(c.keys))
		}
		for _, size := range sizes {
			s := stageOf(t, c.capture, size[0], size[1])
			c.play(s)
			for _, w := range want {
				if !strings.Contains(s.show(), w) {
					t.Errorf("%s on %d×%d does not show %q:\n%s", c.name, size[0], size[1], w, s.show())
				}
			}
		}
	}
	if found != len(says) {
		t.Errorf("%d of %d screens are in scenes.txt", found, len(says))
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
