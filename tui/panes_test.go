package tui

import (
	"strings"
	"testing"

	"github.com/rivo/tview"
)

// TestDrag drags the borders between panes, side by side and stacked, also to where they cannot go.
func TestDrag(t *testing.T) {
	drag := func(s *stage, x, y, toX, toY int) {
		s.show()
		s.a.mouse(tview.MouseLeftDown, x, y)
		s.a.mouse(tview.MouseMove, toX, toY)
		s.show()
		s.a.mouse(tview.MouseLeftUp, toX, toY)
		s.show()
	}
	s := stageOf(t, "websockets-plain.pcap", 140, 40)
	s.show()
	m, c := s.a.places[paneMessages], s.a.places[paneConns]
	drag(s, m.x+m.w-1, m.y+4, m.x+m.w+14, m.y+4)
	if got := s.a.places[paneMessages].w; got != m.w+15 {
		t.Errorf("the messages are %d columns wide, not %d", got, m.w+15)
	}
	drag(s, 5, c.y+c.h-1, 5, c.y+c.h-4)
	if got := s.a.places[paneConns].h; got != c.h-3 {
		t.Errorf("the connections have %d rows, not %d", got, c.h-3)
	}
	f := s.a.places[paneFindings]
	drag(s, 5, f.y, 5, f.y-5)
	if got := s.a.places[paneFindings].h; got != f.h+5 {
		t.Errorf("the findings have %d rows, not %d", got, f.h+5)
	}
	for _, to := range [][2]int{{0, 0}, {139, 39}, {-5, -5}, {1000, 1000}} {
		for _, from := range [][2]int{{m.x + m.w - 1, m.y + 4}, {5, s.a.places[paneConns].h}, {5, s.a.places[paneFindings].y}} {
			drag(s, from[0], from[1], to[0], to[1])
			for p, at := range s.a.places {
				if at.h < 3 || at.w < 20 || at.x+at.w > 140 || at.y+at.h > 39 {
					t.Fatalf("dragged to %v, pane %d is at %+v", to, p, at)
				}
			}
		}
	}
	s.press("Z")
	s.show()
	if s.a.places[paneMessages] != m {
		t.Errorf("the usual sizes did not come back: %+v", s.a.places[paneMessages])
	}

	s = stageOf(t, "websockets-plain.pcap", 80, 40)
	s.show()
	c = s.a.places[paneConns]
	s.press("2")
	s.show()
	c = s.a.places[paneConns]
	drag(s, 5, c.y+c.h-1, 5, c.y+c.h+2)
	if got := s.a.places[paneConns].h; got != c.h+3 {
		t.Errorf("stacked, the connections have %d rows, not %d", got, c.h+3)
	}
	for y := range 40 {
		drag(s, 5, y, 5, 39-y)
		if s.a.places[s.a.focus].h < 5 {
			t.Fatalf("the pane with the keys has %d rows", s.a.places[s.a.focus].h)
		}
	}
}

// TestGroup groups connections by host: each host's stand together, its name and number at the first.
func TestGroup(t *testing.T) {
	s := stageOf(t, "messy-small.pcap", 160, 40)
	s.press("b")
	s.want("Host", "〃")
	hosts := map[string]int{}
	last := ""
	for i, r := range s.a.conns.order {
		if h := hostText(r); h != last {
			hosts[h]++
			last = h
			if want := sprintf("%s (", h); i == 0 && !strings.Contains(s.show(), want) {
				t.Errorf("the first row does not say %q", want)
			}
		} else if i > 0 && s.a.conns.order[i-1].Number > r.Number {
			t.Error("within a host they are not in order")
		}
	}
	for h, n := range hosts {
		if n > 1 {
			t.Errorf("%s stands in %d places", h, n)
		}
	}
	s.press("b")
	for i, r := range s.a.conns.order {
		if r.Number != uint64(i+1) {
			t.Fatal("not in order again")
		}
	}
}

// TestCookedPacket shows the layers of a packet of a cooked capture v2.
func TestCookedPacket(t *testing.T) {
	s := stageOf(t, "capture-forms-any-sll2.pcap", 160, 60)
	s.press("2", "Down", "Down", "3", "Left")
	s.want("▾ Linux SLL2", "ProtocolType=IPv4", "PacketType=", "▾ IPv4", "▾ TCP", "SrcPort=")
}

func TestDistribution(t *testing.T) {
	if distribution(line{}, nil, sizeOf, rPlain, 80, 3) != nil {
		t.Error("of nothing, something is drawn")
	}
	for _, values := range [][]float64{{5}, {0, 0}, {1, 10, 100, 1000}, {7, 7, 7}} {
		out := distribution(line{{rPlain, "sizes"}}, values, sizeOf, rPlain, 80, 3)
		if len(out) != 5 {
			t.Fatalf("%v: %d lines", values, len(out))
		}
		dots := 0
		for _, l := range out[1:4] {
			for _, r := range l.text() {
				if r > 0x2800 && r < 0x2900 {
					dots++
				}
			}
		}
		if dots == 0 {
			t.Errorf("%v: nothing is drawn", values)
		}
	}
	s := stageOf(t, "websockets-plain.pcap", 100, 80)
	s.press("s")
	s.want("sizes → client", "times to answer ← server", "ping round trips, answered by ← server", "median")
}
