package reassembly

import (
	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
)

// Folder is an Opener that does not look at connections any more once they are over.
type Folder interface {
	Opener
	// Fold tells whether the handler of a connection that just ended needs to hear no
	// more than Repeated. Then Forget follows at once, with the figures so far.
	Fold(c *Conn) bool
	// Repeated says that n bytes of a connection that was folded were captured again;
	// client: those of its client.
	Repeated(client bool, n int)
}

// Fold makes the table keep a connection that both sides closed as its husk, if f
// agrees: a quarter of the memory for the minutes in which segments of it may still
// come, and the Conn for the next connection while it is in the cache. It must be
// called before Packet. Current knows nothing of husks.
func (t *Table) Fold(f Folder) { t.folder = f }

// husk is a connection that is over, with all that tells what still comes apart:
// an acknowledgement or retransmission of it from a new connection on its addresses.
type husk struct {
	flow    packet.Flow
	client  packet.Dir
	links   links
	packet  uint64    // number of the latest
	touched int64     // table clock at it
	base    [2]uint32 // by direction: sequence number of its first byte
	nxt     [2]uint32 // and of the one behind its last
}

// fold puts a husk in the place of a connection that just ended with both FINs, whose
// hash is tag.
func (t *Table) fold(c *Conn, tag uint32) bool {
	if c.state&handshaken == 0 || !t.folder.Fold(c) {
		return false
	}
	h, slot := t.conns.husks.take()
	r := huskRef | ref(slot+1)
	h.flow, h.client, h.packet, h.touched = c.Flow, c.client, c.LastPacket, t.now
	for dir := range c.half {
		s := &c.half[dir]
		h.base[dir], h.nxt[dir] = s.base, s.base+uint32(s.nxt)
	}
	t.conns.entries[t.conns.at(c.ref(), tag)].ref = r
	c.handler.Forget()
	t.conns.unlink(&t.lists[c.where], &c.links)
	t.conns.push(&t.lists[inClosed], r, &h.links)
	t.due(t.now + int64(t.limits.IdleClosed))
	t.conns.free(c)
	t.isCurrent(r)
	return true
}

// afterFold takes a packet on the addresses of a husk, whose hash is tag; false: it begins
// a connection in its place. It is afterEnd and reused for it.
func (t *Table) afterFold(r ref, tag uint32, p *capture.Packet, d *packet.Decoded) bool {
	h := t.conns.husks.At(r.slot())
	if d.Flags&packet.SYN != 0 && (d.Flags&packet.ACK == 0 || h.base[d.Dir] != d.Seq+1 && h.base[d.Dir.Reverse()] != d.Ack) {
		t.drop(r, tag)
		return false
	}
	if n := len(d.Payload); n > 0 && d.Flags&packet.RST == 0 {
		if int64(int32(d.Seq-h.nxt[d.Dir]))+int64(n) <= 0 {
			t.stats.Retransmitted += uint64(n)
			t.folder.Repeated(d.Dir == h.client, n)
		} else {
			t.stats.Ignored++
			t.stats.IgnoredBytes += uint64(n)
		}
	}
	h.packet = p.Number
	t.touchHusk(r, h)
	t.isCurrent(r)
	return true
}

// touchHusk moves h, which r refers to, to the recent end of its list.
func (t *Table) touchHusk(r ref, h *husk) {
	h.touched = t.now
	if l := &t.lists[inClosed]; l.newest != r {
		t.conns.unlink(l, &h.links)
		t.conns.push(l, r, &h.links)
	}
}

// drop forgets a husk, whose hash is tag.
func (t *Table) drop(r ref, tag uint32) {
	h := t.conns.husks.At(r.slot())
	t.isGone(r)
	t.conns.unlink(&t.lists[inClosed], &h.links)
	t.conns.remove(r, tag)
	*h = husk{}
	t.conns.husks.give(r.slot())
}
