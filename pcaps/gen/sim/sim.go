// Package sim plays TCP connections into a capture file.
//
//	App.Step ─► Conn.Message / Write ─► segments ─► accidents (messy only) ─► wire.File
//	   ▲                                    └► track.Dir: what was sent, what was captured
//	   └── Sim.Run: one queue of events in order of time
//
// Everything follows from the seed: the same configuration gives the same bytes.
// Memory is that of the connections that are open.
package sim

import (
	"math/bits"
	"math/rand/v2"

	"github.com/sockeye-dev/sockeye/pcaps/gen/manifest"
	"github.com/sockeye-dev/sockeye/pcaps/gen/track"
	"github.com/sockeye-dev/sockeye/pcaps/gen/wire"
)

// Units of the simulated clock.
const (
	Microsecond = int64(1000)
	Millisecond = 1000 * Microsecond
	Second      = 1000 * Millisecond
)

// epoch is the time of the first packet: 2026-03-02 09:00:00 UTC.
const epoch = 1772442000 * Second

// Rand draws from a PCG. Its methods are defined here, so that no other
// library's change of algorithm changes a capture.
type Rand struct{ rand.PCG }

// N returns a number from 0 to n-1; n is at least 1.
func (r *Rand) N(n int) int {
	hi, _ := bits.Mul64(r.Uint64(), uint64(n))
	return int(hi)
}

// Chance is true in n of 1000 cases.
func (r *Rand) Chance(n int) bool { return r.N(1000) < n }

// Between returns a number from a to b-1.
func (r *Rand) Between(a, b int64) int64 { return a + int64(r.N(int(b-a))) }

// Sim is one capture being made.
type Sim struct {
	R      Rand
	Detail track.Detail

	file    *wire.File
	out     *manifest.Writer
	clock   int64
	queue   queue
	ids     uint64
	free    []*Conn
	udp     uint64
	ending  bool
	packets uint64 // limit; 0: none
	bytes   int64  // limit; 0: none
}

// Limits says when a capture ends; zero values are no limit.
type Limits struct {
	Packets uint64
	Bytes   int64
}

// New returns a simulation that writes to f and m.
func New(seed uint64, f *wire.File, m *manifest.Writer, detail track.Detail, l Limits) *Sim {
	s := &Sim{file: f, out: m, Detail: detail, clock: epoch, packets: l.Packets, bytes: l.Bytes}
	s.R.Seed(seed, 0x736f636b657965)
	return s
}

// Now returns the simulated time, ns since the epoch.
func (s *Sim) Now() int64 { return s.clock }

// Ending reports that little of the capture is left: applications finish what
// they are at and close, nothing new is opened.
func (s *Sim) Ending() bool {
	if !s.ending {
		s.ending = s.packets > 0 && s.file.Packets() >= s.packets-min(s.packets/32, 100e3) ||
			s.bytes > 0 && s.file.Size() >= s.bytes-min(s.bytes/32, 32e6)
	}
	return s.ending
}

func (s *Sim) full() bool {
	return s.packets > 0 && s.file.Packets() >= s.packets || s.bytes > 0 && s.file.Size() >= s.bytes
}

// Run plays events until a limit is reached or nothing is left to happen.
func (s *Sim) Run() error {
	for s.queue.len() > 0 && !s.full() {
		s.play(s.queue.pop())
		if err := s.file.Err(); err != nil {
			return err
		}
	}
	s.drain()
	return s.file.Flush()
}

// drain writes the packets that are still under way, then closes the books of
// the connections that the end of the capture leaves open.
func (s *Sim) drain() {
	var left []*Conn
	for s.queue.len() > 0 {
		e := s.queue.pop()
		if e.kind == evHeld {
			s.play(e)
			continue
		}
		if e.kind == evTick {
			continue
		}
		if e.c.events--; e.kind == evStep {
			left = append(left, e.c)
		}
	}
	for _, c := range left { // in order of their next step, which the seed decides
		c.finish()
	}
	s.out.UDP(s.udp)
}

func (s *Sim) play(e event) {
	s.clock = max(s.clock, e.at)
	if e.kind == evTick {
		if next := e.tick(s); next >= 0 {
			s.queue.push(event{at: s.clock + next, kind: evTick, tick: e.tick})
		}
		return
	}
	c := e.c
	c.events--
	switch e.kind {
	case evStep:
		c.step()
	case evAck:
		c.ackDue(int(e.arg))
	case evHeld:
		c.release()
	}
	if c.closed && c.events == 0 {
		s.free = append(s.free, c)
	}
}

// Every calls f after pause and then again after each pause that it returns,
// until that is negative.
func (s *Sim) Every(pause int64, f func(*Sim) int64) {
	s.queue.push(event{at: s.clock + pause, kind: evTick, tick: f})
}

// Datagram writes a UDP packet.
func (s *Sim) Datagram(t *wire.Template, payload []byte) {
	s.udp++
	s.tick(len(payload))
	s.file.Segment(s.clock, t, &wire.Seg{Payload: payload}, 0)
}

// tick lets the time pass that a packet takes on a fast link.
func (s *Sim) tick(n int) { s.clock += 900 + int64(n) }
