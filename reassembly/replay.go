package reassembly

// Replaying one connection: its packets alone, fed to an empty Table, give the
// same streams as all packets gave, if the clock is set as it was.

// Current returns the connection of the packet that Packet took last; nil
// before the first, and where the connection was folded.
func (t *Table) Current() *Conn { return t.whole(t.current) }

// Handler returns the connection's handler, as the Opener gave it.
func (c *Conn) Handler() Handler { return c.handler }

// Clock returns the table's clock: capture time in nanoseconds.
func (t *Table) Clock() int64 { return t.now }

// Replay makes number that of the next connection.
func (t *Table) Replay(number uint64) { t.number = number - 1 }

// SetClock sets the clock before a packet to what Clock was after it when it
// came among all the others, and lets go what is due by then.
func (t *Table) SetClock(now int64) {
	t.now, t.prev, t.suspect = now, now, 0
	t.touchAgain(t.current) // it was not forgotten as idle then, whatever its own times say
	if now >= t.next {
		t.expire()
	}
}
