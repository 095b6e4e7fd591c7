package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// TestTable holds the table of actions to its own rules.
func TestTable(t *testing.T) {
	names := map[string]bool{}
	for _, x := range actionTable() {
		if names[x.name] {
			t.Errorf("two actions are called %s", x.name)
		}
		names[x.name] = true
		if x.help == "" || x.run == nil || x.in == 0 || len(x.keys) == 0 {
			t.Errorf("%s is not complete", x.name)
		}
		for _, k := range x.keys {
			if got := keyName(keyEvent(k)); got != k {
				t.Errorf("%s: the key %q arrives as %q", x.name, k, got)
			}
		}
	}
}

// scene brings an inspector to where some actions apply.
type scene struct {
	name, capture string
	in            scope
	keys          []string
	until         func(*App) bool // Down is pressed until it holds; nil: not at all
	then          []string
	live          bool // a capture goes on
}

func scenes() []scene {
	message := func(a *App) bool { return len(a.detail.frames) > 0 }
	masked := func(a *App) bool {
		return a.detail.event != nil && a.detail.event.From == event.Client && len(a.detail.payload) > 0 && len(a.detail.frames) > 0
	}
	tree := func(a *App) bool { return a.detail.tree != nil }
	finding := func(a *App) bool { return a.onFinding() }
	return []scene{
		{"connections", "misbehave-a.pcap", inConns, nil, nil, nil, false},
		{"a live capture", "misbehave-a.pcap", inConns, nil, nil, nil, true},
		{"connections of another width", "misbehave-a.pcap", inConns, []string{"<"}, nil, nil, false},
		{"messages", "misbehave-a.pcap", inMessages, []string{"2"}, message, nil, false},
		{"a finding", "misbehave-a.pcap", inMessages, []string{"2"}, finding, nil, false},
		{"a finding in full", "misbehave-a.pcap", inDetail, []string{"2"}, finding, []string{"3"}, false},
		{"hex", "websockets-plain.pcap", inDetail, []string{"2"}, masked, []string{"3", "Right"}, false},
		{"a JSON tree", "lossy-v4.pcap", inDetail, []string{"2"}, tree, []string{"3"}, false},
		{"findings", "misbehave-a.pcap", inFindings, []string{"4"}, nil, nil, false},
		{"the ladder", "misbehave-a.pcap", inPage, []string{"L"}, nil, nil, false},
		{"a stream", "raw-binary-line.pcap", inPage, []string{"S"}, nil, nil, false},
		{"a raw connection", "raw-binary-line.pcap", inMessages, []string{"2"}, nil, nil, false},
		{"two that are selected", "misbehave-a.pcap", inMessages, []string{"2", "Space", "Down", "Space"}, nil, nil, false},
		{"copy", "lossy-v4.pcap", inCopy, []string{"2"}, tree, []string{"y"}, false},
		{"save", "misbehave-a.pcap", inSave, []string{"2", "e"}, nil, nil, false},
	}
}

// play brings an inspector to a scene.
func (c *scene) play(t *testing.T, src Source) *stage {
	t.Helper()
	s := newStage(t, src, c.capture, 120, 40)
	if c.live {
		s.a.opt.Capture = &played{}
	}
	s.show()
	s.press(c.keys...)
	for n := 0; c.until != nil && !c.until(s.a); n++ {
		if n == 200 {
			t.Fatalf("%s: not found in %s", c.name, c.capture)
		}
		s.press("Down")
	}
	s.press(c.then...)
	s.show()
	if s.a.context() != c.in {
		t.Fatalf("%s: the keys go elsewhere", c.name)
	}
	return s
}

// TestKeys presses every key of every action where it applies: exactly one
// action answers to it, and the screen can be drawn afterwards.
func TestKeys(t *testing.T) {
	sources := map[string]Source{}
	done := map[string]bool{}
	for _, c := range scenes() {
		if sources[c.capture] == nil {
			sources[c.capture] = openCapture(t, pcap(t, c.capture))
		}
		src := sources[c.capture]
		for _, x := range c.play(t, src).a.helpFor(c.in) {
			for _, k := range x.keys {
				s := c.play(t, src)
				answers := 0
				for _, y := range s.a.byKey[k] {
					if y.applies(s.a, c.in) {
						answers++
					}
				}
				if answers != 1 {
					t.Errorf("%s on %s: %d actions answer", k, c.name, answers)
				}
				s.press(k)
				s.show()
				done[x.name+" "+k] = true
			}
		}
	}
	for _, x := range actionTable() {
		for _, k := range x.keys {
			if !done[x.name+" "+k] {
				t.Errorf("%s (%s) was never pressed", x.name, k)
			}
		}
	}
}

// TestHelp holds that the help lists the keys that work, and only these.
func TestHelp(t *testing.T) {
	for _, c := range scenes() {
		in := c.in
		s := c.play(t, openCapture(t, pcap(t, c.capture)))
		listed := map[string]bool{}
		for _, x := range s.a.helpFor(in) {
			for _, k := range x.keys {
				listed[k] = true
			}
		}
		for k, actions := range s.a.byKey {
			works := false
			for _, x := range actions {
				works = works || x.applies(s.a, in)
			}
			if works != listed[k] {
				t.Errorf("%s in %s: works %v, listed %v", k, c.name, works, listed[k])
			}
		}
		if in == inCopy || in == inSave {
			continue // their keys stand on the last line
		}
		s.press("?")
		s.screen.SetSize(120, 90)
		screen := s.show()
		for _, x := range s.a.actions {
			if lists := strings.Contains(screen, x.help+"  :"+x.name); x.in&in != 0 && x.applies(s.a, in) && !lists {
				t.Errorf("the help on %s does not list %s", c.name, x.name)
			}
		}
	}
}

// TestMarkdown holds the documentation of the keys to the table.
func TestMarkdown(t *testing.T) {
	path := filepath.Join("..", "docs", "inspector.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const mark = "<!-- keys -->\n"
	head, _, found := strings.Cut(string(text), mark)
	if !found {
		t.Fatalf("%s has no line %q", path, mark)
	}
	if *update {
		if err := os.WriteFile(path, []byte(head+mark+Markdown()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != head+mark+Markdown() {
		t.Errorf("%s is not what the table says; -update writes it anew", path)
	}
}
