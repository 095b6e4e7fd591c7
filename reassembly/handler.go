// Package reassembly turns TCP segments into two ordered byte streams a connection.
//
//	packet.Decoded ─► Table (flow → Conn) ─► stream of the segment's direction ─► Handler.Data / Gap / End
//	                     │                        └ out-of-order segments wait here, bounded
//	                     └ idle, closed and surplus connections leave: Handler.End, Handler.Forget
//
// In-order bytes are handed on without a copy: the slice given to Data is
// borrowed from the packet. A byte that was not captured is never skipped
// silently: it is part of a Gap with its exact size. Time is capture time only.
package reassembly

import "github.com/sockeye-dev/sockeye/capture/packet"

// At says where bytes come from.
type At struct {
	Packet uint64 // number of the packet that carried the first copy
	Time   int64  // its capture time, ns
	Offset uint64 // offset in the direction's stream of the first byte; 0 is the byte after the SYN, or the first captured one
}

// Cause says why bytes are missing.
type Cause uint8

// Causes of a gap, as named in the JSON output.
const (
	Lost      Cause = iota // not captured, though the receiver acknowledged them, or nothing better can be hoped for
	Snaplen                // cut off by the snap length
	Limit                  // dropped because a bound was reached
	Midstream              // the capture began within a unit, or recognition began later: bytes seen but not attributable
)

func (c Cause) String() string {
	return [...]string{"lost", "snaplen", "limit", "midstream"}[c&3]
}

// Reason says how a connection's streams ended.
type Reason uint8

// Reasons of End.
const (
	EndOpen     Reason = iota // the capture ended, or the connection was forgotten while open
	EndFIN                    // both sides sent FIN
	EndHalfOpen               // one side sent FIN, then as EndOpen
	EndRST                    // reset
	EndReused                 // a new SYN on the same addresses and ports started another connection
	EndIdle                   // idle for longer than the limit (capture time)
	EndEvicted                // the connection table was full, this was the longest idle
)

func (r Reason) String() string {
	return [...]string{"open", "fin", "half-open", "rst", "reused", "idle", "evicted", "reason-7"}[r&7]
}

// Overlap is a retransmission that carries other bytes than the first copy,
// which is the one that was kept (RFC 9293 §3.4 calls for identical bytes).
type Overlap struct {
	Offset        uint64 // stream offset of the first differing byte
	First, Second []byte // both copies from there on, at most 32 bytes, borrowed
	FirstPacket   uint64 // 0 where it is no longer known
	Packet        uint64
	Time          int64
}

// Handler receives one connection's streams, in order. All calls come on the
// goroutine that feeds the Table. After End no Data or Gap follows; after
// Forget nothing follows.
type Handler interface {
	// Data hands on the next bytes of a direction, borrowed.
	Data(dir packet.Dir, b []byte, at At)
	// Gap stands for n > 0 bytes of a direction that are not in the capture. at is
	// that of the packet that proved or caused it; at.Offset is the hole's first byte.
	Gap(dir packet.Dir, n uint64, cause Cause, at At)
	// Fin says that a direction's stream is complete: every byte before its FIN
	// was handed on or reported as a gap.
	Fin(dir packet.Dir, at At)
	// Overlap reports conflicting bytes; o is borrowed.
	Overlap(dir packet.Dir, o *Overlap)
	// End says that nothing more comes. by is the direction of who sent the
	// first FIN or RST; it means nothing for other reasons.
	End(reason Reason, by packet.Dir, at At)
	// Forget says that the connection left the table; its counters are final.
	Forget()
}

// Opener makes the handler of each new connection, with its first packet unless
// Table.OpenLate was called. c is valid until its Handler's Forget returns.
type Opener interface {
	Open(c *Conn) Handler
}
