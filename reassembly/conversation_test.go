package reassembly

import (
	"regexp"
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

// conversation is a script of packets and of the calls that they must cause.
type conversation struct{ name, text string }

func TestConversations(t *testing.T) {
	for _, tc := range append(streamConversations, endConversations...) {
		t.Run(tc.name, func(t *testing.T) {
			play(t, Limits{}, tc.text)
			s := newScript(t, Limits{})
			s.table.OpenLate()
			s.rec.quiet = true
			s.run(openCall.ReplaceAllString(tc.text, ""))
		})
	}
}

// openCall is a line of a script for a handler that is opened: when that is, is
// another matter where it is late.
var openCall = regexp.MustCompile(`(?m)^\s*= #\d+ open$`)

// streamConversations are about what becomes of bytes.
var streamConversations = []conversation{
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
