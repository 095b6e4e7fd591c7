package reassembly

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/sockeye-dev/sockeye/capture/packet"
)

// spoken is what one side of a connection said that its peer has not acknowledged,
// by the offset of its first byte.
type spoken struct {
	flow    int
	base    uint32
	acked   int
	bytes   []byte   // from offset acked on
	packets []uint64 // that carried each of them first
}

func (s *spoken) next() int { return s.acked + len(s.bytes) }

// overlaps is an Opener and Handler that keeps the last conflict.
type overlaps struct {
	discard
	last *Overlap
}

func (o *overlaps) Open(*Conn) Handler { return o }

func (o *overlaps) Overlap(_ packet.Dir, x *Overlap) {
	c := *x
	c.First, c.Second = bytes.Clone(x.First), bytes.Clone(x.Second)
	o.last = &c
}

// TestCopies holds that a retransmission is compared with what was handed on and not
// acknowledged, wherever the copy of it lies: among the latest, or moved from there
// because others came, or an earlier retransmission. Connections take the places of
// others meanwhile, and what these had said must not count.
func TestCopies(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits Limits
		whole  bool // nothing is dropped
	}{{"default", Limits{}, true}, {"hardly any room", Limits{RetainBytes: 6000}, false}} {
		t.Run(c.name, func(t *testing.T) { playCopies(t, c.limits, c.whole) })
	}
}

func playCopies(t *testing.T, limits Limits, whole bool) {
	const conns, steps, inFlight = 60, 30_000, 50_000
	o := &overlaps{}
	table := New(o, limits)
	w := newChat(table, 0, 0)
	r := rand.New(rand.NewPCG(1, 1))
	send := func(s *spoken, dir packet.Dir, flags uint16, at int, payload []byte) {
		w.d = packet.Decoded{Proto: 6, Flow: flowOf(s.flow), Dir: dir, Flags: flags, WindowScale: -1, Payload: payload, PayloadLen: len(payload)}
		if dir == packet.LoToHi {
			w.d.Seq = s.base + uint32(at)
		} else {
			w.d.Ack = s.base + uint32(at)
		}
		o.last = nil
		w.send(table)
		for i := range payload { // they were borrowed
			payload[i] = '#'
		}
	}
	open := func(s *spoken) {
		*s = spoken{flow: s.flow, base: r.Uint32()}
		send(s, packet.LoToHi, packet.SYN, -1, nil)
	}
	sides := make([]spoken, conns)
	for i := range sides {
		sides[i].flow = i
		open(&sides[i])
	}
	conflicts := 0
	for step := range steps {
		s := &sides[r.IntN(conns)]
		if r.IntN(3) == 0 {
			s = &sides[r.IntN(3)] // some talk more than others
		}
		switch n := r.IntN(100); {
		case n == 0 && step%7 == 0:
			open(s)
		case n < 30 || len(s.bytes) > inFlight:
			to := len(s.bytes)
			if r.IntN(3) == 0 {
				to = r.IntN(to + 1)
			}
			s.acked, s.bytes, s.packets = s.acked+to, s.bytes[to:], s.packets[to:]
			send(s, packet.HiToLo, packet.ACK, s.acked, nil)
		case n < 40 && len(s.bytes) > 1:
			from := r.IntN(len(s.bytes) - 1)
			b := bytes.Clone(s.bytes[from : from+2+r.IntN(len(s.bytes)-from-1)])
			wrong := -1
			if r.IntN(2) == 0 {
				wrong = r.IntN(len(b))
				b[wrong] ^= 1
			}
			at := s.acked + from
			send(s, packet.LoToHi, packet.ACK, at, b)
			switch got := o.last; {
			case got == nil && (wrong < 0 || !whole):
			case got == nil:
				t.Fatalf("step %d: byte %d differs, and nobody says so", step, at+wrong)
			case wrong < 0:
				t.Fatalf("step %d: [%d, %d) is the same, and yet %+v", step, at, at+len(b), got)
			case got.Offset != uint64(at+wrong) || got.First[0] != s.bytes[from+wrong] || got.Second[0] != got.First[0]^1,
				got.FirstPacket != 0 && got.FirstPacket != s.packets[from+wrong]:
				t.Fatalf("step %d: byte %d of packet %d differs: %+v", step, at+wrong, s.packets[from+wrong], got)
			default:
				conflicts++
			}
		default:
			b := make([]byte, 1+r.IntN(3000))
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			at := s.next()
			s.bytes = append(s.bytes, b...)
			for range b {
				s.packets = append(s.packets, w.p.Number+1)
			}
			send(s, packet.LoToHi, packet.ACK, at, b)
		}
	}
	if conflicts < 50 {
		t.Errorf("%d conflicts, which holds nothing", conflicts)
	}
	if table.stats.Bytes < 10*uint64(latestMost) {
		t.Errorf("%d bytes: the ring did not come round", table.stats.Bytes)
	}
	table.Close()
	if st := table.Stats(); st.Retained != 0 {
		t.Errorf("%d bytes left", st.Retained)
	}
}
