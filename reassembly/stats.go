package reassembly

// Stats counts what a Table saw. All counts are since New.
type Stats struct {
	Packets     uint64 // TCP packets
	Connections uint64 // opened
	Active      int    // in the table now, those that linger after their end included
	Midstream   uint64 // ended without a captured SYN
	Closed      uint64 // ended with FIN both ways
	HalfOpen    uint64 // ended with one FIN
	Reset       uint64 // ended by RST
	Reused      uint64 // ended by a new SYN on the same addresses and ports
	Idle        uint64 // ended by the idle limit
	Evicted     uint64 // ended because the table was full

	Bytes         uint64 // stream bytes delivered
	Retransmitted uint64 // captured bytes that were known already
	Overlaps      uint64 // segments that carried other bytes than the first copy
	KeepAlives    uint64 // probes of one garbage byte

	Gaps          [4]uint64 // holes reported, by Cause
	MissingBytes  [4]uint64 // their bytes, by Cause
	OutOfOrder    uint64    // segments that had to wait
	Held          int64     // out-of-order bytes held now, bookkeeping included
	HeldPeak      int64     // the most ever held
	Retained      int64     // bytes held for comparison now
	Ignored       uint64    // segments far outside the stream, behind its FIN, or after its end
	IgnoredBytes  uint64    // their payload
	IgnoredACKs   uint64    // ACK numbers that cannot be
	IgnoredResets uint64    // RSTs outside the window
	ForgedResets  uint64    // RSTs that the peer did not heed: its sender went on
	Resyncs       uint64    // jumps of the sequence number that both sides followed
}

// Stats returns the counters so far.
func (t *Table) Stats() Stats {
	s := t.stats
	s.Active = t.conns.count
	s.Held = t.waits.held
	s.Retained = t.keep.bytes + t.latest.unacknowledged()
	return s
}
