package reassembly

import "github.com/sockeye-dev/sockeye/capture/packet"

// State is how far a connection is on the way to its end.
type State uint8

// States, as named in the JSON output.
const (
	Open     State = iota // no FIN or RST captured
	HalfOpen              // one side sent FIN
	Closed                // both sides sent FIN
	Reset                 // an RST within the window was captured
)

func (s State) String() string {
	return [...]string{"open", "half-open", "closed", "reset"}[s&3]
}

// Conn is one connection as the Table sees it. Exported fields are read-only
// for others. It is valid until its Handler's Forget returns.
type Conn struct {
	Flow packet.Flow // canonical addresses and ports

	// What every packet touches comes first, up to and with half: a Conn is four cache
	// lines, and begins where one does. It holds few pointers: while the garbage
	// collector is at work, each one written costs.
	state   uint8 // conn flags
	client  packet.Dir
	where   uint8   // list that holds it
	scale   [2]int8 // by direction: window scale option of its SYN, -1 without one
	slot    uint32  // index in the slabs
	links   links   // in the list
	touched int64   // table clock at the latest packet

	handler    Handler
	Packets    uint64 // both directions, retransmissions included
	Last       int64  // capture time of the latest packet, ns
	LastPacket uint64 // number of the latest packet
	half       [2]half

	Number      uint64 // from 1, in order of first packet
	Start       int64  // capture time of the first packet, ns
	FirstPacket uint64 // number of the first packet
	RTT         int64  // client's SYN to its handshake ACK, ns; 0 unknown
	mark        int64  // time of the SYN during the handshake; table clock at the RST after it
	mishap      *mishap
	Midstream   bool // no SYN was captured
}

// mishap is what the figures of a connection need that lost or repeated something, or
// was reset. Most connections have none.
type mishap struct {
	missing [2]uint64 // bytes of all gaps, by direction
	again   [2]uint64 // bytes retransmitted
	reset   uint64    // number of the RST that reset it; 0: none
}

func (c *Conn) mishaps() *mishap {
	if c.mishap == nil {
		c.mishap = new(mishap)
	}
	return c.mishap
}

// Flags of Conn.state.
const (
	clientKnown = 1 << iota
	closerKnown // a FIN or an accepted RST was seen: who closes is half.flags' closer
	wasReset    // an accepted RST, not taken back
	ended       // End was called
	handshaken  // a packet other than a bare SYN or SYN-ACK was seen
	rttDone     // the handshake's ACK has been seen
	answered    // a SYN-ACK was seen
	synTimed    // mark holds the time of the client's SYN
)

// half is the state of one direction: of the stream that this side sends.
type half struct {
	nxt      uint64 // offset of the next byte to hand on; in a tentative start, its anchor (tentativeBase)
	acked    uint64 // offset up to which the peer acknowledged; beyond nxt: those bytes exist
	trouble  *trouble
	latest   uint32 // number of its newest copy among the latest
	retained uint32 // number of its retained copy; 0: none
	base     uint32 // sequence number of offset 0 (of the anchor, in a tentative start)
	window   uint16 // last advertised by this side, not scaled
	flags    uint16
	finAt    uint64 // offset of the FIN, if finSeen: in the Conn's last line
}

// Flags of half.flags.
const (
	seen     = 1 << iota // a packet of this direction was captured
	synSeen              // its SYN was captured
	anchored             // base is known, though perhaps tentative
	started              // offsets are final
	hinted               // tentative: the anchor is the peer's ACK number, earlier bytes were before the capture
	ackKnown             // acked comes from an ACK
	finSeen
	finDone    // Fin was called
	frozen     // this side sent the RST: bytes beyond it wait for proof that it was forged
	afterReset // such bytes are there
	closer     // this side sent the first FIN or RST
)

// Slot returns a small number that no other connection in the table has. A new
// connection takes that of one which left.
func (c *Conn) Slot() uint32 { return c.slot }

func (c *Conn) ref() ref { return ref(c.slot + 1) }

// State returns how far the connection is on the way to its end.
func (c *Conn) State() State {
	a, b := c.half[0].flags&finSeen != 0, c.half[1].flags&finSeen != 0
	switch {
	case c.state&wasReset != 0:
		return Reset
	case a && b:
		return Closed
	case a || b:
		return HalfOpen
	}
	return Open
}

// ClosedBy returns the direction of who sent the first FIN or RST, and false
// while nobody did.
func (c *Conn) ClosedBy() (packet.Dir, bool) { return c.closedBy(), c.state&closerKnown != 0 }

func (c *Conn) closedBy() packet.Dir {
	if c.half[packet.HiToLo].flags&closer != 0 {
		return packet.HiToLo
	}
	return packet.LoToHi
}

// closes notes that dir sent a FIN or RST, unless another was first.
func (c *Conn) closes(dir packet.Dir) {
	if c.state&closerKnown == 0 {
		c.state |= closerKnown
		c.half[dir].flags |= closer
		c.half[dir.Reverse()].flags &^= closer
	}
}

// ResetBy returns the direction of who sent the RST that reset the connection, and
// false while nobody did. Before it, either side may have sent FIN.
func (c *Conn) ResetBy() (packet.Dir, bool) {
	if c.state&wasReset == 0 {
		return 0, false
	}
	if c.half[packet.HiToLo].flags&frozen != 0 {
		return packet.HiToLo, true
	}
	return packet.LoToHi, true
}

// ClientDir returns the direction in which the client sends: that of the SYN,
// against the SYN-ACK, as told by SetClient, or else of the first packet.
func (c *Conn) ClientDir() packet.Dir { return c.client }

// ClientKnown tells whether ClientDir is more than a guess.
func (c *Conn) ClientKnown() bool { return c.state&clientKnown != 0 }

// SetClient records who is the client, from what the bytes say. A handshake
// that was captured stands above it.
func (c *Conn) SetClient(dir packet.Dir) {
	if c.half[0].flags&synSeen == 0 && c.half[1].flags&synSeen == 0 {
		c.setClient(dir)
	}
}

func (c *Conn) setClient(dir packet.Dir) {
	c.client = dir & 1
	c.state |= clientKnown
}

// Bytes returns how many stream bytes of a direction were handed on.
func (c *Conn) Bytes(dir packet.Dir) uint64 {
	h := &c.half[dir&1]
	if h.flags&started == 0 {
		return 0
	}
	return h.nxt - c.Missing(dir)
}

// Missing returns how many bytes of a direction were reported as gaps.
func (c *Conn) Missing(dir packet.Dir) uint64 {
	if c.mishap == nil {
		return 0
	}
	return c.mishap.missing[dir&1]
}

// Retransmitted returns how many captured bytes of a direction were known already.
func (c *Conn) Retransmitted(dir packet.Dir) uint64 {
	if c.mishap == nil {
		return 0
	}
	return c.mishap.again[dir&1]
}

// ResetPacket returns the number of the RST that reset the connection, 0 if none did.
func (c *Conn) ResetPacket() uint64 {
	if c.mishap == nil {
		return 0
	}
	return c.mishap.reset
}

// AckedBytes returns the offset up to which the peer acknowledged a direction.
func (c *Conn) AckedBytes(dir packet.Dir) uint64 {
	h := &c.half[dir&1]
	if h.flags&(started|ackKnown) != started|ackKnown {
		return 0
	}
	return h.ackedData()
}

// HasSeen tells whether any packet of a direction was captured.
func (c *Conn) HasSeen(dir packet.Dir) bool { return c.half[dir&1].flags&seen != 0 }

// HasSYN tells whether the SYN (or SYN-ACK) of a direction was captured.
func (c *Conn) HasSYN(dir packet.Dir) bool { return c.half[dir&1].flags&synSeen != 0 }

// HasFIN tells whether the FIN of a direction was captured.
func (c *Conn) HasFIN(dir packet.Dir) bool { return c.half[dir&1].flags&finSeen != 0 }

// offset places a sequence number in the stream: the nearest to nxt. It is
// negative before the stream's start.
func (h *half) offset(seq uint32) int64 {
	return int64(h.nxt) + int64(int32(seq-h.base-uint32(h.nxt)))
}

// ackedData is acked without the place of the FIN.
func (h *half) ackedData() uint64 {
	if h.flags&finSeen != 0 {
		return min(h.acked, h.finAt)
	}
	return h.acked
}
