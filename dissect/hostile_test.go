package dissect_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/pcaps/gen/ws"
	"github.com/sockeye-dev/sockeye/reassembly"
)

const mib = 1 << 20

// attacks are the ways to make a passive reader hold or do too much.
var attacks = []attack{
	{
		name: "half-open SYNs", n: 1_000_000, short: 100_000, play: synFlood(1000),
		live: func(n int) uint64 { return 16*mib + uint64(n)*128 },
		hold: func(t *testing.T, n int, o *outcome) {
			if o.totals.Connections != uint64(n) || o.totals.TCP.Evicted != 0 || o.totals.ByState["open"] != uint64(n) {
				t.Errorf("%d connections, %d evicted, by state %v", o.totals.Connections, o.totals.TCP.Evicted, o.totals.ByState)
			}
		},
	},
	{
		name: "half-open SYNs beyond the table", n: 1_000_000, short: 100_000, play: synFlood(1000),
		limits: dissect.Limits{Reassembly: reassembly.Limits{MaxConns: 10_000}},
		live:   func(int) uint64 { return 24 * mib },
		hold: func(t *testing.T, n int, o *outcome) {
			if want := uint64(n - 10_000); o.totals.TCP.Evicted != want || o.totals.Bounded != want {
				t.Errorf("%d evicted, %d bounded, want %d", o.totals.TCP.Evicted, o.totals.Bounded, want)
			}
		},
	},
	{
		name: "half-open SYNs over hours", n: 1_000_000, short: 500_000, play: synFlood(10e6),
		live: func(int) uint64 { return 32 * mib }, // 12,000 within two minutes
		hold: func(t *testing.T, n int, o *outcome) {
			if o.totals.TCP.Idle < uint64(n-12_001) {
				t.Errorf("%d forgotten after two minutes, of %d", o.totals.TCP.Idle, n)
			}
		},
	},
	{
		name: "one fragment a datagram", n: 1_000_000, short: 400_000, play: lonelyFragments(64),
		live: func(int) uint64 { return 64 * mib },
		hold: func(t *testing.T, n int, o *outcome) {
			st := o.totals.Fragments
			if want := uint64(n - 65_536); st.Evicted != want || o.totals.Bounded != want || st.Reassembled != 0 {
				t.Errorf("%+v, %d bounded, want %d evicted", st, o.totals.Bounded, want)
			}
		},
	},
	{
		name: "one long fragment a datagram", n: 1_000_000, short: 100_000, play: lonelyFragments(1480),
		live: func(int) uint64 { return 48 * mib },
		hold: func(t *testing.T, n int, o *outcome) {
			if st := o.totals.Fragments; st.Evicted < uint64(n-11_500) || o.totals.Bounded != st.Evicted {
				t.Errorf("%+v, %d bounded", st, o.totals.Bounded)
			}
		},
	},
	{
		name: "every other byte, acknowledged", n: 64e6, short: 2e6, many: true, play: everyOther(forward, true),
		live: func(int) uint64 { return 16 * mib }, hold: holdEveryOther(false),
	},
	{
		name: "every other byte, never acknowledged", n: 64e6, short: 2e6, many: true, play: everyOther(forward, false),
		live: func(int) uint64 { return 16 * mib }, hold: holdEveryOther(true),
	},
	{
		name: "every other byte, backwards", n: 16e6, short: 2e6, play: everyOther(backward, false),
		live: func(int) uint64 { return 16 * mib }, hold: holdEveryOther(true),
	},
	{
		name: "every other byte, shuffled", n: 16e6, short: 2e6, play: everyOther(shuffled, false),
		live: func(int) uint64 { return 16 * mib }, hold: holdEveryOther(true),
	},
	{
		name: "every other byte, in midstream", n: 16e6, short: 2e6, play: everyOtherMidstream,
		live: func(int) uint64 { return 16 * mib },
		hold: func(t *testing.T, n int, o *outcome) {
			if o.gaps.lost < n/2-2 || o.totals.StreamBytes[0]+o.totals.StreamBytes[1] < uint64(n/2) || o.totals.Messages != 0 {
				t.Errorf("gaps %+v, %d bytes, %d messages", o.gaps, o.totals.StreamBytes, o.totals.Messages)
			}
		},
	},
	{
		name: "deflate bombs", n: 40, short: 4, play: bombs, payload: event.PayloadFull,
		live: func(int) uint64 { return 96 * mib },
		hold: func(t *testing.T, n int, o *outcome) {
			if o.totals.Messages != uint64(n) || o.totals.Undecoded != uint64(n) || o.totals.Bounded != uint64(n) {
				t.Errorf("%d messages, %d undecoded, %d bounded, want %d", o.totals.Messages, o.totals.Undecoded, o.totals.Bounded, n)
			}
			for _, m := range o.messages {
				if !strings.Contains(m.Undecoded, "more than the limit") {
					t.Errorf("a bomb says %q", m.Undecoded)
				}
			}
		},
	},
	{
		name: "unfinished deflate bombs", n: 400, short: 32, play: slowBombs, payload: event.PayloadFull,
		limits: dissect.Limits{Messages: 64 * mib},
		live:   func(n int) uint64 { return 96*mib + uint64(n)*256<<10 }, // and a window each
		hold: func(t *testing.T, n int, o *outcome) {
			if o.totals.Messages != uint64(n) || o.totals.Undecoded != 0 || o.totals.DecodedPayload[event.Server] != uint64(n)*63*mib {
				t.Errorf("%d messages of %d bytes, %d undecoded", o.totals.Messages, o.totals.DecodedPayload, o.totals.Undecoded)
			}
			if want := uint64(n - 4); o.totals.Bounded < want || o.totals.Bounded > want+2 { // 64 MiB are 4 of 16 MiB and what was sent
				t.Errorf("%d bounded, want %d", o.totals.Bounded, want)
			}
		},
	},
	{
		name: "HTTP heads without an end", n: 2000, short: 600, play: slowHeads,
		limits: dissect.Limits{Held: 16 * mib},
		live:   func(n int) uint64 { return 40*mib + uint64(n)*8192 },
		hold: func(t *testing.T, n int, o *outcome) {
			if o.totals.Bounded == 0 || o.totals.Bounded != uint64(o.gaps.limit) || o.totals.MissingBytes[event.Client] != 0 {
				t.Errorf("%d bounded, gaps %+v, %d missing", o.totals.Bounded, o.gaps, o.totals.MissingBytes)
			}
			if len(o.messages) != 1 || o.messages[0].Length != 5 || !o.messages[0].Complete {
				t.Errorf("an ordinary connection among them: %+v", o.messages)
			}
		},
	},
	{
		name: "holes in messages", n: 1000, short: 200, play: holeBombs, payload: event.PayloadFull,
		live: func(int) uint64 { return 512 * mib },
		hold: func(t *testing.T, n int, o *outcome) {
			if o.totals.Messages != uint64(n) || o.totals.Bounded == 0 {
				t.Errorf("%d messages, %d bounded", o.totals.Messages, o.totals.Bounded)
			}
		},
	},
}

// synFlood opens n connections that go no further, step ns apart. Its twin
// sends as many packets, four of them a connection that is opened and closed.
func synFlood(step int64) func(*forger, int, bool) {
	return func(f *forger, n int, malice bool) {
		f.expect, f.step = n, step
		server := from4{0xc0000201, 80}
		for i := range n {
			if malice {
				f.tcp(from4{0x0a000000 + uint32(i>>8), uint16(1024 + i&255)}, server, packet.SYN, uint32(i)*2654435761, 0, nil, 0)
				continue
			}
			c := from4{0x0a000000 + uint32(i>>10), uint16(1024 + i>>2&255)}
			switch i & 3 {
			case 0:
				f.tcp(c, server, packet.SYN, 0, 0, nil, 0)
			case 1:
				f.tcp(server, c, packet.SYN|packet.ACK, 0, 1, nil, 0)
			case 2:
				f.tcp(c, server, packet.FIN|packet.ACK, 1, 1, nil, 0)
			case 3:
				f.tcp(server, c, packet.FIN|packet.ACK, 1, 2, nil, 0)
			}
		}
	}
}

// lonelyFragments sends the first fragments of n datagrams. Its twin sends
// datagrams in two fragments.
func lonelyFragments(size int) func(*forger, int, bool) {
	return func(f *forger, n int, malice bool) {
		f.expect, f.step = n, 1000
		be := binary.BigEndian
		for i := range n {
			id, more, offset := i, uint16(0x2000), 0
			if !malice {
				id = i / 2
				if i&1 == 1 {
					more, offset = 0, size
				}
			}
			be.PutUint16(f.buf[4:], uint16(id))
			be.PutUint16(f.buf[6:], more|uint16(offset/8))
			copy(f.buf[20:], []byte{0, 53, 0, 53, 0, 0, 0, 0})
			be.PutUint16(f.buf[24:], uint16(2*size))
			f.ip(17, 0x0a000000+uint32(id>>16), 0xc0000201, size)
		}
	}
}

// Orders of the segments of everyOther.
const (
	forward = iota
	backward
	shuffled
)

// everyOther sends every other byte of a message of n bytes in a segment of its
// own. Its twin sends as many segments of one byte, with none missing.
func everyOther(order int, acks bool) func(*forger, int, bool) {
	return func(f *forger, n int, malice bool) {
		f.expect, f.step = n/2, 100
		s := f.upgrade(1, "")
		if !malice {
			s.say(forgedServer, header(ws.Binary, false, uint64(n/2)))
			for i := range n / 2 {
				s.say(forgedServer, []byte{'x'})
				if i%64 == 63 {
					s.ack(forgedClient)
				}
			}
			return
		}
		s.say(forgedServer, header(ws.Binary, false, uint64(n)))
		base := s.next[forgedServer]
		const window = 1 << 16 // segments
		r := rand.New(rand.NewPCG(1, 2))
		for i := range n / 2 {
			at := i
			switch in := min(window, n/2-i&^(window-1)); {
			case order == backward:
				at = i&^(window-1) + in - 1 - i&(window-1)
			case order == shuffled:
				at = i&^(window-1) + r.IntN(in)
			}
			off := base + 2*uint64(at) + 1
			s.put(forgedServer, off, []byte{'x'}, 1)
			if acks && i%64 == 63 {
				s.next[forgedServer] = off + 1
				s.ack(forgedClient)
			}
		}
		s.next[forgedServer] = base + uint64(n)
		s.ack(forgedClient)
	}
}

// everyOtherMidstream does so on a connection of which nothing else is known. Its
// twin leaves no byte out.
func everyOtherMidstream(f *forger, n int, malice bool) {
	f.expect, f.step = n/2, 100
	s := &stream{f: f, ends: [2]from4{{0x0a000001, 40000}, {0xc0000201, 8080}}}
	step := uint64(1)
	if malice {
		step = 2
	}
	s.ack(forgedClient)
	for i := range n / 2 {
		s.put(forgedServer, s.next[forgedServer], []byte{0x81 ^ byte(i)}, 1)
		s.next[forgedServer] += step
		if i%64 == 63 {
			s.ack(forgedClient)
		}
	}
	s.ack(forgedClient)
}

// holdEveryOther wants the holes to be proven, or given up at a bound.
func holdEveryOther(bounded bool) func(*testing.T, int, *outcome) {
	return func(t *testing.T, n int, o *outcome) {
		if len(o.messages) != 1 || o.messages[0].Length != uint64(n) || o.messages[0].Missing < uint64(n/2) {
			t.Fatalf("messages %+v, want one of %d bytes, half of them missing", o.messages, n)
		}
		st := o.totals.TCP
		found := o.gaps.lost
		if bounded {
			found = o.gaps.limit
		}
		if found == 0 || st.HeldPeak > 4*mib+4096 || st.Held != 0 {
			t.Errorf("gaps %+v, %d held at most, %d at the end", o.gaps, st.HeldPeak, st.Held)
		}
		if said := o.totals.Bounded > 0; said != bounded || o.totals.Bounded != uint64(o.gaps.limit) {
			t.Errorf("%d bounded; gaps %+v", o.totals.Bounded, o.gaps)
		}
		if sum := st.Bytes + st.MissingBytes[0] + st.MissingBytes[2]; sum < uint64(n) {
			t.Errorf("%d bytes and holes of %d", sum, n)
		}
	}
}

const deflateOn = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

// bomb is a message of 100 MiB in about 100 KB, dud one as long on the wire
// whose bytes do not compress that well.
func bomb() []byte { return deflated(make([]byte, 100*mib)) }

func dud(size int) []byte {
	r := rand.New(rand.NewPCG(3, 4))
	var b []byte
	for len(b) < 2*size {
		b = append(b, `{"type":"update","n":`...)
		for range 12 {
			b = append(b, byte('a'+r.IntN(26)))
		}
		b = append(b, "}\n"...)
	}
	return deflated(b)
}

// bombs sends n bombs on one connection. Its twin inflates to as many bytes as
// are read of a bomb, 64 MiB, though from more bytes of the wire.
func bombs(f *forger, n int, malice bool) {
	b := bomb()
	if !malice {
		b = dud(len(b))
	}
	f.expect, f.step = n*len(b)/1448, 1000
	s := f.upgrade(1, deflateOn)
	for range n {
		s.say(forgedServer, header(ws.Binary, true, uint64(len(b))))
		s.say(forgedServer, b)
		s.ack(forgedClient)
	}
}

// slowBombs sends a message that inflates to just below the limit on each of n
// connections, and the last bytes only when all of them wait.
func slowBombs(f *forger, n int, malice bool) {
	b := deflated(make([]byte, 63*mib))
	b = append(b[:len(b):len(b)], bytes.Repeat([]byte{0, 0, 0xff, 0xff, 0}, 2000)...) // empty blocks: above 64 KiB on the wire
	if !malice {
		b = dud(len(b))
	}
	f.expect, f.step = n*len(b)/1448, 1000
	var all []*stream
	for i := range n {
		s := f.upgrade(i, deflateOn)
		s.say(forgedServer, header(ws.Binary, true, uint64(len(b))))
		s.say(forgedServer, b[:len(b)-1])
		s.ack(forgedClient)
		all = append(all, s)
	}
	for _, s := range all {
		s.say(forgedServer, b[len(b)-1:])
		s.ack(forgedClient)
	}
}

// slowHeads sends 200 KB of a request on each of n connections, and in the end a
// message on one more. Its twin sends requests that end.
func slowHeads(f *forger, n int, malice bool) {
	f.expect, f.step = n*140, 1000
	head := append([]byte("GET / HTTP/1.1\r\nX: "), bytes.Repeat([]byte{'x'}, 200_000)...)
	if !malice {
		one := []byte("GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 1424) + "\r\n\r\n")
		head = bytes.Repeat(one, 138)
	}
	for i := range n {
		s := f.connect(i)
		s.say(forgedClient, head)
		s.ack(forgedServer)
	}
	s := f.upgrade(n, "")
	b := append(header(ws.Text, false, 5), "hello"...)
	s.say(forgedServer, b[:3]) // in two segments: something is held of it, too
	s.say(forgedServer, b[3:])
	s.ack(forgedClient)
}

// holeBombs sends on each of n connections the header of a message of 1 GiB, and
// a byte far behind it that is acknowledged. Its twin says something instead.
func holeBombs(f *forger, n int, malice bool) {
	f.expect, f.step = n*7, 1000
	for i := range n {
		s := f.upgrade(i, "")
		if !malice {
			s.say(forgedServer, append(header(ws.Text, false, 100), bytes.Repeat([]byte{'x'}, 100)...))
			s.ack(forgedClient)
			continue
		}
		s.say(forgedServer, header(ws.Text, false, 1<<30))
		s.next[forgedServer] += 100 * mib
		s.put(forgedServer, s.next[forgedServer]-1, []byte{'x'}, 1)
		for range 9 {
			s.ack(forgedClient)
		}
	}
}
