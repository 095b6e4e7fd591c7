package reassembly

import (
	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
)

// knock is a connection of which nothing was seen but one bare SYN, in a table that
// opens handlers late. Most are answered at once. Of a flood of them each costs this
// and 11 to 22 bytes of the index. It becomes a Conn with the next packet, or to be ended:
// what open and segment would have made of the SYN.
type knock struct {
	flow   packet.Flow
	window uint16
	links  links
	seq    uint32
	scale  int8 // -1 without the option
	dir    packet.Dir
	number uint64 // of the connection; 0: not in use
	packet uint64
	time   int64 // capture time, ns, and the table's clock
}

// knocks tells whether the first packet of a connection is one that a knock
// describes: without data (RFC 7413), at a time that the clock believes.
func (t *Table) knocks(p *capture.Packet, d *packet.Decoded) bool {
	const bits = packet.SYN | packet.ACK | packet.FIN | packet.RST
	return d.Flags&bits == packet.SYN && d.PayloadLen == 0 && len(d.Payload) == 0 && p.Time == t.now
}

// knock opens a connection with such a packet.
func (t *Table) knock(p *capture.Packet, d *packet.Decoded, tag uint32) {
	t.makeRoom()
	k, slot := t.conns.knocks.take()
	r := knockRef | ref(slot+1)
	k.flow, k.dir, k.seq, k.window, k.scale = d.Flow, d.Dir, d.Seq, d.Window, d.WindowScale
	k.number, k.packet, k.time = t.nextNumber(), p.Number, p.Time
	t.conns.put(entry{tag, r})
	t.conns.push(&t.lists[inClosed], r, &k.links)
	t.due(t.now + int64(t.limits.IdleClosed))
	t.current, t.suspect = r, 0
}

// unfold puts a Conn in the place of a knock, whose hash is tag.
func (t *Table) unfold(r ref, tag uint32) *Conn {
	k := t.conns.knocks.At(r.slot())
	c := t.conns.newConn(&k.flow)
	t.conns.entries[t.conns.at(r, tag)].ref = c.ref()
	t.conns.replace(&t.lists[inClosed], &k.links, c.ref(), &c.links)
	if t.current == r {
		t.current = c.ref()
	}
	k.into(c)
	*k = knock{}
	t.conns.knocks.give(r.slot())
	t.handle(c)
	return c
}

// into makes of c, which has only a slot and links yet, what the SYN says.
func (k *knock) into(c *Conn) {
	c.Flow = k.flow
	c.Number, c.Packets = k.number, 1
	c.Start, c.Last, c.touched, c.mark = k.time, k.time, k.time, k.time
	c.FirstPacket, c.LastPacket = k.packet, k.packet
	c.client, c.where = k.dir, inClosed
	c.state = clientKnown | synTimed
	c.scale = [2]int8{-1, -1}
	c.scale[k.dir] = min(k.scale, unknownScale)
	h := &c.half[k.dir]
	h.begin(k.seq + 1)
	h.flags |= seen | synSeen
	h.window = k.window
}

// whole returns the Conn that r refers to, or that a knock becomes; nil for 0 and husks.
func (t *Table) whole(r ref) *Conn {
	switch {
	case r == 0, r&huskRef != 0:
		return nil
	case r&knockRef != 0:
		return t.unfold(r, t.conns.hash(&t.conns.knocks.At(r.slot()).flow))
	}
	return t.conns.conns.At(r.slot())
}

// touched returns the clock at the latest packet of what r refers to.
func (t *Table) touched(r ref) int64 {
	switch {
	case r&knockRef != 0:
		return t.conns.knocks.At(r.slot()).time
	case r&huskRef != 0:
		return t.conns.husks.At(r.slot()).touched
	}
	return t.conns.conns.At(r.slot()).touched
}

// lastPacket returns the number of that packet.
func (t *Table) lastPacket(r ref) uint64 {
	switch {
	case r&knockRef != 0:
		return t.conns.knocks.At(r.slot()).packet
	case r&huskRef != 0:
		return t.conns.husks.At(r.slot()).packet
	}
	return t.conns.conns.At(r.slot()).LastPacket
}
