package reassembly

import (
	"testing"
	"time"

	"github.com/sockeye-dev/sockeye/capture/packet"
)

// shaken is a complete handshake; segments count from p4 behind it.
const shaken = `
	> S ws=7 win=1000
	< SA ^0 ws=7 win=1000
	+10ms > A ^0
`

// over is what the end of the capture causes on a connection that is open.
const over = `
	close
	= end open
	= forget
`

func TestConversations(t *testing.T) {
	for _, tc := range []struct{ name, text string }{
		{"plain", shaken + `
			> 'hello' ^0
			= > 0 'hello'
			< 'world' ^5
			= < 0 'world'
			> A ^5
			> F ^5
			= > 5 fin
			< F ^6
			= < 5 fin
			= end fin >
			> A ^6
			< 'world' @0 ^6     // a late copy makes no new connection
			close
			= forget`},
		{"reordered", shaken + `
			> 'cc' @4 ^0
			> 'bb' @2 ^0
			> 'aa' @0 ^0
			= > 0 'aa'
			= > 2 'bb'
			= > 4 'cc'` + over},
		{"hole proven, then reported after 100 ms", shaken + `
			> 'aa' ^0
			= > 0 'aa'
			> 'cc' @4 ^0
			< A ^6
			+99ms < A ^6
			+1ms < A ^6
			= > 2 gap 2 lost
			= > 4 'cc'` + over},
		{"hole proven, then reported after 8 packets", shaken + `
			> 'cc' @2 ^0
			< A ^4
			> A ^0
			> A ^0
			> A ^0
			> A ^0
			> A ^0
			> A ^0
			> A ^0
			> A ^0
			= > 0 gap 2 lost
			= > 2 'cc'` + over},
		{"ACK captured before the data", shaken + `
			< A ^2
			> 'aa' @0 ^0
			= > 0 'aa'` + over},
		{"hole proven before the data beyond arrives", shaken + `
			< A ^2
			+1s < A ^2
			> 'bb' @2 ^0
			= > 0 gap 2 lost
			= > 2 'bb'` + over},
		{"half a hole proven: one gap, when all of it is", shaken + `
			> 'dd' @4 ^0
			< A ^2
			+1s < A ^2
			< A ^6
			+1s < A ^6
			= > 0 gap 4 lost
			= > 4 'dd'` + over},
		{"two holes proven at once", shaken + `
			> 'b' @1 ^0
			> 'd' @3 ^0
			< A ^4
			+1s < A ^4
			= > 0 gap 1 lost
			= > 1 'b'
			= > 2 gap 1 lost
			= > 3 'd'` + over},
		{"hole not proven waits", shaken + `
			> 'bb' @2 ^0
			+50s < A ^0
			> 'aa' @0 ^0
			= > 0 'aa'
			= > 2 'bb'` + over},
		{"hole not proven is given up", shaken + `
			> 'bb' @2 ^0
			+60s < A ^0
			= > 0 gap 2 lost
			= > 2 'bb'` + over},
		{"progress begins a new wait", shaken + `
			> 'b' @1 ^0
			> 'd' @3 ^0
			+50s > 'a' @0 ^0
			= > 0 'a'
			= > 1 'b'
			+50s > A ^0
			+10s > A ^0
			= > 2 gap 1 lost
			= > 3 'd'` + over},
		{"hole at the end of the capture", shaken + `
			> 'bb' @2 ^0
			close
			= > 0 gap 2 lost
			= > 2 'bb'
			= end open
			= forget`},
		{"tail that was acknowledged", shaken + `
			> 'aa' ^0
			= > 0 'aa'
			< A ^7
			+1s < A ^7
			close
			= > 2 gap 5 lost
			= end open
			= forget`},
		{"ACK of a FIN that was not captured", shaken + `
			> 'aa' ^0
			= > 0 'aa'
			< A ^3
			+1s < A ^3` + over},
		{"ACK beyond 1 GiB proves nothing", shaken + `
			< A ^1073741825
			> 'b' @1 ^0
			+1s < A ^0
			close
			= > 0 gap 1 lost
			= > 1 'b'
			= end open
			= forget`},

		{"retransmission", shaken + `
			> 'abc' ^0
			= > 0 'abc'
			> 'abc' @0 ^0
			> 'bcde' @1 ^0
			= > 3 'de'` + over},
		{"overlap with delivered bytes", shaken + `
			> 'abcdef' ^0
			= > 0 'abcdef'
			> 'abXdefgh' @0 ^0
			= > 2 overlap 'cdef' 'Xdef' p4 p5
			= > 6 'gh'` + over},
		{"acknowledged bytes are not compared", shaken + `
			> 'abcdef' ^0
			= > 0 'abcdef'
			< A ^3
			> 'XXXdef' @0 ^0
			> 'XXXXef' @0 ^0
			= > 3 overlap 'def' 'Xef' p4 p7` + over},
		{"overlap among waiting bytes", shaken + `
			> 'cd' @2 ^0
			> 'XXef' @2 ^0
			= > 2 overlap 'cd' 'XX' p4 p5
			> 'abY' @0 ^0
			= > 0 'ab'
			= > 2 overlap 'c' 'Y' p4 p6
			= > 2 'cd'
			= > 4 'ef'` + over},
		{"segment over several waiting ones", shaken + `
			> 'b' @1 ^0
			> 'd' @3 ^0
			> 'abcde' @0 ^0
			= > 0 'a'
			= > 1 'b'
			= > 2 'c'
			= > 3 'd'
			= > 4 'e'` + over},
		{"waiting segment that grows on both sides", shaken + `
			> 'cd' @2 ^0
			> 'bcde' @1 ^0
			> 'a' @0 ^0
			= > 0 'a'
			= > 1 'b'
			= > 2 'cd'
			= > 4 'e'` + over},

		{"snap length in order", shaken + `
			> 'abc' cut=5 ^0
			= > 0 'abc'
			= > 3 gap 5 snaplen
			> 'i' ^0
			= > 8 'i'
			> 'abcdefgh' @0 ^0   // came too late` + over},
		{"snap length out of order", shaken + `
			> 'ef' @4 cut=2 ^0
			> 'abcd' @0 ^0
			= > 0 'abcd'
			= > 4 'ef'
			= > 6 gap 2 snaplen
			> 'i' @8 ^0
			= > 8 'i'` + over},
		{"snap length leaves nothing", shaken + `
			> '' cut=10 ^0
			= > 0 gap 10 snaplen` + over},

		{"keep-alive with a garbage byte", shaken + `
			> 'abc' ^0
			= > 0 'abc'
			< A ^3
			+45s > '~' @2 A ^0
			< A ^3
			> 'd' @3 ^0
			= > 3 'd'` + over},
		{"keep-alive over a byte that was not captured", shaken + `
			> 'ab' ^0
			= > 0 'ab'
			< A ^3
			+45s > '~' @2 A ^0
			> 'd' @3 ^0
			= > 2 gap 1 lost
			= > 3 'd'` + over},
		{"one pushed byte captured after its ACK", shaken + `
			< A ^1
			> 'a' @0 PA ^0
			= > 0 'a'` + over},
		{"zero-window probe", shaken + `
			> 'ab' ^0
			= > 0 'ab'
			< A ^2 win=0
			+5s > 'c' ^0
			= > 2 'c'
			< A ^2 win=0
			< A ^2 win=100
			> 'cd' @2 ^0
			= > 3 'd'` + over},
		{"urgent byte stays in place", shaken + `
			> 'abc' U ^0
			= > 0 'abc'` + over},

		{"sequence wraps", `
			> S isn=4294967293
			< SA ^0 isn=4294967295
			> A ^0
			> 'abcd' ^0
			= > 0 'abcd'
			> 'ef' ^0
			= > 4 'ef'
			< 'x' ^6
			= < 0 'x'
			> 'ij' @8 ^1
			> 'gh' @6 ^1
			= > 6 'gh'
			= > 8 'ij'` + over},

		{"FIN before the last data", shaken + `
			> F @4 ^0
			> 'ab' @0 ^0
			= > 0 'ab'
			> 'cd' @2 ^0
			= > 2 'cd'
			= > 4 fin
			< F ^5
			= < 0 fin
			= end fin >
			close
			= forget`},
		{"FIN with data", shaken + `
			> 'ab' FA ^0
			= > 0 'ab'
			= > 2 fin
			close
			= end half-open
			= forget`},
		{"data beyond FIN", shaken + `
			> F ^0
			= > 0 fin
			> 'xx' @1 ^0
			< 'y' ^1
			= < 0 'y'
			close
			= end half-open
			= forget`},
		{"waiting data beyond FIN", shaken + `
			> 'cdef' @2 ^0
			> F @4 ^0
			> 'ab' @0 ^0
			= > 0 'ab'
			= > 2 'cd'
			= > 4 fin
			close
			= end half-open
			= forget`},
		{"FIN behind a hole that was acknowledged", shaken + `
			> F @4 ^0
			< A ^5
			+1s < A ^5
			= > 0 gap 4 lost
			= > 4 fin
			< F ^5
			= < 0 fin
			= end fin >
			close
			= forget`},
		{"FIN behind a hole at the end", shaken + `
			> F @4 ^0
			close
			= > 0 gap 4 lost
			= > 4 fin
			= end half-open
			= forget`},
		{"FIN twice", shaken + `
			> F ^0
			= > 0 fin
			> F @0 ^0
			< A ^1
			close
			= end half-open
			= forget`},

		{"RST, and what was on its way", shaken + `
			> 'ab' ^0
			= > 0 'ab'
			> R
			+1s < 'zz' ^2
			= < 0 'zz'
			+1s port=7 > S
			= end rst >
			= #2 open
			close
			= forget
			= #2 end open
			= #2 forget`},
		{"RST at the end of the capture", shaken + `
			< RA ^0
			close
			= end rst <
			= forget`},
		{"RST behind a hole", shaken + `
			> 'ab' @2 ^0
			> R @4
			close
			= > 0 gap 2 lost
			= > 2 'ab'
			= end rst >
			= forget`},
		{"RST outside the window", `
			> S ws=0 win=1000
			< SA ^0 ws=0 win=1000
			> A ^0
			> R @1002
			> R @-5
			> 'ab' ^0
			= > 0 'ab'` + over},
		{"RST at the window's edge", `
			> S ws=0 win=1000
			< SA ^0 ws=0 win=1000
			> A ^0
			> R @1000
			close
			= end rst >
			= forget`},
		{"RST payload is not stream", shaken + `
			> 'reason' RA ^0
			close
			= end rst >
			= forget`},
		{"RST after FIN", shaken + `
			> 'a' FA ^0
			= > 0 'a'
			= > 1 fin
			< R
			close
			= end rst >
			= forget`},
		{"SYN refused", `
			> S
			< RA ^0 seq=0
			+3s > A port=9 ^0
			= end rst <
			= #2 open
			close
			= forget
			= #2 end open
			= #2 forget`},
		{"forged refusal", `
			> S
			< RA ^77 seq=0
			close
			= end open
			= forget`},
		{"RST that the peer did not heed", shaken + `
			> 'ab' ^0
			= > 0 'ab'
			< A ^2
			> R
			> 'cd' ^0
			< A ^4
			= > 2 'cd'
			+5s > 'ef' ^0
			= > 4 'ef'` + over},
		{"bytes beyond a true RST", shaken + `
			> 'ab' ^0
			= > 0 'ab'
			> R
			> 'cd' ^0
			< A ^2
			close
			= end rst >
			= forget`},

		{"RST in the window, ahead of the next byte: its alleged sender goes on", shaken + `
			> 'ab' ^0
			= > 0 'ab'
			> R @500
			+99ms > 'cd' @2 ^0  // may be a reordering
			= > 2 'cd'
			< A ^4
			+1ms > 'ef' @4 ^0
			= > 4 'ef'
			< A ^6              // nobody acknowledges what was not said
			+1h > 'gh' @6 ^0
			= > 6 'gh'` + over},
		{"RST ahead of the next byte, then the stream ends before its place", shaken + `
			> R @500
			> F @0 ^0
			= > 0 fin
			< FA ^1
			= < 0 fin
			= end fin >
			close
			= forget`},
		{"RST ahead of the next byte, and the bytes before it", shaken + `
			> R @4
			> 'ab' @0 ^0        // captured late
			= > 0 'ab'
			> 'cd' @2 ^0
			= > 2 'cd'
			< A ^4
			close
			= end rst >
			= forget`},
		{"RST ahead of the next byte, and silence", shaken + `
			> R @500
			+1s < 'zz' ^0
			= < 0 'zz'
			+1s port=7 > S
			= end rst >
			= #2 open
			close
			= forget
			= #2 end open
			= #2 forget`},

		{"port reuse", shaken + `
			> 'bb' @2 ^0
			> S isn=9000
			= > 0 gap 2 lost
			= > 2 'bb'
			= end reused
			= forget
			= #2 open
			< SA isn=70000 ^0
			> A ^0
			> 'new' ^0
			= #2 > 0 'new'
			close
			= #2 end open
			= #2 forget`},
		{"port reuse after the end, same ISN", shaken + `
			> F ^0
			= > 0 fin
			< F ^1
			= < 0 fin
			= end fin >
			> S
			= forget
			= #2 open
			close
			= #2 end open
			= #2 forget`},
		{"port reuse seen by the answer only", shaken + `
			> 'a' ^0
			= > 0 'a'
			< SA isn=70000 ^50
			= end reused
			= forget
			= #2 open
			close
			= #2 end open
			= #2 forget`},
		{"old SYN-ACK", `
			> S
			< SA isn=70000 ^-9
			< SA isn=5000 ^0
			> A ^0
			< 'x' ^0
			= < 0 'x'` + over},
		{"SYN again", `
			> S
			+1s > S
			< SA ^0
			< SA ^0
			> A ^0
			> S
			> 'a' ^0
			= > 0 'a'` + over},
		{"SYN after SYN-ACK", `
			< SA ^0
			> S
			> A ^0
			> 'a' ^0
			= > 0 'a'` + over},
		{"simultaneous open", `
			> S
			< S
			> SA ^0
			< SA ^0
			> 'a' ^0
			= > 0 'a'
			< 'b' ^1
			= < 0 'b'` + over},
		{"Fast Open", `
			> 'get' S
			= > 0 'get'
			< SA ^3
			< 'ok' ^3
			= < 0 'ok'` + over},
		{"Fast Open refused: data comes again", `
			> 'get' S
			= > 0 'get'
			< SA ^0
			> 'get' @0 A ^0
			< 'ok' ^3
			= < 0 'ok'` + over},
		{"data before the SYN-ACK", `
			> S
			< 'b' @1 ^0
			< 'a' @0 ^0
			< SA @-1 ^0
			= < 0 'a'
			= < 1 'b'` + over},
		{"SYN-ACK not captured", `
			> S
			> A ^0
			< 'b' @1 ^0
			< 'a' @0 ^0
			= < 0 'a'
			= < 1 'b'` + over},

		{"midstream: held until the answer", `
			> 'bb' @2 ^0
			> 'aa' @0 ^0
			< A ^4
			= > 0 'aa'
			= > 2 'bb'` + over},
		{"midstream: four segments", `
			> 'bb' @2 ^0
			> 'aa' @0 ^0
			> 'cc' @4 ^0
			> 'dd' @6 ^0
			= > 0 'aa'
			= > 2 'bb'
			= > 4 'cc'
			= > 6 'dd'
			> 'ee' ^0
			= > 8 'ee'` + over},
		{"midstream: a second", `
			> 'bb' @2 ^0
			+1s > 'cc' ^0
			= > 0 'bb'
			= > 2 'cc'` + over},
		{"midstream: the capture ends", `
			> 'bb' @2 ^0
			close
			= > 0 'bb'
			= end open
			= forget`},
		{"midstream: the ACK says where the peer starts", `
			> A ^10
			< 'xxyy' @8 ^0
			= < 0 'yy'` + over},
		{"midstream: in flight when the capture began", `
			> A ^0
			< 'cc' @4 ^0
			> A ^6
			= < 0 'cc'` + over},
		{"midstream: lost after the capture began", `
			> A ^0
			+2s < 'cc' @4 ^0
			> A ^6
			+1s > A ^6
			= < 0 gap 4 lost
			= < 4 'cc'` + over},
		{"midstream: keep-alive first", `
			> '~' @0 A ^0
			< A ^1
			> 'a' @1 ^0
			= > 0 'a'` + over},
		{"midstream: empty keep-alive first", `
			> A @-1 ^0
			< A ^0
			> 'a' @0 ^0
			= > 0 'a'` + over},
		{"midstream: late SYN", `
			> 'a' @0 ^0
			> S
			= > 0 'a'
			< SA ^0` + over},
		{"midstream: FIN only", `
			> F @0 ^0
			< F ^1
			= > 0 fin
			= < 0 fin
			= end fin >
			close
			= forget`},
		{"midstream: RST only", `
			< R
			close
			= end rst <
			= forget`},

		{"garbage far outside", shaken + `
			> 'zz' @1073741825 ^0
			> 'zz' @-1073741825 ^0
			> 'a' @0 ^0
			= > 0 'a'` + over},
		{"sequence jumps, and the peer follows", shaken + `
			> 'a' ^0
			= > 0 'a'
			> 'xx' @2000000000 ^0
			< A ^2000000002
			> 'yy' @2000000002 ^0
			< A ^2000000004
			> 'zz' @2000000004 ^0
			= > 1 gap 2000000003 lost
			= > 2000000004 'zz'
			> '00' ^0
			= > 2000000006 '00'` + over},

		{"idle", shaken + `
			+3599s > 'a' ^0
			= > 0 'a'
			+599s port=7 > A ^0
			= #2 open
			+600s port=7 > A ^0
			+600s port=7 > A ^0
			+600s port=7 > A ^0
			+600s port=7 > A ^0
			+600s port=7 > A ^0
			+1s port=7 > A ^0
			= end idle
			= forget
			> 'b' ^0
			= #3 open
			close
			= #2 end open
			= #2 forget
			= #3 > 0 'b'
			= #3 end open
			= #3 forget`},
		{"idle while closing", shaken + `
			> F ^0
			= > 0 fin
			+119s port=7 > A ^0
			= #2 open
			+1s port=7 > A ^0
			= end idle
			= forget
			close
			= #2 end open
			= #2 forget`},
		{"never answered", `
			> S
			+2m port=7 > A ^0
			= end idle
			= forget
			= #2 open
			close
			= #2 end open
			= #2 forget`},
		{"a single time far ahead", shaken + `
			+9000h > 'a' ^0
			= > 0 'a'
			+-9000h > 'b' ^0
			= > 1 'b'
			+1s > 'c' ^0
			= > 2 'c'` + over},
		{"time goes back", shaken + `
			+-500h > 'a' ^0
			= > 0 'a'` + over},
	} {
		t.Run(tc.name, func(t *testing.T) { play(t, Limits{}, tc.text) })
	}
}

func TestConnFields(t *testing.T) {
	s := play(t, Limits{}, shaken+`
		> 'abc' ^0
		= > 0 'abc'
		> 'abc' @0 ^0
		< 'z' @1 ^3
		> A ^2
		+1s > A ^2
		= < 0 gap 1 lost
		= < 1 'z'
		< F ^3
		= < 2 fin
	`)
	c := s.rec.conns[0]
	by, known := c.ClosedBy()
	if !known || by != packet.HiToLo || c.State() != HalfOpen || c.State().String() != "half-open" {
		t.Errorf("closed by %v %v, state %v", by, known, c.State())
	}
	if c.Midstream || c.RTT != int64(10*time.Millisecond) || c.ClientDir() != packet.LoToHi || !c.ClientKnown() {
		t.Errorf("%+v", c)
	}
	if c.Bytes(0) != 3 || c.Retransmitted(0) != 3 || c.AckedBytes(0) != 3 || c.Bytes(1) != 1 || c.Missing(1) != 1 || c.AckedBytes(1) != 2 {
		t.Errorf("%+v", c)
	}
	if c.Packets != 9 || c.FirstPacket != 1 || c.LastPacket != 9 || c.Number != 1 || c.Last-c.Start != int64(1010*time.Millisecond) {
		t.Errorf("%+v", c)
	}
}

func TestClient(t *testing.T) {
	for _, tc := range []struct {
		text       string
		client     packet.Dir
		known, mid bool
	}{
		{"< S", packet.HiToLo, true, false},
		{"< SA ^0", packet.LoToHi, true, false},
		{"< 'x' ^0", packet.HiToLo, false, true},
		{"> S\n< S", packet.LoToHi, true, false},
	} {
		s := play(t, Limits{}, tc.text)
		c := s.rec.conns[0]
		if c.ClientDir() != tc.client || c.ClientKnown() != tc.known || c.Midstream != tc.mid {
			t.Errorf("%q: client %v known %v midstream %v", tc.text, c.ClientDir(), c.ClientKnown(), c.Midstream)
		}
		c.SetClient(tc.client.Reverse())
		if got := c.ClientDir() == tc.client; got != tc.known {
			t.Errorf("%q: SetClient against a handshake, or not heeded without one", tc.text)
		}
	}
}
