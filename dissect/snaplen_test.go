package dissect_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/pcaps/truth"
)

// snapped is a source whose packets are cut as a capture with a snap length cuts them.
type snapped struct {
	src  capture.Source
	snap int
}

func (s *snapped) Next() (capture.Packet, error) {
	p, err := s.src.Next()
	p.Data = p.Data[:min(len(p.Data), s.snap)]
	return p, err
}

// snapTally is how much survived a snap length, over many captures.
type snapTally struct {
	conns, named    int // WebSocket connections; those that are still called so
	frames, whole   int // frames; those whose header is whole in the cut capture
	found, invented int // of whole: found; frames that are not in the whole capture
	messages, told  int // messages all of whose frames were found; those that are the same
}

func (n *snapTally) String() string {
	return fmt.Sprintf("%d of %d WebSocket connections named; %d frames, %d with whole headers, %d of those found, %d invented; %d of %d messages the same",
		n.named, n.conns, n.frames, n.whole, n.found, n.invented, n.told, n.messages)
}

// TestSnapLength cuts the packets of every real capture: what is said of the
// connections and of each frame whose header was captured must stay the same, and
// no frame may be made up. From 96 bytes on, every connection has its addresses and
// the status line of the answer in the capture.
func TestSnapLength(t *testing.T) {
	const names = 96
	files, err := filepath.Glob(filepath.Join(pcaps, "*.truth.json"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d truths: %v", len(files), err)
	}
	for _, snap := range []int{54, 56, 60, 66, 68, 72, 80, 96, 100, 128, 200, 256} {
		t.Run(fmt.Sprint(snap), func(t *testing.T) {
			var n snapTally
			for _, path := range files {
				c, err := truth.Load(path)
				if err != nil {
					t.Fatal(err)
				}
				f, err := pcapfile.Open(c.Path())
				if err != nil {
					t.Fatal(err)
				}
				cut := analyze(t, &snapped{src: f, snap: snap})
				f.Close()
				holdSnapped(t, baseName(path, ".truth.json"), analyzeFile(t, c.Path()), cut, snap, &n)
			}
			t.Log(&n)
			switch {
			case snap >= names && (n.conns < 100 || n.named < n.conns || n.whole < 3000 || n.found*100 < n.whole*99):
				t.Error("want every connection named, and 99 % of the frames whose headers are there")
			case n.found*100 < n.whole*75: // a byte or two of each segment
				t.Error("want 75 % of the frames whose headers are there")
			}
			if n.invented > 0 || n.told < n.messages {
				t.Error("what is said is not what was sent")
			}
		})
	}
}

// holdSnapped holds the analysis of a capture cut by a snap length against that
// of the whole capture.
func holdSnapped(t *testing.T, name string, whole, cut *truth.Record, snap int, n *snapTally) {
	t.Helper()
	all := snap >= 96 // lower, and the ports of some may be cut off
	if all && len(whole.Order) != len(cut.Order) {
		t.Errorf("%s: %d connections, want %d", name, len(cut.Order), len(whole.Order))
	}
	if len(cut.Order) == 0 {
		return
	}
	for _, number := range whole.Order {
		w, c := whole.Conns[number], cut.Conns[number]
		if c == nil || c.Connection == nil {
			t.Errorf("%s: connection %d is gone", name, number)
			continue
		}
		what := fmt.Sprintf("%s, connection %d", name, number)
		if w.Connection.Client != c.Connection.Client || w.Connection.State != c.Connection.State {
			t.Errorf("%s: %s and %s, want %s and %s", what, c.Connection.Client, c.Connection.State, w.Connection.Client, w.Connection.State)
		}
		for _, f := range c.Findings {
			if f.D.Severity == event.Error && !hasRule(w, f.D.Rule) {
				t.Errorf("%s: %s: %s", what, f.D.Rule, f.D.Text)
			}
		}
		if w.Connection.Protocol != "websocket" {
			if c.Connection.Protocol == "websocket" || all && c.Connection.Protocol != w.Connection.Protocol {
				t.Errorf("%s: protocol %s, want %s", what, c.Connection.Protocol, w.Connection.Protocol)
			}
			continue
		}
		n.conns++
		if c.Connection.Protocol == "websocket" {
			n.named++
		}
		for side := range w.Frames {
			holdSnappedFrames(t, fmt.Sprintf("%s, %v", what, event.Side(side)), w, c, event.Side(side), n)
		}
	}
}

func hasRule(c *truth.Conn, rule string) bool {
	for _, f := range c.Findings {
		if f.D.Rule == rule {
			return true
		}
	}
	return false
}

func holdSnappedFrames(t *testing.T, what string, w, c *truth.Conn, side event.Side, n *snapTally) {
	t.Helper()
	captured := map[uint64]bool{}
	for _, d := range c.Data[side] {
		for i := range d.D.Bytes {
			captured[d.D.Offset+uint64(i)] = true
		}
	}
	gone := map[uint64]bool{} // messages by number
	found := map[uint64]*event.Frame{}
	for _, f := range c.Frames[side] {
		found[f.D.Offset] = f.D
	}
	for _, f := range w.Frames[side] {
		n.frames++
		headed := true
		for i := range f.D.HeaderLength {
			headed = headed && captured[f.D.Offset+uint64(i)]
		}
		g := found[f.D.Offset]
		delete(found, f.D.Offset)
		if headed {
			n.whole++
		}
		gone[f.D.Message] = gone[f.D.Message] || g == nil
		switch {
		case g == nil:
		case g.Opcode != f.D.Opcode || g.Length != f.D.Length || g.Mask != f.D.Mask || g.Fin != f.D.Fin || g.RSV != f.D.RSV:
			t.Errorf("%s: frame at %d is %+v, want %+v", what, f.D.Offset, *g, *f.D)
		default:
			n.found++
		}
	}
	for at, f := range found {
		n.invented++
		t.Errorf("%s: no frame was sent at %d: %+v", what, at, *f)
	}
	told := map[uint64]*event.Message{}
	for _, m := range c.Messages[side] {
		told[m.D.Offset] = m.D
	}
	for _, m := range w.Messages[side] {
		if gone[m.D.Number] || !m.D.Complete {
			continue
		}
		n.messages++
		g := told[m.D.Offset]
		if g == nil || g.Opcode != m.D.Opcode || g.WireLength != m.D.WireLength || g.Frames != m.D.Frames || !g.Complete {
			t.Errorf("%s: message at %d is %+v, want %+v", what, m.D.Offset, g, m.D)
			continue
		}
		n.told++
		if g.Missing == 0 && g.Undecoded == "" && !sameMessage(g, m.D) {
			t.Errorf("%s: message at %d is not marked, and not what was sent", what, m.D.Offset)
		}
	}
}
