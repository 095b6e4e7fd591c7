// Package scenes holds hand-written accidents: small captures, each showing one
// thing that happens to TCP connections and to captures of them.
//
//	Scene.play: conn.message (into the stream) ─► conn.send (a range of it, as a packet) ─► wire.File
//	                  └────────────── track.Dir ──────────────┘ ─► manifest
//
// What is sent and what is captured are separate steps of a script, so that a
// scene loses a packet by not writing it.
package scenes

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"

	"github.com/sockeye-dev/sockeye/pcaps/gen/manifest"
	"github.com/sockeye-dev/sockeye/pcaps/gen/track"
	"github.com/sockeye-dev/sockeye/pcaps/gen/wire"
	"github.com/sockeye-dev/sockeye/pcaps/gen/ws"
)

// Directions.
const (
	c2s = 0
	s2c = 1
)

const (
	ms    = int64(1e6)
	epoch = 1772442000 * 1000 * ms // 2026-03-02 09:00:00 UTC
)

// script is a scene being played.
type script struct {
	f     *wire.File
	clock int64
	conns []*conn
	ids   uint64
	cuts  uint32 // identification of the latest IPv6 datagram sent in fragments
	keys  *rand.PCG
}

// conn is one connection of a scene.
type conn struct {
	s        *script
	client   netip.AddrPort
	server   netip.AddrPort
	half     [2]half
	id       uint64
	packets  uint64
	snap     int
	protocol string
	state    string
	closedBy string
	mid      bool
	tags     []string
	rules    []string
	// carry, unless nil, makes of a segment's frame the frames that are captured:
	// copies, fragments, tunnels. They hold the segment copies times.
	carry  func(frame []byte) [][]byte
	copies uint64
	// broken: what carry makes of the next segment lacks a part of it.
	broken bool
}

type half struct {
	tmpl   *wire.Template
	isn    uint32
	stream []byte
	books  track.Dir
	next   int    // the next offset to send
	acked  uint64 // how much of the peer's stream this side acknowledges
	finned bool   // sent its FIN
	ackFin bool   // acknowledges the peer's FIN
	window uint16
	zero   bool   // IP length 0
	urgent uint16 // urgent pointer of the next segment
	cut    int    // midstream: bytes of the next message that precede the capture
}

// addr4 and addr6 are the endpoints of scenes' connections.
func addr4(port uint16) (client, server netip.AddrPort) {
	return netip.AddrPortFrom(netip.MustParseAddr("10.0.0.2"), port), netip.AddrPortFrom(netip.MustParseAddr("192.0.2.10"), 8080)
}

func addr6(port uint16) (client, server netip.AddrPort) {
	return netip.AddrPortFrom(netip.MustParseAddr("2001:db8::2"), port), netip.AddrPortFrom(netip.MustParseAddr("2001:db8::10"), 8080)
}

// open returns a connection that has not sent anything yet.
func (s *script) open(client, server netip.AddrPort, l wire.Layout, tags ...string) *conn {
	c := &conn{s: s, client: client, server: server, protocol: "websocket", state: "open", tags: tags}
	ends := [2]netip.AddrPort{client, server}
	for d := range c.half {
		h := &c.half[d]
		h.tmpl = wire.NewTemplate(l, wire.TCP, ends[d], ends[1-d])
		h.isn = 0x10000000*uint32(d+1) + uint32(len(s.conns))*77777
		h.window = 501
		h.books.Reset(track.Messages, false)
	}
	s.conns = append(s.conns, c)
	return c
}

// plain returns an IPv4 Ethernet connection.
func (s *script) plain(port uint16, tags ...string) *conn {
	client, server := addr4(port)
	return s.open(client, server, wire.Layout{}, tags...)
}

func (s *script) pause(d int64) { s.clock += d }

// packet writes one segment. offset is the stream offset its sequence number stands for.
func (c *conn) packet(dir int, flags uint8, offset int64, payload []byte) int {
	h, p := &c.half[dir], &c.half[1-dir]
	seg := wire.Seg{Seq: h.isn + 1 + uint32(offset), Flags: flags, Window: h.window, Payload: payload, LengthZero: h.zero}
	if flags&wire.ACK != 0 {
		seg.Ack = p.isn + 1 + uint32(h.acked)
		if h.ackFin {
			seg.Ack++
		}
	}
	if flags&wire.SYN != 0 {
		seg.Seq = h.isn
		seg.Options = []byte{2, 4, 5, 180, 1, 3, 3, 7}
	}
	if h.urgent > 0 {
		seg.Flags |= wire.URG
		seg.Urgent, h.urgent = h.urgent, 0
	}
	return c.write(dir, &seg)
}

// write writes seg as it is.
func (c *conn) write(dir int, seg *wire.Seg) int {
	if c.id == 0 {
		c.s.ids++
		c.id = c.s.ids
	}
	c.s.clock += ms / 5
	if c.carry != nil {
		return c.carried(dir, seg)
	}
	c.packets++
	return c.s.f.Segment(c.s.clock, c.half[dir].tmpl, seg, c.snap)
}

// carried writes the frames that carry makes of seg.
func (c *conn) carried(dir int, seg *wire.Seg) int {
	for _, f := range c.carry(c.half[dir].tmpl.Append(nil, seg)) {
		c.s.f.Raw(c.s.clock, f, 0)
	}
	if c.broken {
		c.broken = false
		return 0
	}
	c.packets += max(1, c.copies)
	return len(seg.Payload)
}

// handshake opens the connection.
func (c *conn) handshake() {
	c.packet(c2s, wire.SYN, 0, nil)
	c.packet(s2c, wire.SYN|wire.ACK, 0, nil)
	c.packet(c2s, wire.ACK, 0, nil)
}

// upgrade plays handshake and opening handshake.
func (c *conn) upgrade() {
	c.handshake()
	c.request()
	c.flush(c2s)
	c.response()
	c.flush(s2c)
}

// key is the Sec-WebSocket-Key of RFC 6455 §1.3.
const key = "dGhlIHNhbXBsZSBub25jZQ=="

func (c *conn) request() {
	c.add(c2s, ws.AppendRequest(nil, "scene.example.com", "/scene", key, ""))
}

func (c *conn) response() { c.add(s2c, ws.AppendResponse(nil, key, "")) }

// add puts bytes into the stream without a packet.
func (c *conn) add(dir int, b []byte) (from, to int) {
	h := &c.half[dir]
	from = len(h.stream)
	h.stream = append(h.stream, b...)
	if h.cut > 0 {
		h.books.Sent(b[:h.cut])
		h.books.Begin()
		b, h.cut = b[h.cut:], 0
	}
	h.books.Sent(b)
	return from, len(h.stream)
}

// message puts a message of one frame into the stream and returns its range.
func (c *conn) message(dir int, op byte, payload string) (from, to int) {
	m := c.half[dir].books.Start(op, false)
	from, to = c.frame(dir, &m, op, true, payload)
	c.half[dir].books.Complete(&m, []byte(payload))
	return from, to
}

// frame puts one frame of m into the stream.
func (c *conn) frame(dir int, m *track.Msg, op byte, fin bool, payload string) (from, to int) {
	f := ws.Frame{Fin: fin, Op: op, Masked: dir == c2s, Length: uint64(len(payload))}
	if f.Masked {
		binary.BigEndian.PutUint32(f.Key[:], uint32(c.s.keys.Uint64()))
	}
	from, to = c.add(dir, ws.AppendPayload(ws.AppendHeader(nil, &f), &f, []byte(payload), 0))
	c.half[dir].books.Frame(m, uint64(from), uint64(to))
	return from, to
}

// send captures a range of the stream as one packet.
func (c *conn) send(dir, from, to int) {
	h := &c.half[dir]
	h.next = max(h.next, to)
	if n := c.packet(dir, wire.ACK|wire.PSH, int64(from), h.stream[from:to]); n > 0 {
		h.books.Captured(uint64(from), n)
	}
}

// ack lets dir's sender acknowledge the peer's stream up to the given offset.
func (c *conn) ack(dir, upto int) {
	c.half[dir].acked = uint64(upto)
	c.bare(dir)
}

// bare sends an acknowledgement as things stand.
func (c *conn) bare(dir int) {
	at := int64(c.half[dir].next)
	if c.half[dir].finned {
		at++
	}
	c.packet(dir, wire.ACK, at, nil)
}

// flush captures what the stream holds beyond what the peer acknowledged, and its acknowledgement.
func (c *conn) flush(dir int) {
	h, p := &c.half[dir], &c.half[1-dir]
	c.send(dir, int(p.acked), len(h.stream))
	c.ack(1-dir, len(h.stream))
}

// talk sends a text message in one packet.
func (c *conn) talk(dir int, text string) {
	c.message(dir, ws.Text, text)
	c.flush(dir)
}

// chatter sends n short messages to and fro.
func (c *conn) chatter(n int) {
	for i := range n {
		c.talk(i&1, [...]string{`{"type":"question","n":`, `{"type":"answer","n":`}[i&1]+string(rune('0'+i%10))+`,"text":"all of this must be seen"}`)
	}
}

// fin sends a FIN at the stream's end and its acknowledgement.
func (c *conn) fin(dir int) {
	c.finAlone(dir)
	c.half[1-dir].ackFin = true
	c.bare(1 - dir)
}

func (c *conn) finAlone(dir int) {
	h := &c.half[dir]
	h.next = len(h.stream)
	c.packet(dir, wire.FIN|wire.ACK, int64(h.next), nil)
	h.finned = true
	if c.closedBy == "" {
		c.closedBy, c.state = [...]string{"client", "server"}[dir], "half-open"
	} else {
		c.state = "closed"
	}
}

// bye plays the closing handshake and closes the connection.
func (c *conn) bye() {
	c.message(c2s, ws.Close, "\x03\xe8bye")
	c.flush(c2s)
	c.message(s2c, ws.Close, "\x03\xe8")
	c.flush(s2c)
	c.fin(s2c)
	c.fin(c2s)
}

// books returns the connection's entry in the manifest.
func (c *conn) books() *manifest.Connection {
	return &manifest.Connection{
		ID: c.id, Client: c.client.String(), Server: c.server.String(), Protocol: c.protocol, State: c.state, ClosedBy: c.closedBy,
		Midstream: c.mid, Tags: c.tags, Rules: c.rules, Packets: c.packets,
		C2S: c.half[c2s].books.Finish(), S2C: c.half[s2c].books.Finish(),
	}
}
