package dissect_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
	"github.com/sockeye-dev/sockeye/pcaps/truth"
)

// talk is a conversation, taken from a capture or made up, and what the
// analyzer says about it when every packet is there, in order.
type talk struct {
	name  string
	turns []turn
	want  *truth.Conn
}

func (k *talk) bytes() (n int) {
	for _, t := range k.turns {
		n += len(t.b)
	}
	return n
}

func (k *talk) streams() (b [2][]byte) {
	for _, t := range k.turns {
		b[t.from] = append(b[t.from], t.b...)
	}
	return b
}

// handshakeTurns is how many turns the opening handshake takes: all up to the
// first of the server's after which the streams are WebSocket.
func (k *talk) handshakeTurns() int {
	for i, t := range k.turns {
		if t.from == event.Server && (i+1 == len(k.turns) || k.turns[i+1].from != event.Server || bytes.Contains(t.b, []byte("\r\n\r\n"))) {
			return i + 1
		}
	}
	return len(k.turns)
}

// handshakeSegments is how many of the segments belong to it.
func (k *talk) handshakeSegments(list []segment) int {
	var n [2]uint64
	for _, t := range k.turns[:k.handshakeTurns()] {
		n[t.from] += uint64(len(t.b))
	}
	for i := range list {
		if list[i].off >= n[list[i].from] {
			return i
		}
	}
	return len(list)
}

// talksOf takes the conversations of a capture that has neither holes nor
// messages of unknown beginning.
func talksOf(t testing.TB, file string) []*talk {
	t.Helper()
	f, err := pcapfile.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return talksIn(analyze(t, f), strings.TrimPrefix(file, pcaps+"/"))
}

func talksIn(r *truth.Record, name string) []*talk {
	by := map[uint64]*talk{}
	var out []*talk
	for _, e := range r.Events {
		d, ok := e.Detail.(*event.Data)
		if !ok {
			continue
		}
		k := by[e.Conn]
		if k == nil {
			k = &talk{name: fmt.Sprintf("%s conn %d", name, e.Conn), want: r.Conns[e.Conn]}
			by[e.Conn] = k
			out = append(out, k)
		}
		k.turns = append(k.turns, turn{e.From, d.Bytes})
	}
	return slices.DeleteFunc(out, func(k *talk) bool {
		c := k.want.Connection
		return c.Midstream || c.Missing != [2]uint64{}
	})
}

// realTalks are conversations of real endpoints.
func realTalks(t testing.TB) []*talk {
	var out []*talk
	for _, f := range []string{
		"websockets-plain.pcap", "websockets-deflate-takeover.pcap", "websockets-deflate-no-takeover.pcap",
		"websockets-deflate-bits.pcap", "misbehave-a.pcap", "socketio-aiohttp.pcap", "endings.pcap", "http-keepalive.pcap",
	} {
		out = append(out, talksOf(t, pcaps+"/"+f)...)
	}
	return out
}

// outline is what must not depend on how the bytes were carried: no packet
// numbers, no times. A list per side, because sides are independent.
type outline struct {
	protocol   string
	handshakes []string
	frames     [2][]string
	messages   [2][]string
	findings   []string
}

func outlineOf(c *truth.Conn) outline {
	var o outline
	if c.Connection != nil {
		o.protocol = c.Connection.Protocol
	}
	for _, h := range c.Handshakes {
		o.handshakes = append(o.handshakes, fmt.Sprintf("%+v", *h.D))
	}
	for side := range o.frames {
		for _, f := range c.Frames[side] {
			o.frames[side] = append(o.frames[side], fmt.Sprintf("%+v", *f.D))
		}
		for _, m := range c.Messages[side] {
			o.messages[side] = append(o.messages[side], messageLine(m.D))
		}
	}
	for _, f := range c.Findings {
		if !carried(f.D.Rule) {
			o.findings = append(o.findings, fmt.Sprintf("%s %v %v frame %d message %d", f.D.Rule, f.D.Severity, f.From, f.D.Frame, f.D.Message))
		}
	}
	slices.Sort(o.findings)
	return o
}

// carried tells whether a rule is about how the bytes were carried: by packets,
// in which order of the two sides, to which end of the connection.
func carried(rule string) bool {
	return strings.HasPrefix(rule, "TCP-") || strings.HasPrefix(rule, "CAP-") ||
		slices.Contains([]string{"HS-EARLY-DATA", "WS-PONG", "WS-NO-CLOSE"}, rule)
}

// messageLine leaves out the latency, which is a matter of time.
func messageLine(m *event.Message) string {
	d := *m
	d.Payload, d.Latency = nil, 0
	p := m.Payload
	return fmt.Sprintf("%+v %d bytes %x %q", d, len(p), fnv(p), p[:min(len(p), 40)])
}

func fnv(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// differences says in words how got differs from want, a line a list.
func (o *outline) differences(got *outline) []string {
	var out []string
	diff := func(what string, got, want []string) {
		for i := range max(len(got), len(want)) {
			g, w := "nothing", "nothing"
			if i < len(got) {
				g = got[i]
			}
			if i < len(want) {
				w = want[i]
			}
			if g != w {
				out = append(out, fmt.Sprintf("%s %d of %d (got %d):\n\t got %.400s\n\twant %.400s", what, i+1, len(want), len(got), g, w))
				return
			}
		}
	}
	diff("protocol", []string{got.protocol}, []string{o.protocol})
	diff("handshake", got.handshakes, o.handshakes)
	for side := range o.frames {
		diff(event.Side(side).String()+" frame", got.frames[side], o.frames[side])
		diff(event.Side(side).String()+" message", got.messages[side], o.messages[side])
	}
	diff("finding", got.findings, o.findings)
	return out
}

// chat makes up a conversation of many small messages: JSON text of either
// side, pings with their pongs, some binary, a fragmented one now and then.
func chat(t testing.TB, seed uint64, messages int) *talk {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	key := "dGhlIHNhbXBsZSBub25jZQ=="
	turns := []turn{
		{event.Client, []byte("GET /chat HTTP/1.1\r\nHost: chat.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + key + "\r\nSec-WebSocket-Version: 13\r\n\r\n")},
		{event.Server, []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + websocket.AcceptKey(key) + "\r\n\r\n")},
	}
	for i := range messages {
		from := event.Side(r.IntN(2))
		switch r.IntN(20) {
		case 0:
			b := fmt.Appendf(nil, "%d", i)
			turns = append(turns, turn{from, frame(r, from, true, websocket.Ping, b)}, turn{from.Other(), frame(r, from.Other(), true, websocket.Pong, b)})
		case 1:
			b := make([]byte, r.IntN(700))
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			turns = append(turns, turn{from, frame(r, from, true, websocket.Binary, b)})
		case 2:
			b := says(r, i)
			cut := r.IntN(len(b))
			turns = append(turns, turn{from, frame(r, from, false, websocket.Text, b[:cut])}, turn{from, frame(r, from, true, websocket.Continuation, b[cut:])})
		default:
			turns = append(turns, turn{from, frame(r, from, true, websocket.Text, says(r, i))})
		}
	}
	k := &talk{name: fmt.Sprintf("chat %d", seed), turns: turns}
	k.want = analyze(t, play(r, segments(turns, true, whole))).Conns[1]
	return k
}

func says(r *rand.Rand, i int) []byte {
	words := []string{"salmon", "river", "upstream", "späwning", "net", "tide", "lake", "ocean", "red", "🐟"}
	var text []string
	for range 1 + r.IntN(40) {
		text = append(text, words[r.IntN(len(words))])
	}
	return fmt.Appendf(nil, `{"id":%d,"user":"u%d","text":%q}`, i, r.IntN(50), strings.Join(text, " "))
}

func frame(r *rand.Rand, from event.Side, fin bool, op websocket.Opcode, b []byte) []byte {
	h := websocket.Header{Fin: fin, Opcode: op, Length: uint64(len(b)), Masked: from == event.Client}
	if h.Masked {
		k := r.Uint32()
		h.Mask = [4]byte{byte(k), byte(k >> 8), byte(k >> 16), byte(k >> 24)}
	}
	out := h.Append(nil)
	if h.Masked {
		return websocket.Unmask(out, b, h.Mask, 0)
	}
	return append(out, b...)
}
