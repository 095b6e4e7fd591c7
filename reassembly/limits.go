package reassembly

import "time"

// Limits bounds a Table. The zero value of each field means its default.
type Limits struct {
	// DirBytes bounds the out-of-order bytes held for one direction, bookkeeping
	// included. Default 4 MiB.
	DirBytes int64
	// Islands bounds the runs of out-of-order bytes of one direction that have holes
	// between them. Default 1024: with full segments, more than DirBytes holds.
	Islands int
	// TotalBytes bounds the out-of-order bytes of all connections. Default 256 MiB.
	TotalBytes int64
	// RetainDirBytes bounds the copy of delivered bytes of one direction that the
	// peer has not acknowledged yet; retransmissions are compared with it. Default
	// and maximum 64 KiB.
	RetainDirBytes int64
	// RetainBytes bounds these copies for all connections. Default 32 MiB.
	RetainBytes int64
	// MaxConns bounds the connections tracked at once. Default 1,000,000.
	MaxConns int
	// IdleEstablished is how long an established connection may be idle, in
	// capture time, before it is forgotten. Default 1 h.
	IdleEstablished time.Duration
	// IdleClosed is the same for connections that are half-open, closed, or never
	// completed their handshake. Default 2 min.
	IdleClosed time.Duration
	// HoleAge is how long data may wait behind a hole, in capture time, without
	// any progress, before the hole is given up. Default 60 s.
	HoleAge time.Duration
}

// Bounds that are part of the rules, not settings.
const (
	maxPlausible  = 1 << 30            // bytes: a sequence or ACK number farther away belongs to another stream
	maxSegment    = 1 << 20            // bytes: a longer declared payload is not believed (BIG TCP reaches 512 KiB)
	segmentCharge = 64                 // bytes charged for the bookkeeping of a buffered segment
	proofPackets  = 8                  // packets of the connection after which a proven hole cannot be a reordering any more
	proofAge      = 100 * int64(1e6)   // the same in ns
	startSegments = 4                  // segments held at a midstream start of unknown place
	startBytes    = 64 << 10           // the same in bytes
	startAge      = int64(time.Second) // the same in ns; also how long bytes in flight since before the capture may pass
	resetLinger   = 2 * int64(time.Second)
	maxJump       = 10 * int64(time.Minute) // of the clock, on the word of a single packet
	overlapBytes  = 32                      // bytes of each copy shown of a conflict
	resyncRun     = 3                       // consecutive segments that make a sequence jump believable
	unknownScale  = 14                      // the largest window scale (RFC 7323 §2.3), taken where the handshake was not seen
	retainMax     = 64 << 10
	poolBytes     = 16 << 20 // bytes of free buffers kept for reuse
)

func (l Limits) withDefaults() Limits {
	set := func(v *int64, def int64) {
		if *v <= 0 {
			*v = def
		}
	}
	set(&l.DirBytes, 4<<20)
	set(&l.TotalBytes, 256<<20)
	set(&l.RetainDirBytes, retainMax)
	l.RetainDirBytes = min(l.RetainDirBytes, retainMax)
	set(&l.RetainBytes, 32<<20)
	if l.Islands <= 0 {
		l.Islands = 1024
	}
	if l.MaxConns <= 0 {
		l.MaxConns = 1_000_000
	}
	set((*int64)(&l.IdleEstablished), int64(time.Hour))
	set((*int64)(&l.IdleClosed), int64(2*time.Minute))
	set((*int64)(&l.HoleAge), int64(time.Minute))
	return l
}
