package dissect_test

import (
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/pcaps/gen/ws"
	"github.com/sockeye-dev/sockeye/pcaps/truth"
)

// said is a segment of a conversation: from the client or the server; of b, the
// bytes from keep on were not captured.
type said struct {
	from int
	b    string
	keep int
}

const (
	all  = -1 // the segment is there
	none = 0  // it was lost
)

// converse plays a connection, and answers what is said of it.
func converse(t *testing.T, turns []said) *truth.Conn {
	t.Helper()
	r := truth.NewRecord()
	a := dissect.New(dissect.Options{Want: everything()}, r)
	f := &forger{now: 1_700_000_000e9, step: 1e6, give: func(p *capture.Packet) { a.Packet(p) }}
	s := f.connect(1)
	for _, x := range turns {
		kept := len(x.b)
		if x.keep != all {
			kept = x.keep
		}
		if kept > 0 {
			s.put(x.from, s.next[x.from], []byte(x.b[:kept]), len(x.b))
		}
		s.next[x.from] += uint64(len(x.b))
		for range 9 { // a hole is proven
			s.ack(1 - x.from)
		}
	}
	a.Close()
	return r.Conns[1]
}

func frameOf(side int, op byte, compressed bool, payload string) string {
	f := ws.Frame{Fin: true, Op: op, RSV1: compressed, Length: uint64(len(payload)), Masked: side == forgedClient, Key: [4]byte{0x37, 0xfa, 0x21, 0x3d}}
	b := ws.AppendHeader(nil, &f)
	for i := range len(payload) {
		c := payload[i]
		if f.Masked {
			c ^= f.Key[i%4]
		}
		b = append(b, c)
	}
	return string(b)
}

const (
	getLine  = "GET /chat HTTP/1.1\r\n"
	asks     = "Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	keyed    = "Sec-WebSocket-Key: " + forgedKey + "\r\nSec-WebSocket-Version: 13\r\n"
	cookie   = "Cookie: a=0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz\r\n"
	switches = "HTTP/1.1 101 Switching Protocols\r\n"
	agrees   = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	deflates = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
	blank    = "\r\n"
)

// TestCutHeads loses parts of the heads of handshakes in every way: what is there
// must be read, and what is not there must not be held against anybody.
func TestCutHeads(t *testing.T) {
	c, s := forgedClient, forgedServer
	hello, hi := frameOf(c, ws.Text, false, "hello there"), frameOf(s, ws.Text, false, "hi")
	cases := []struct {
		name     string
		turns    []said
		protocol string
		cut      string // heads that are said to be cut: "request", "response", "both", or "no handshake"
		messages [2]int
		rules    string // errors
	}{
		{"the request is cut behind its first line", []said{
			{c, getLine + asks + keyed + blank, 25}, {s, switches + agrees + blank, all}, {c, hello, all}, {s, hi, all},
		}, "websocket", "request", [2]int{1, 1}, ""},
		{"the answer is cut behind its first line", []said{
			{c, getLine + asks + keyed + blank, all}, {s, switches + agrees + blank, 34}, {s, hi, all}, {c, hello, all},
		}, "websocket", "response", [2]int{1, 1}, ""},
		{"both are cut", []said{
			{c, getLine + asks + keyed + blank, 25}, {s, switches + agrees + blank, 34}, {s, hi, all}, {c, hello, all},
		}, "websocket", "both", [2]int{1, 1}, ""},
		{"the request line is cut", []said{
			{c, getLine + asks + keyed + blank, 10}, {s, switches + agrees + blank, 34}, {s, hi, all}, {c, hello, all}, {c, hello, all},
		}, "websocket", "response", [2]int{2, 1}, ""},
		{"the middle of a request is lost", []said{
			{c, getLine + asks, all}, {c, cookie, none}, {c, keyed + blank, all}, {s, switches + agrees + blank, all}, {c, hello, all}, {s, hi, all},
		}, "websocket", "request", [2]int{1, 1}, ""},
		{"a request in segments, each of them cut", []said{
			{c, getLine + asks, 30}, {c, cookie + cookie, 20}, {c, cookie + keyed + blank, 20}, {s, switches + agrees + blank, 60}, {c, hello, all}, {s, hi, all},
		}, "websocket", "both", [2]int{1, 1}, ""},
		{"an answer written line by line, one of them lost", []said{
			{c, getLine + asks + keyed + blank, all}, {s, switches, all}, {s, "Upgrade: websocket\r\n", none},
			{s, "Access-Control-Allow-Origin: *\r\n", all}, {s, "Connection: Upgrade\r\n", all}, {s, blank, all}, {s, hi, all}, {c, hello, all},
		}, "websocket", "response", [2]int{1, 1}, ""},
		{"the first frame is a fragment of compressed text", []said{
			{c, getLine + asks + keyed + blank, 25}, {s, switches + agrees + deflates + blank, 34}, {s, "\x41\x05" + deflatedHello[:5], all}, {s, "\x80\x02" + deflatedHello[5:], all}, {c, hello, all},
		}, "websocket", "both", [2]int{1, 1}, ""},
		{"a client that does not mask", []said{
			{c, getLine + asks + keyed + blank, 25}, {s, switches + agrees + blank, 34}, {c, frameOf(s, ws.Text, false, "hello"), all}, {c, frameOf(s, ws.Text, false, "you"), all}, {s, hi, all},
		}, "websocket", "both", [2]int{2, 1}, "WS-MASK"},
		{"frames cut by the snap length", []said{
			{c, getLine + asks + keyed + blank, 46}, {s, switches + agrees + blank, 46},
			{s, frameOf(s, ws.Binary, false, strings.Repeat("x", 1000)), 46}, {c, frameOf(c, ws.Text, false, strings.Repeat("y", 300)), 46},
			{s, hi, all}, {c, hello, all},
		}, "websocket", "both", [2]int{2, 2}, ""},
		{"an accept value that is wrong", []said{
			{c, getLine + keyed + asks + cookie + blank, 100}, {s, switches + "Sec-WebSocket-Accept: AAAALMBiTxaQ9kYGzzhZRbK+xOo=\r\n" + cookie + blank, 90}, {c, hello, all}, {s, hi, all},
		}, "websocket", "both", [2]int{1, 1}, "HS-ACCEPT"},
		{"a switch to something else", []said{
			{c, getLine + asks, 25}, {s, switches + "Upgrade: tcp\r\nConnection: Upgrade\r\n" + blank, 60}, {s, hi, all},
		}, "raw", "no handshake", [2]int{}, ""},
		{"no switch at all", []said{
			{c, getLine + "Host: x\r\n" + cookie + blank, 25}, {s, "HTTP/1.1 200 OK\r\nContent-Length: 300\r\n" + cookie + blank, 45}, {s, strings.Repeat("z", 300), 50},
			{c, getLine + "Host: x\r\n" + cookie + blank, 25}, {s, "HTTP/1.1 204 No Content\r\n" + cookie + blank, 45},
		}, "http", "no handshake", [2]int{}, ""},
		{"refused", []said{
			{c, getLine + asks + keyed + blank, 60}, {s, "HTTP/1.1 403 Forbidden\r\nContent-Length: 300\r\n" + cookie + blank, 45},
		}, "http", "both", [2]int{}, ""},
	}
	for _, x := range cases {
		t.Run(x.name, func(t *testing.T) {
			g := converse(t, x.turns)
			if g.Connection.Protocol != x.protocol {
				t.Errorf("protocol %s, want %s", g.Connection.Protocol, x.protocol)
			}
			cut := "no handshake"
			if len(g.Handshakes) == 1 {
				h := g.Handshakes[0].D
				cut = map[[2]bool]string{{}: "none", {true, false}: "request", {false, true}: "response", {true, true}: "both"}[[2]bool{h.RequestCut, h.ResponseCut}]
			}
			if cut != x.cut {
				t.Errorf("%d handshakes, cut: %s, want %s", len(g.Handshakes), cut, x.cut)
			}
			for side := range x.messages {
				if n := len(g.Messages[side]); n != x.messages[side] {
					t.Errorf("%d messages of the %v, want %d", n, event.Side(side), x.messages[side])
				}
				for _, m := range g.Messages[side] {
					if !m.D.Complete || m.D.Undecoded != "" {
						t.Errorf("%s", messageLine(m.D))
					}
				}
			}
			var rules []string
			for _, f := range g.Findings {
				if f.D.Severity == event.Error {
					rules = append(rules, f.D.Rule)
				}
			}
			if got := strings.Join(rules, " "); got != x.rules {
				t.Errorf("errors %q, want %q", got, x.rules)
			}
		})
	}
}

// deflatedHello is "Hello" as in RFC 7692 §7.2.3.1.
const deflatedHello = "\xf2\x48\xcd\xc9\xc9\x07\x00"
