package dissect_test

import (
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

// A tape turns what two endpoints say into captured TCP packets.
//
//	talk ─► cutter ─► segments ─► mangler: order, copies, losses ─► tape: SYN, data, ACKs, FIN ─► packets

// turn is what one side sends at a time.
type turn struct {
	from event.Side
	b    []byte
}

// segment is a piece of a side's stream on its way.
type segment struct {
	from event.Side
	off  uint64 // in the stream
	b    []byte
	lost bool // the receiver gets it, the capture does not
}

func (s *segment) end() uint64 { return s.off + uint64(len(s.b)) }

// cutter says how long the next segment is, at most left bytes: off is its
// place in the stream of from.
type cutter func(from event.Side, off uint64, left int) int

// maxPayload is what fits into an IPv4 packet.
const maxPayload = 65535 - 40

// segments cuts turns. Adjacent turns of one side are one run of bytes, unless
// keep asks for segments that never cross turns.
func segments(turns []turn, keep bool, cut cutter) []segment {
	var out []segment
	var off [2]uint64
	for i := 0; i < len(turns); {
		run := slices.Clone(turns[i].b)
		from := turns[i].from
		for i++; !keep && i < len(turns) && turns[i].from == from; i++ {
			run = append(run, turns[i].b...)
		}
		for len(run) > 0 {
			n := min(max(1, cut(from, off[from], len(run))), len(run), maxPayload)
			out = append(out, segment{from: from, off: off[from], b: run[:n]})
			off[from] += uint64(n)
			run = run[n:]
		}
	}
	return out
}

// wholes leaves runs as they are, fixed cuts them into pieces of n bytes.
func whole(_ event.Side, _ uint64, left int) int { return left }

func fixed(n int) cutter { return func(event.Side, uint64, int) int { return n } }

func upTo(r *rand.Rand, n int) cutter {
	return func(event.Side, uint64, int) int { return 1 + r.IntN(n) }
}

// at cuts at the given sorted offsets of each side's stream.
func at(places [2][]uint64) cutter {
	return func(from event.Side, off uint64, left int) int {
		i, exact := slices.BinarySearch(places[from], off)
		if exact {
			i++
		}
		if i == len(places[from]) {
			return left
		}
		return int(min(places[from][i]-off, uint64(left)))
	}
}

// shuffle lets segments overtake each other within a window, from index first
// on. With apart, those of one side only overtake their own run.
func shuffle(r *rand.Rand, in []segment, first, window int, apart bool) []segment {
	type keyed struct {
		segment
		key int
	}
	list := make([]keyed, len(in))
	base := 0
	for i, s := range in {
		list[i] = keyed{s, i * 8}
		switch {
		case i < first:
			base = i + 1
		case apart && i > 0 && in[i-1].from != s.from:
			base = i
			fallthrough
		default:
			list[i].key += r.IntN(window * 8)
		}
		if apart {
			list[i].key += base << 20 // runs stay in order
		}
	}
	slices.SortStableFunc(list, func(a, b keyed) int { return cmp.Compare(a.key, b.key) })
	out := make([]segment, len(in))
	for i := range list {
		out[i] = list[i].segment
	}
	return out
}

// repeat sends copies of earlier segments and of ranges across them again.
func repeat(r *rand.Rand, in []segment, streams [2][]byte, rate float64) []segment {
	var out []segment
	for _, s := range in {
		out = append(out, s)
		for r.Float64() < rate {
			again := out[len(out)-1-r.IntN(min(len(out), 6))]
			if r.IntN(2) == 0 { // a range that does not respect segments
				from := again.off - min(again.off, uint64(r.IntN(200)))
				to := min(again.end()+uint64(r.IntN(3)), uint64(len(streams[again.from])), from+maxPayload)
				again = segment{from: again.from, off: from, b: streams[again.from][from:to]}
			}
			out = append(out, again)
		}
	}
	return out
}

// tape writes packets. Both sides acknowledge what they received in order.
type tape struct {
	list   []capture.Packet
	now    int64
	step   int64 // between packets
	port   [2]uint16
	isn    [2]uint32
	next   [2]uint64    // in-order bytes of each side that its peer received
	wait   [2][]segment // received out of order
	unack  [2]int       // segments of each side not acknowledged yet
	acks   bool
	silent bool // record nothing: before the capture
}

func newTape(r *rand.Rand) *tape {
	t := &tape{now: 1_700_000_000e9, step: 500_000, acks: true}
	t.port = [2]uint16{uint16(32768 + r.IntN(28000)), 8080}
	t.isn = [2]uint32{r.Uint32(), 0xffffffff - uint32(r.IntN(100_000))} // the server's wraps soon
	return t
}

var tapeAddrs = [2][4]byte{{10, 0, 0, 2}, {10, 0, 0, 1}}

// write records one packet. off is relative to the byte after the SYN.
func (t *tape) write(from event.Side, flags uint16, off, ack int64, b []byte) {
	t.now += t.step
	if t.silent {
		return
	}
	d := make([]byte, 40, 40+len(b))
	be := binary.BigEndian
	d[0], d[8], d[9] = 0x45, 64, 6
	be.PutUint16(d[2:], uint16(40+len(b)))
	copy(d[12:], tapeAddrs[from][:])
	copy(d[16:], tapeAddrs[from.Other()][:])
	be.PutUint16(d[20:], t.port[from])
	be.PutUint16(d[22:], t.port[from.Other()])
	be.PutUint32(d[24:], t.isn[from]+uint32(1+off))
	if flags&packet.ACK != 0 {
		be.PutUint32(d[28:], t.isn[from.Other()]+uint32(1+ack))
	}
	d[32], d[33] = 5<<4, byte(flags)
	be.PutUint16(d[34:], 65535)
	d = append(d, b...)
	t.list = append(t.list, capture.Packet{Time: t.now, OrigLen: uint32(len(d)), Link: capture.LinkRaw, Data: d})
}

func (t *tape) open() {
	t.write(event.Client, packet.SYN, -1, 0, nil)
	t.write(event.Server, packet.SYN|packet.ACK, -1, 0, nil)
	t.write(event.Client, packet.ACK, 0, 0, nil)
}

// send records a segment, lets the peer receive it, and its ACK when one is due:
// for every second segment, and at once for one that is out of order.
func (t *tape) send(s segment) {
	peer := s.from.Other()
	if !s.lost {
		t.write(s.from, packet.ACK|packet.PSH, int64(s.off), int64(t.next[peer]), s.b)
	}
	t.unack[peer] = 0
	inOrder := s.off == t.next[s.from]
	t.receive(s)
	t.unack[s.from]++
	if t.acks && (!inOrder || t.unack[s.from] >= 2) {
		t.ack(peer)
	}
}

func (t *tape) receive(s segment) {
	t.wait[s.from] = append(t.wait[s.from], s)
	for moved := true; moved; {
		moved = false
		t.wait[s.from] = slices.DeleteFunc(t.wait[s.from], func(w segment) bool {
			if w.off > t.next[s.from] {
				return false
			}
			if w.end() > t.next[s.from] {
				t.next[s.from], moved = w.end(), true
			}
			return true
		})
	}
}

// ack lets a side acknowledge what it received.
func (t *tape) ack(side event.Side) {
	t.unack[side.Other()] = 0
	t.write(side, packet.ACK, int64(t.next[side]), int64(t.next[side.Other()]), nil)
}

// finish ends both directions in order.
func (t *tape) finish() {
	c, s := int64(t.next[event.Client]), int64(t.next[event.Server])
	t.ack(event.Client)
	t.ack(event.Server)
	t.write(event.Client, packet.FIN|packet.ACK, c, s, nil)
	t.write(event.Server, packet.FIN|packet.ACK, s, c+1, nil)
	t.write(event.Client, packet.ACK, c+1, s+1, nil)
}

// play records a whole connection.
func play(r *rand.Rand, list []segment) *packets {
	t := newTape(r)
	t.open()
	for _, s := range list {
		t.send(s)
	}
	t.finish()
	return &packets{list: t.list}
}
