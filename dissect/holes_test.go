package dissect_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/pcaps/truth"
)

// tally is how much survived holes, over many recordings.
type tally struct {
	sent, whole, recovered int // messages; whole: all bytes of all their frames are in the capture
	undecoded              int // of whole: said to be beyond inflating, because of a hole before
	frames, framesBack     int // frames whose header is in the capture and whose payload has holes; found
	invented               int // frames that nobody sent
	found                  int // frames that somebody did
	recognised, recordings int
}

func (n *tally) rate() float64 { return 100 * float64(n.recovered) / float64(max(1, n.whole)) }

func (n *tally) String() string {
	return fmt.Sprintf("%d recordings, %d recognised; %d messages sent, %d whole in the capture, %d recovered (%.2f %%), %d said to be undecodable; %d of %d frames with holes in their payload found; %d frames found, %d invented",
		n.recordings, n.recognised, n.sent, n.whole, n.recovered, n.rate(), n.undecoded, n.framesBack, n.frames, n.found, n.invented)
}

// coverage are the ranges of one stream that are in the capture, as a bitmap.
type coverage []bool

func covered(k *talk, list []segment) (c [2]coverage) {
	for side, b := range k.streams() {
		c[side] = make(coverage, len(b))
	}
	for _, s := range list {
		if !s.lost {
			for i := s.off; i < s.end(); i++ {
				c[s.from][i] = true
			}
		}
	}
	return c
}

func (c coverage) all(from, to uint64) bool {
	for _, in := range c[from:min(to, uint64(len(c)))] {
		if !in {
			return false
		}
	}
	return true
}

// hold holds an analysis of a talk with holes against the talk: what is there
// must be true, and what is whole in the capture should be there. shift is by
// how much the capture's stream offsets are lower than the talk's.
func hold(t *testing.T, k *talk, how string, list []segment, got *truth.Conn, shift [2]uint64, n *tally) {
	t.Helper()
	n.recordings++
	if got.Connection.Protocol == "websocket" {
		n.recognised++
	}
	cov := covered(k, list)
	for side := range cov {
		want := map[uint64]*event.Message{}
		for _, m := range k.want.Messages[side] {
			want[m.D.Offset] = m.D
		}
		found := map[uint64]*event.Message{}
		for _, m := range got.Messages[side] {
			at := m.D.Offset + shift[side]
			found[at] = m.D
			if w := want[at]; m.D.Complete && m.D.Missing == 0 && m.D.Undecoded == "" && (w == nil || !sameMessage(m.D, w)) {
				t.Errorf("%s, %s: the %v's message at %d is not what was sent:\n\t got %s\n\twant %s", k.name, how, event.Side(side), at, describe(m.D), describe(w))
			}
		}
		holdFrames(t, k, how, side, cov[side], got, shift[side], n)
		for at, w := range want {
			n.sent++
			if !w.Complete || !messageCovered(k, side, w, cov[side]) {
				continue
			}
			n.whole++
			switch m := found[at]; {
			case m == nil:
			case m.Undecoded != "" && m.Compressed:
				n.undecoded++
				n.recovered++
			case m.Complete && m.Missing == 0 && sameMessage(m, w):
				n.recovered++
			}
		}
	}
}

// messageCovered tells whether every frame of a message was captured whole.
func messageCovered(k *talk, side int, m *event.Message, c coverage) bool {
	for _, f := range k.want.Frames[side] {
		if f.D.Message == m.Number && !c.all(f.D.Offset, f.D.Offset+uint64(f.D.HeaderLength)+f.D.Length) {
			return false
		}
	}
	return true
}

// holdFrames counts frames that are found although their payload has holes, and
// frames that nobody sent: payload behind a hole may look like a small frame that
// ends where a true one begins.
func holdFrames(t *testing.T, k *talk, how string, side int, c coverage, got *truth.Conn, shift uint64, n *tally) {
	t.Helper()
	found := map[uint64]*event.Frame{}
	for i, f := range got.Frames[side] {
		found[f.D.Offset+shift] = f.D
		if f.D.Number != uint64(i+1) {
			t.Errorf("%s, %s: frame %d is numbered %d", k.name, how, i+1, f.D.Number)
		}
	}
	for _, w := range k.want.Frames[side] {
		payload := w.D.Offset + uint64(w.D.HeaderLength)
		end := payload + w.D.Length
		f := found[w.D.Offset]
		delete(found, w.D.Offset)
		missing := uint64(0)
		for _, in := range c[payload:min(end, uint64(len(c)))] {
			if !in {
				missing++
			}
		}
		if f != nil {
			n.found++
		}
		if f != nil && (f.Length != w.D.Length || f.Opcode != w.D.Opcode || f.Mask != w.D.Mask || f.Fin != w.D.Fin) {
			t.Errorf("%s, %s: frame at %d is %+v, want %+v", k.name, how, w.D.Offset, *f, *w.D)
		}
		if missing == 0 || end > uint64(len(c)) || !c.all(w.D.Offset, payload) {
			continue
		}
		n.frames++
		if f != nil {
			n.framesBack++
			if f.Missing != missing {
				t.Errorf("%s, %s: frame at %d lacks %d bytes, want %d", k.name, how, w.D.Offset, f.Missing, missing)
			}
		}
	}
	for at, f := range found {
		n.invented++
		t.Logf("%s, %s: the %v sent no frame at %d: %+v", k.name, how, event.Side(side), at, *f)
	}
}

func sameMessage(a, b *event.Message) bool {
	return a.Opcode == b.Opcode && a.Length == b.Length && bytes.Equal(a.Payload, b.Payload) && a.Text == b.Text
}

func describe(m *event.Message) string {
	if m == nil {
		return "nothing"
	}
	return messageLine(m)
}

// lose loses segments at random, from index first on.
func lose(r *rand.Rand, list []segment, first int, rate float64) []segment {
	out := append([]segment(nil), list...)
	for i := first; i < len(out); i++ {
		out[i].lost = r.Float64() < rate
	}
	return out
}

// TestHolesInChat loses packets of chats that the receiver got: nothing that is
// said may be wrong, and what is whole must be found.
func TestHolesInChat(t *testing.T) {
	ways := []struct {
		name string
		keep bool
		cut  func(r *rand.Rand) cutter
	}{
		{"a packet a message", true, func(*rand.Rand) cutter { return whole }},
		{"runs in packets of 1460 bytes", false, func(*rand.Rand) cutter { return fixed(1460) }},
		{"runs in packets of 100 bytes", false, func(*rand.Rand) cutter { return fixed(100) }},
		{"runs in packets of up to 600 bytes", false, func(r *rand.Rand) cutter { return upTo(r, 600) }},
	}
	for _, w := range ways {
		for rate, demand := range map[float64]struct{ messages, frames float64 }{
			0.01: {99, 95}, 0.05: {99, 90},
			0.2: {95, 75}, // most frames stand alone between holes: little confirms them
		} {
			t.Run(fmt.Sprintf("%s, %v %% lost", w.name, 100*rate), func(t *testing.T) {
				var n tally
				for seed := range uint64(8) {
					r := rand.New(rand.NewPCG(seed, 9))
					k := chat(t, seed, 150)
					list := segments(k.turns, w.keep, w.cut(r))
					list = lose(r, list, k.handshakeSegments(list), rate)
					hold(t, k, w.name, list, analyze(t, play(r, list)).Conns[1], [2]uint64{}, &n)
				}
				t.Log(&n)
				if n.recognised != n.recordings || n.rate() < demand.messages {
					t.Errorf("want every recording recognised, and %v %% of whole messages recovered", demand.messages)
				}
				if float64(n.framesBack*100) < float64(n.frames)*demand.frames {
					t.Errorf("want %v %% of the frames whose headers are there", demand.frames)
				}
				if n.invented*500 > n.found {
					t.Errorf("%d frames were invented", n.invented)
				}
			})
		}
	}
}

// TestHolesInRealTalks does so with conversations of real endpoints; their
// frames are few and long, so recovery is only measured.
func TestHolesInRealTalks(t *testing.T) {
	for _, rate := range []float64{0.02, 0.1, 0.3} {
		t.Run(fmt.Sprintf("%v %% lost", 100*rate), func(t *testing.T) {
			var n tally
			r := rand.New(rand.NewPCG(11, uint64(1000*rate)))
			for _, k := range realTalks(t) {
				if k.want.Connection.Protocol != "websocket" {
					continue
				}
				list := segments(k.turns, false, upTo(r, 1460))
				list = lose(r, list, k.handshakeSegments(list), rate)
				hold(t, k, "holes", list, analyze(t, play(r, list)).Conns[1], [2]uint64{}, &n)
			}
			t.Log(&n)
			if n.recordings < 50 || n.recognised != n.recordings {
				t.Errorf("not every recording was recognised")
			}
		})
	}
}

// TestHolesInHandshake loses packets from the first one on: frames alone must
// do, where the upgrade was not seen.
func TestHolesInHandshake(t *testing.T) {
	for lost := range 3 {
		name := []string{"the request", "the answer", "both"}[lost]
		t.Run(name, func(t *testing.T) {
			var n tally
			for seed := range uint64(10) {
				r := rand.New(rand.NewPCG(seed, 13))
				k := chat(t, seed, 100)
				list := segments(k.turns, true, whole)
				list[0].lost, list[1].lost = lost != 1, lost != 0
				hold(t, k, name, list, analyze(t, play(r, list)).Conns[1], [2]uint64{}, &n)
			}
			t.Log(&n)
			if n.recognised != n.recordings || n.rate() < 99 {
				t.Errorf("want every recording recognised, and 99 %% of whole messages recovered")
			}
		})
	}
}
