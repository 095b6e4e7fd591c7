package reassembly

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/sockeye-dev/sockeye/capture/packet"
)

func TestDirectionBound(t *testing.T) {
	// A byte that waits is charged 64 for its buffer and 64 for the bookkeeping.
	s := play(t, Limits{DirBytes: 300}, shaken+`
		> 'b' @1 ^0
		> 'd' @3 ^0
		> 'f' @5 ^0
		= > 0 gap 1 limit
		= > 1 'b'
		> 'c' @2 ^0
		= > 2 'c'
		= > 3 'd'
		> 'e' @4 ^0
		= > 4 'e'
		= > 5 'f'`+over)
	if st := s.table.Stats(); st.Gaps[Limit] != 1 || st.MissingBytes[Limit] != 1 || st.HeldPeak > 3*128 {
		t.Errorf("%+v", st)
	}
}

func TestIslandBound(t *testing.T) {
	// What touches its neighbour makes no island; the lowest hole goes first.
	s := play(t, Limits{Islands: 2}, shaken+`
		> 'b' @1 ^0
		> 'c' @2 ^0
		> 'f' @5 ^0
		> 'd' @3 ^0
		> 'h' @7 ^0
		= > 0 gap 1 limit
		= > 1 'b'
		= > 2 'c'
		= > 3 'd'
		> 'e' @4 ^0
		= > 4 'e'
		= > 5 'f'
		> 'g' @6 ^0
		= > 6 'g'
		= > 7 'h'`+over)
	if st := s.table.Stats(); st.Gaps[Limit] != 1 || st.MissingBytes[Limit] != 1 {
		t.Errorf("%+v", st)
	}
}

// TestIslands counts the islands of a queue anew after each step.
func TestIslands(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var q segments
	var free []*block
	for step := range 200_000 {
		if off := r.Uint64N(400); r.IntN(5) > 0 {
			s := segment{off: off, n: 1 + r.Uint64N(3)}
			if a := q.after(s.off); a == nil || a.off >= s.end() {
				q.insert(s, &free)
			}
		} else if !q.empty() {
			q.pop(&free)
		}
		want, end := 0, uint64(0)
		for i := q.first; i < len(q.blocks); i++ {
			b := q.blocks[i]
			for _, s := range b.s[b.lo:b.hi] {
				if want == 0 || s.off != end {
					want++
				}
				end = s.end()
			}
		}
		if q.islands != want {
			t.Fatalf("step %d: %d islands, want %d", step, q.islands, want)
		}
	}
}

func TestTotalBound(t *testing.T) {
	// The one that waits for longest gives up.
	play(t, Limits{TotalBytes: 300}, shaken+`
		> 'b' @1 ^0
		port=7 > S @-1
		= #2 open
		port=7 > 'b' @1
		port=7 > 'd' @3
		= > 0 gap 1 limit
		= > 1 'b'
		close
		= end open
		= forget
		= #2 > 0 gap 1 lost
		= #2 > 1 'b'
		= #2 > 2 gap 1 lost
		= #2 > 3 'd'
		= #2 end open
		= #2 forget`)
}

func TestFrozenBound(t *testing.T) {
	s := play(t, Limits{DirBytes: 300}, shaken+`
		> R
		> 'a' @0 ^0
		> 'b' @1 ^0
		> 'c' @2 ^0
		> 'd' @3 ^0
		close
		= end rst >
		= forget`)
	if st := s.table.Stats(); st.HeldPeak > 3*128 {
		t.Errorf("held %d", st.HeldPeak)
	}
}

func TestEviction(t *testing.T) {
	s := play(t, Limits{MaxConns: 2}, shaken+`
		> 'b' @1 ^0
		+1s port=7 > S
		= #2 open
		+1s port=8 > S
		= > 0 gap 1 lost
		= > 1 'b'
		= end evicted
		= forget
		= #3 open
		port=7 > A ^0
		port=9 > S
		= #3 end evicted
		= #3 forget
		= #4 open
		close
		= #2 end open
		= #2 forget
		= #4 end open
		= #4 forget`)
	if st := s.table.Stats(); st.Evicted != 2 || st.Connections != 4 {
		t.Errorf("%+v", st)
	}
}

func TestRetainedIsReleased(t *testing.T) {
	s := play(t, Limits{}, shaken+`
		> 'hello' ^0
		= > 0 'hello'`)
	if st := s.table.Stats(); st.Retained == 0 {
		t.Error("nothing retained before the ACK")
	}
	s.run("< A ^5")
	if st := s.table.Stats(); st.Retained != 0 {
		t.Errorf("%d bytes retained after the ACK", st.Retained)
	}
}

func TestRetainedIsBounded(t *testing.T) {
	tab := New(&sink{}, Limits{RetainBytes: 10_000})
	c := newChat(tab, 100, 1000)
	for i := range 1000 {
		c.say(tab, i%100, packet.LoToHi)
		if st := tab.Stats(); st.Retained > 10_000 {
			t.Fatalf("retained %d", st.Retained)
		}
	}
	one := New(&sink{}, Limits{})
	c = newChat(one, 1, 1000)
	for range 1000 {
		c.say(one, 0, packet.LoToHi)
	}
	if st := one.Stats(); st.Retained > 131072 {
		t.Errorf("retained %d", st.Retained)
	}
}

// TestRetainedSlides holds that the copy is right while its buffer slides and grows.
func TestRetainedSlides(t *testing.T) {
	k := &checker{fail: func(s string, a ...any) { t.Helper(); t.Fatalf(s, a...) }}
	f := fuzzer{table: New(k, Limits{}), k: k, base: [2]uint32{100, 77}}
	f.send(packet.Decoded{Seq: 99, Flags: packet.SYN}, false)
	bytesAt := func(off, n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = truth(0, off+i)
		}
		return b
	}
	off := 0
	for i := range 2000 {
		n := 1 + i*37%1448
		f.send(packet.Decoded{Seq: 100 + uint32(off), Payload: bytesAt(off, n), PayloadLen: n}, false)
		off += n
		back := min(off, 1+i*911%70000)
		f.send(packet.Decoded{Seq: 100 + uint32(off-back), Payload: bytesAt(off-back, back), PayloadLen: back}, false)
		if i%5 == 0 {
			f.send(packet.Decoded{Dir: 1, Seq: 77, Ack: 100 + uint32(off-off%3000), Flags: packet.ACK}, false)
		}
	}
	if st := f.table.Stats(); st.Overlaps != 0 || st.Bytes != uint64(off) {
		t.Errorf("%+v", st)
	}
	wrong := bytesAt(off-1, 1)
	wrong[0] ^= 1
	f.send(packet.Decoded{Seq: 100 + uint32(off-1), Payload: append(wrong, 0), PayloadLen: 2}, false)
	if st := f.table.Stats(); st.Overlaps != 1 {
		t.Errorf("conflict not seen: %+v", st)
	}
}

func TestLongStream(t *testing.T) {
	tab := New(&sink{}, Limits{})
	c := newChat(tab, 1, 60_000)
	for range 80_000 { // 4.8 GB
		c.say(tab, 0, packet.LoToHi)
		c.d = packet.Decoded{Proto: 6, Flow: c.conns[0].flow, Dir: 1, Seq: 1, Ack: c.conns[0].seq[0], Flags: packet.ACK, Window: 500}
		c.send(tab)
	}
	st := tab.Stats()
	if st.Bytes != 80_000*60_000 || st.Gaps != [4]uint64{} || st.Ignored != 0 || st.IgnoredACKs != 0 {
		t.Errorf("%+v", st)
	}
}

func TestNoAllocations(t *testing.T) {
	tab := New(&sink{}, Limits{})
	c := newChat(tab, 100, 200)
	turn := func() {
		for i := range 100 {
			c.say(tab, i, packet.LoToHi)
			c.say(tab, i, packet.HiToLo)
		}
	}
	turn()
	if n := testing.AllocsPerRun(20, turn); n != 0 {
		t.Errorf("%v allocations in 200 packets", n)
	}
	if size := unsafe.Sizeof(Conn{}); size > 400 {
		t.Errorf("a connection takes %d bytes", size)
	}
}
