package sim

import (
	"slices"

	"github.com/sockeye-dev/sockeye/pcaps/gen/wire"
)

// Messy says what goes wrong on a connection, each in segments per thousand.
type Messy struct {
	NetLoss     int  // lost on the way and sent again; half of them after the capture point
	Spurious    int  // sent again without need, as they were
	Resegment   int  // sent again with other borders
	Reorder     int  // overtaken by the next ones
	Duplicate   int  // captured twice
	CaptureLoss int  // not captured, though they arrived
	Conflict    int  // sent again with other bytes
	Duties      bool // the application adds keep-alives and stray resets
}

// held is a packet under way.
type held struct {
	at      int64 // when it arrives
	dir     int
	offset  uint64
	payload []byte // owned
	flags   uint8
	changed int // bytes at the end that differ from what was sent
}

// messySegment sends one segment and decides its fate.
func (c *Conn) messySegment(dir int, flags uint8, at uint64, b []byte) {
	r := c.S.R.N(1000)
	m := c.Messy
	hit := func(n int) bool { r -= n; return r < 0 }
	switch {
	case hit(m.NetLoss / 2):
		c.Tag("network-loss")
		c.hold(dir, flags, at, b, c.retransmitAfter())
	case hit(m.NetLoss - m.NetLoss/2):
		c.Tag("retransmission")
		c.put(dir, flags, at, b, nil)
		c.hold(dir, flags, at, b, c.retransmitAfter())
	case hit(m.Spurious):
		c.Tag("retransmission")
		c.deliver(dir, flags, at, b)
		c.again(dir, at, at+uint64(len(b)), 0)
	case hit(m.Resegment):
		c.Tag("resegmented")
		c.deliver(dir, flags, at, b)
		from := at - min(at, uint64(c.S.R.N(900)))
		c.again(dir, from, at+uint64(1+c.S.R.N(len(b))), 0)
	case hit(m.Reorder):
		c.Tag("reordering")
		c.hold(dir, flags, at, b, c.S.R.Between(2*Microsecond, 12*Microsecond))
	case hit(m.Duplicate):
		c.Tag("duplicate")
		c.put(dir, flags, at, b, nil)
		c.deliver(dir, flags, at, b)
	case hit(m.CaptureLoss):
		c.Tag("capture-loss")
		c.arrive(dir, at, len(b))
	case hit(m.Conflict):
		c.deliver(dir, flags, at, b)
		c.again(dir, at, at+uint64(len(b)), 1+c.S.R.N(min(len(b), 24)))
	default:
		c.deliver(dir, flags, at, b)
	}
	c.release()
}

func (c *Conn) deliver(dir int, flags uint8, at uint64, b []byte) {
	c.put(dir, flags, at, b, nil)
	c.arrive(dir, at, len(b))
}

// retransmitAfter draws between a fast retransmission and a timeout.
func (c *Conn) retransmitAfter() int64 {
	if c.S.R.Chance(700) {
		return c.S.R.Between(20*Microsecond, 3*Millisecond)
	}
	return c.S.R.Between(200*Millisecond, 260*Millisecond)
}

func (c *Conn) hold(dir int, flags uint8, at uint64, b []byte, pause int64) {
	c.held = append(c.held, held{at: c.S.clock + pause, dir: dir, offset: at, payload: slices.Clone(b), flags: flags})
	c.schedule(evHeld, 0, pause)
}

// again sends [from, to) once more in a while, the last changed bytes with other
// values. Bytes that the capture lost are left alone: the receiver has
// acknowledged them, so that an analyzer may rightly have given them up.
func (c *Conn) again(dir int, from, to uint64, changed int) {
	h := &c.half[dir]
	end := h.books.Offset()
	first := end - uint64(len(h.sent))
	if from < first || !h.books.Holds(from, to) {
		return
	}
	b := h.sent[from-first : to-first]
	for len(b) > 0 {
		n := min(len(b), c.MSS)
		c.hold(dir, wire.ACK|wire.PSH, from, b[:n], c.S.R.Between(20*Microsecond, 4*Millisecond))
		if n == len(b) && changed > 0 {
			p := c.held[len(c.held)-1].payload
			changed = min(changed, n)
			for i := n - changed; i < n; i++ {
				p[i] ^= 0x15
			}
			c.held[len(c.held)-1].changed = changed
		}
		b, from = b[n:], from+uint64(n)
	}
}

// release plays the packets that arrive by now.
func (c *Conn) release() {
	for i := 0; i < len(c.held); {
		p := c.held[i]
		if p.at > c.S.clock {
			i++
			continue
		}
		c.held = slices.Delete(c.held, i, i+1)
		if p.changed > 0 {
			c.Tag("overlap-conflict")
			c.half[p.dir].books.Conflict(p.offset+uint64(len(p.payload)-p.changed), p.changed)
		}
		c.deliver(p.dir, p.flags, p.offset, p.payload)
	}
}

// KeepAlive sends a probe with a garbage byte at the last offset sent
// (RFC 9293 §3.8.4), where the capture holds that byte: elsewhere nobody could
// tell the garbage from data.
func (c *Conn) KeepAlive(dir int) {
	h := &c.half[dir]
	end := h.books.Offset()
	if len(h.sent) == 0 || c.Busy() || c.hidden || !h.books.Holds(end-1, end) {
		return
	}
	c.Tag("keep-alive")
	c.put(dir, wire.ACK, end-1, []byte{0}, nil)
	c.ack(1 - dir)
}

// StrayReset captures a RST far outside of the window, which its receiver ignores.
func (c *Conn) StrayReset(dir int) {
	c.Tag("rst-out-of-window")
	h := &c.half[dir]
	c.capture(dir, &wire.Seg{Seq: h.isn + 1 + uint32(h.books.Offset()) + 1<<30, Flags: wire.RST})
}

// FinFirst sends what was written, and closes the direction, the FIN arriving before the data.
func (c *Conn) FinFirst(dir int) {
	c.Tag("fin-before-data")
	h := &c.half[dir]
	at := h.books.Offset()
	h.books.Sent(h.buf)
	pause := int64(0)
	for b := h.buf; len(b) > 0; {
		n := min(len(b), c.MSS)
		pause += 300 * Microsecond
		c.hold(dir, wire.ACK|wire.PSH, at, b[:n], pause)
		b, at = b[n:], at+uint64(n)
	}
	h.buf, h.next = h.buf[:0], at
	c.Fin(dir)
}
