package tui

import (
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"github.com/sockeye-dev/sockeye/dissect/session"
)

// dripping is a capture that is read as far as a test lets it be.
type dripping struct {
	t    *testing.T
	s    *session.Session
	src  Source
	w    *io.PipeWriter
	data []byte
	ends []int // of the file's header, and of each packet's record
	fed  int   // packets
}

// drip opens one of the project's captures, a pcap file.
func drip(t *testing.T, capture string) *dripping {
	t.Helper()
	data, err := os.ReadFile(pcap(t, capture))
	if err != nil {
		t.Fatal(err)
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if data[0] == 0xa1 {
		order = binary.BigEndian
	}
	d := &dripping{t: t, data: data, ends: []int{24}}
	for at := 24; at < len(data); d.ends = append(d.ends, at) {
		at += 16 + int(order.Uint32(data[at+8:]))
	}
	r, w := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	d.w = w
	d.s, err = session.Open(ctx, session.Options{Files: []string{"-"}, Stdin: r, SpoolDir: t.TempDir(), Notify: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	d.src = FromSession(ctx, d.s)
	t.Cleanup(func() {
		cancel()
		w.Close()
		d.s.Close()
	})
	d.write(0)
	return d
}

// packets is how many the capture has.
func (d *dripping) packets() int { return len(d.ends) - 1 }

// write lets packets up to number n be read.
func (d *dripping) write(n int) {
	from := 0
	if n > 0 {
		from = d.ends[d.fed]
	}
	if _, err := d.w.Write(d.data[from:d.ends[n]]); err != nil {
		d.t.Error(err)
	}
	d.fed = n
}

// feed waits until the packets up to number n were read.
func (d *dripping) feed(n int) {
	d.t.Helper()
	d.write(n)
	for end := time.Now().Add(2 * time.Minute); d.s.Progress().Packets < uint64(n); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			d.t.Fatalf("%d packets were not read in time", n)
		}
	}
}

// finish lets the rest be read.
func (d *dripping) finish() {
	d.write(d.packets())
	d.w.Close()
	<-d.s.Loaded()
}

// look takes over what there is, and draws it.
func (s *stage) look() {
	s.a.changed()
	s.show()
}

// cuts are n places of a capture at which a test looks at it, most of them early.
func (d *dripping) cuts(r *rand.Rand, n int) []int {
	out := make([]int, n)
	for i := range out {
		most := d.packets()
		if i%2 == 0 {
			most = min(most, 12)
		}
		out[i] = 1 + r.IntN(most)
	}
	slices.Sort(out)
	return out
}

// while calls f with each scene of docs/screens and some seeds.
func while(t *testing.T, f func(t *testing.T, c shot, r *rand.Rand)) {
	seeds := uint64(6)
	if testing.Short() {
		seeds = 2
	}
	for i, c := range shots(t) {
		for seed := range seeds {
			t.Run(sprintf("%s-%d", c.name, seed), func(t *testing.T) { f(t, c, rand.New(rand.NewPCG(seed, uint64(i)))) })
		}
	}
}

// TestOpenedWhileLoading holds that the screens do not depend on how much of a
// capture was read when the inspector and its first connection were opened.
func TestOpenedWhileLoading(t *testing.T) {
	while(t, func(t *testing.T, c shot, r *rand.Rand) {
		d := drip(t, c.capture)
		s := newBareStage(t, d.src, filepath.Base(c.capture), 80, 24)
		for _, n := range d.cuts(r, 4) {
			d.feed(n)
			s.look()
		}
		d.finish()
		s.settle()
		c.play(s)
		s.golden(c.name + "-80x24")
	})
}

// TestPressedWhileLoading holds that what a key shows does not depend on how much
// of a capture was read when it was pressed, where it does not move a cursor.
func TestPressedWhileLoading(t *testing.T) {
	still := []string{"connections", "timeline", "ladder", "stream", "filter", "group", "fault-1-start", "fault-2-listed"}
	while(t, func(t *testing.T, c shot, r *rand.Rand) {
		if !slices.Contains(still, c.name) {
			return
		}
		d := drip(t, c.capture)
		s := newBareStage(t, d.src, filepath.Base(c.capture), 80, 24)
		cuts := d.cuts(r, len(c.keys)+3)
		for i, n := range cuts {
			d.feed(n)
			s.look()
			if i >= len(c.keys) {
				continue
			}
			if text, ok := strings.CutPrefix(c.keys[i], "type:"); ok {
				for _, k := range strings.ReplaceAll(text, "_", " ") {
					s.a.key(tcell.NewEventKey(tcell.KeyRune, k, 0))
					if r.IntN(4) == 0 {
						d.feed(min(d.fed+r.IntN(3), cuts[i+1]))
						s.look()
					}
				}
			} else {
				s.a.key(keyEvent(c.keys[i]))
			}
			s.show()
		}
		d.finish()
		s.settle()
		s.golden(c.name + "-80x24")
	})
}

// TestFilteredWhileLoading holds that a filter shows the same whether or not its
// connections were read when it was given, and how they ended known.
func TestFilteredWhileLoading(t *testing.T) {
	for i, expr := range []string{
		`state == closed`, `state == open`, `state == closed and opcode == text`, `protocol == websocket and kind == message`,
		`path == /app-code`, `status == 101 and from == client`, `rule == WS-NO-CLOSE`, `rtt > 0 and opcode == close`,
		`text contains "xray"`,
	} {
		capture := "websockets-plain.pcap"
		want := newStage(t, openCapture(t, pcap(t, capture)), "x", 120, 40)
		want.command("filter " + expr)
		for seed := range uint64(4) {
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			d := drip(t, capture)
			s := newBareStage(t, d.src, "x", 120, 40)
			for k, n := range d.cuts(r, 5) {
				d.feed(n)
				s.look()
				if k == 1 {
					for _, key := range []string{":", "filter " + expr, "Enter"} {
						if len(key) > 5 {
							for _, c := range key {
								s.a.key(tcell.NewEventKey(tcell.KeyRune, c, 0))
							}
						} else {
							s.a.key(keyEvent(key))
						}
					}
				}
			}
			d.finish()
			s.settle()
			if got, want := s.show(), want.show(); got != want {
				t.Errorf("%s, seed %d: while loading\n%safter it\n%s", expr, seed, got, want)
			}
		}
	}
}

// TestLoadingInEarnest presses keys at random, through the event loop, while a
// capture is read now slowly and now fast. Then the keys go where they would have
// gone without all that, and the screen is the same.
func TestLoadingInEarnest(t *testing.T) {
	const capture = "messy-small.pcap"
	screen := func(e *earnest) (text string) {
		for _, k := range []string{"Esc", "Esc", "Esc", "1", "g", "2", "g", "4", "g", "1"} {
			k := keyEvent(k)
			e.screen.InjectKey(k.Key(), k.Rune(), k.Modifiers())
		}
		e.press("Ctrl-l", "redraw") // the last: all were taken
		e.until("the end", func(a *App) bool {
			return a.state.Done && a.conv != nil && a.conv.done && a.focus == paneConns && a.page == nil && a.findings.conn == 1 && a.conv.row.Number == 1
		})
		e.a.post(func() { text = (&stage{t, e.a, e.screen}).seen() }) // what was drawn since
		return text
	}
	reference := newEarnest(t, openCapture(t, pcap(t, capture)), false)
	want := screen(reference)
	keys := strings.Fields("Down Down Down Up PgDn End g 1 2 4 L s S h Esc Esc")
	for seed := range uint64(6) {
		if testing.Short() && seed == 2 {
			break
		}
		r := rand.New(rand.NewPCG(seed, 0))
		d := drip(t, capture)
		d.feed(1)
		e := newEarnest(t, d.src, false)
		for d.fed < d.packets() {
			d.write(min(d.fed+1+r.IntN(d.packets()/20), d.packets()))
			time.Sleep(time.Duration(r.IntN(4)) * time.Millisecond)
			k := keyEvent(keys[r.IntN(len(keys))])
			e.screen.InjectKey(k.Key(), k.Rune(), k.Modifiers())
		}
		d.finish()
		if got := screen(e); got != want {
			t.Errorf("seed %d:\n%swant\n%s", seed, got, want)
		}
	}
}
