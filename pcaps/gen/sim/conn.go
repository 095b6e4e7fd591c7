package sim

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/sockeye-dev/sockeye/pcaps/gen/manifest"
	"github.com/sockeye-dev/sockeye/pcaps/gen/track"
	"github.com/sockeye-dev/sockeye/pcaps/gen/wire"
)

// Directions.
const (
	C2S = 0
	S2C = 1
)

// App is what a connection is used for.
type App interface {
	// Step does the next thing and returns the pause until the next step in ns, or
	// a negative number after it ended the connection.
	Step(c *Conn) int64
}

// Spec says how a connection is set up.
type Spec struct {
	Client, Server netip.AddrPort
	Layout         wire.Layout
	MSS            int    // 0: 1448
	Snap           int    // snap length of its packets; 0: whole
	Messy          *Messy // nil: nothing goes wrong
	Midstream      bool   // the capture begins at Conn.Appear
	FastOpen       bool   // the application opens it itself, by OpenFast
	Protocol       string // as in the manifest
	Extensions     string
	Tags           []string
}

// Conn is one TCP connection.
type Conn struct {
	S *Sim
	Spec
	half     [2]half
	app      App
	id       uint64
	packets  uint64
	hidden   bool // before the capture begins
	state    string
	closedBy string
	events   int
	closed   bool
	held     []held
	tags     []string
	after    func(*Conn)
	appear   int // bytes of the next Flush after which the capture begins; 0: not in it
}

// half is one direction: what its sender sends.
type half struct {
	isn   uint32
	books track.Dir
	tmpl  *wire.Template
	got   track.Ranges // what the receiver has
	next  uint64       // the next offset to send (SND.NXT)
	buf   []byte       // written, not yet sent
	sent  []byte       // the last bytes sent, where accidents may need them again
	owed  int          // segments that this side received and has not acknowledged
	ackAt int64        // when it must; 0: no event is waiting
	ts    uint32       // timestamp clock's offset
	fin   uint8        // finSent, finGot
	quiet int          // segments to come that no accident befalls
}

const (
	finSent = 1 << iota
	finGot
)

// keepSent is how many bytes of a direction are kept for retransmission.
const keepSent = 1 << 12

// Open starts a connection after pause. after, where not nil, is called when it is over.
func (s *Sim) Open(spec Spec, app App, pause int64, after func(*Conn)) {
	var c *Conn
	if n := len(s.free); n > 0 {
		c, s.free = s.free[n-1], s.free[:n-1]
	} else {
		c = new(Conn)
	}
	if spec.MSS == 0 {
		spec.MSS = 1448
	}
	old, helds := c.half, c.held[:0]
	*c = Conn{S: s, Spec: spec, app: app, after: after, state: "open", hidden: spec.Midstream, held: helds}
	c.tags = append(c.tags, spec.Tags...)
	ends := [2]netip.AddrPort{spec.Client, spec.Server}
	for d := range c.half {
		h := &c.half[d]
		h.books, h.buf, h.sent = old[d].books, old[d].buf[:0], old[d].sent[:0]
		h.books.Reset(s.Detail, spec.Messy == nil && spec.Snap == 0 && !spec.Midstream)
		if spec.Midstream {
			h.books.Midstream()
		}
		if spec.Snap > 0 {
			h.books.Cause = "snaplen"
		}
		h.isn, h.ts = uint32(s.R.Uint64()), uint32(s.R.Uint64())
		h.tmpl = wire.NewTemplate(spec.Layout, wire.TCP, ends[d], ends[1-d])
	}
	c.schedule(evStep, 0, pause)
}

func (c *Conn) schedule(kind, arg uint8, pause int64) {
	c.events++
	c.S.queue.push(event{at: c.S.clock + pause, c: c, kind: kind, arg: arg})
}

func (c *Conn) step() {
	if !c.started() && !c.FastOpen {
		c.handshake()
	}
	if next := c.app.Step(c); next >= 0 {
		c.schedule(evStep, 0, next)
		return
	}
	c.finish()
}

// started reports whether the TCP handshake was played.
func (c *Conn) started() bool { return c.half[S2C].fin&isUp != 0 }

// isUp marks the server's half once the TCP handshake was played.
const isUp = 0x80

func (c *Conn) handshake() {
	c.put(C2S, wire.SYN, 0, nil, synOptions(c, C2S))
	c.travel()
	c.put(S2C, wire.SYN|wire.ACK, 0, nil, synOptions(c, S2C))
	c.half[S2C].fin |= isUp
	c.travel()
	c.put(C2S, wire.ACK, 0, nil, nil)
}

// travel lets the time pass that a packet takes to the other side and its answer back.
func (c *Conn) travel() {
	if !c.hidden {
		c.S.clock += c.S.R.Between(20*Microsecond, 90*Microsecond)
	}
}

// OpenFast opens the connection with data on the SYN (RFC 7413).
func (c *Conn) OpenFast(data []byte) {
	h := &c.half[C2S]
	h.books.Sent(data)
	cookie := []byte{34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1}
	c.put(C2S, wire.SYN, 0, data, append(synOptions(c, C2S), cookie...))
	h.got.Add(0, uint64(len(data)))
	h.next = uint64(len(data))
	c.travel()
	c.put(S2C, wire.SYN|wire.ACK, 0, nil, synOptions(c, S2C))
	c.half[S2C].fin |= isUp
	c.travel()
	c.put(C2S, wire.ACK, h.books.Offset(), nil, nil)
}

// announced returns the MSS option's value: segments beyond a jumbo frame's are
// offload's work, save for the loopback interface's.
func announced(mss int) int {
	if mss > 9000 && mss != LoopbackMSS {
		return 1460
	}
	return mss + 12
}

// LoopbackMSS is the payload of a full segment on Linux' loopback interface.
const LoopbackMSS = 65483

// OffloadMSS is the payload of 45 segments of 1448 bytes, as generic offload hands them on at once.
const OffloadMSS = 45 * 1448

func synOptions(c *Conn, dir int) []byte {
	o := make([]byte, 20, 40)
	o[0], o[1] = 2, 4
	binary.BigEndian.PutUint16(o[2:], uint16(announced(c.MSS)))
	o[4], o[5] = 4, 2 // SACK permitted
	o[6], o[7] = 8, 10
	c.stamp(dir, o[8:])
	o[16], o[17], o[18], o[19] = 1, 3, 3, 7 // window scale 7
	return o
}

// stamp writes the two values of the timestamps option (RFC 7323 §3.2).
func (c *Conn) stamp(dir int, b []byte) {
	ms := uint32(c.S.clock / Millisecond)
	binary.BigEndian.PutUint32(b, c.half[dir].ts+ms)
	if dir == S2C || c.started() {
		binary.BigEndian.PutUint32(b[4:], c.half[1-dir].ts+ms)
	}
}

// put writes one packet to the capture, if that has begun. at is the stream
// offset of payload. options are those of a SYN.
func (c *Conn) put(dir int, flags uint8, at uint64, payload, options []byte) {
	h, p := &c.half[dir], &c.half[1-dir]
	seg := wire.Seg{Seq: h.isn + 1 + uint32(at), Flags: flags, Window: 501 + uint16(at&7), Payload: payload, Options: options}
	var ts [12]byte
	if flags&wire.SYN != 0 {
		seg.Seq, seg.Window = h.isn, 64240
	} else if flags&wire.RST == 0 {
		ts = [12]byte{1, 1, 8, 10}
		c.stamp(dir, ts[4:])
		seg.Options = ts[:]
	}
	if flags&wire.ACK != 0 {
		seg.Ack = p.isn + 1 + uint32(p.got.Front())
		if p.fin&finGot != 0 && p.got.Front() == p.books.Offset() {
			seg.Ack++
		}
		h.owed = 0
	}
	n := c.capture(dir, &seg)
	if n > 0 && !c.hidden {
		h.books.Captured(at, n)
	}
}

// capture writes seg as it is and returns how much of its payload the capture holds.
func (c *Conn) capture(dir int, seg *wire.Seg) int {
	if c.hidden {
		return 0
	}
	if c.id == 0 {
		c.S.ids++
		c.id = c.S.ids
	}
	c.packets++
	c.S.tick(len(seg.Payload))
	return c.S.file.Segment(c.S.clock, c.half[dir].tmpl, seg, c.Snap)
}

// Appear lets the capture of a midstream connection begin. What comes first is
// spared accidents: no analyzer could tell the older bytes' place.
func (c *Conn) Appear() {
	c.hidden = false
	for d := range c.half {
		h := &c.half[d]
		h.books.Begin()
		h.sent, h.quiet = h.sent[:0], 4
	}
}

// AppearWithin lets the capture begin within the next Flush, n bytes into it.
func (c *Conn) AppearWithin(n int) { c.appear = n }

// Hidden reports whether the capture of a midstream connection has yet to begin.
func (c *Conn) Hidden() bool { return c.hidden }

// Write adds bytes to what dir's sender will send at the next Flush. b is borrowed.
func (c *Conn) Write(dir int, b []byte) { c.half[dir].buf = append(c.half[dir].buf, b...) }

// Flush sends what was written, in segments.
func (c *Conn) Flush(dir int) {
	h := &c.half[dir]
	b := h.buf
	if k := c.appear; k > 0 && k < len(b) {
		c.transmit(dir, b[:k])
		c.Appear()
		c.appear, b = 0, b[k:]
	}
	c.transmit(dir, b)
	h.buf = h.buf[:0]
}

func (c *Conn) transmit(dir int, b []byte) {
	h := &c.half[dir]
	at := h.books.Offset()
	h.books.Sent(b)
	if c.Messy != nil {
		h.sent = append(h.sent, b...)
		if len(h.sent) > 2*keepSent {
			h.sent = append(h.sent[:0], h.sent[len(h.sent)-keepSent:]...)
		}
	}
	for len(b) > 0 {
		n := min(len(b), c.MSS)
		flags := uint8(wire.ACK)
		if n == len(b) {
			flags |= wire.PSH
		}
		h.next = at + uint64(n)
		if h.quiet--; c.Messy != nil && !c.hidden && h.quiet < 0 {
			c.messySegment(dir, flags, at, b[:n])
		} else {
			c.put(dir, flags, at, b[:n], nil)
			c.arrive(dir, at, n)
		}
		b, at = b[n:], at+uint64(n)
	}
}

// arrive lets the receiver have a segment: it acknowledges every second one at
// once, others within 40 ms, and those out of order at once (RFC 5681 §4.2).
func (c *Conn) arrive(dir int, at uint64, n int) {
	h, p := &c.half[dir], &c.half[1-dir]
	before := h.got.Front()
	h.got.Add(at, at+uint64(n))
	p.owed++
	disorder := h.got.Front() != at+uint64(n) || before != at
	if p.owed >= 2 || n > 2*1460 || disorder {
		c.ack(1 - dir)
		return
	}
	if p.ackAt == 0 {
		p.ackAt = c.S.clock + 40*Millisecond
		c.schedule(evAck, uint8(1-dir), 40*Millisecond)
	}
}

// ack sends a bare acknowledgement; a side that has sent its FIN stands one behind it.
func (c *Conn) ack(dir int) {
	h := &c.half[dir]
	at := h.next
	if h.fin&finSent != 0 {
		at++
	}
	c.put(dir, wire.ACK, at, nil, nil)
}

func (c *Conn) ackDue(dir int) {
	h := &c.half[dir]
	h.ackAt = 0
	if h.owed > 0 && !c.closed {
		c.ack(dir)
	}
}

// Close plays the FIN handshake, begun by dir's sender.
func (c *Conn) Close(dir int) {
	c.Fin(dir)
	c.Fin(1 - dir)
}

// Fin closes one direction.
func (c *Conn) Fin(dir int) {
	h := &c.half[dir]
	c.put(dir, wire.FIN|wire.ACK, h.books.Offset(), nil, nil)
	h.fin |= finSent | finGot
	if c.closedBy == "" {
		c.closedBy, c.state = sideName(dir), "half-open"
	} else {
		c.state = "closed"
	}
	c.ack(1 - dir)
}

// Reset aborts the connection from dir's side.
func (c *Conn) Reset(dir int) {
	c.put(dir, wire.RST|wire.ACK, c.half[dir].books.Offset(), nil, nil)
	c.state = "reset"
	if c.closedBy == "" {
		c.closedBy = sideName(dir)
	}
}

// Tag notes an accident in the manifest.
func (c *Conn) Tag(name string) {
	if !slices.Contains(c.tags, name) {
		c.tags = append(c.tags, name)
	}
}

// Busy reports that packets of the connection are still under way.
func (c *Conn) Busy() bool { return len(c.held) > 0 }

// finish closes the books.
func (c *Conn) finish() {
	if c.closed {
		return
	}
	c.closed = true
	if c.id > 0 {
		slices.Sort(c.tags)
		c.S.out.Connection(&manifest.Connection{
			ID: c.id, Client: c.Client.String(), Server: c.Server.String(), Protocol: c.Protocol, Extensions: c.Extensions,
			State: c.state, ClosedBy: c.closedBy, Midstream: c.Midstream, Tags: c.tags, Packets: c.packets,
			C2S: c.half[C2S].books.Finish(), S2C: c.half[S2C].books.Finish(),
		})
	}
	if c.after != nil {
		c.after(c)
	}
}

func sideName(dir int) string { return [...]string{"client", "server"}[dir&1] }
