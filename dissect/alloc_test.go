package dissect_test

import (
	"io"
	"testing"
)

// What the analyzer may allocate, in objects. A packet and a message must not
// each cost one that could be reused; a connection has its own, for its state,
// its handshake and what is judged of it.
const (
	allocsPerPacket     = 0.01
	allocsPerMessage    = 0.05 // printed with payload: a printer borrows both
	allocsPerConnection = 20
	allocsPerRun        = 1000 // tables and buffers
)

// TestAllocations holds how much is allocated, as counts, which do not depend on
// the machine.
func TestAllocations(t *testing.T) {
	for _, c := range []struct {
		profile string
		size    int64
	}{{"chat", 24e6}, {"bulk", 64e6}, {"deflate", 24e6}, {"raw", 24e6}, {"manyconn", 24e6}, {"messy", 24e6}} {
		t.Run(c.profile, func(t *testing.T) {
			file, totals := generate(t, c.profile, c.size)
			packets, messages := float64(totals.Packets), float64(totals.C2S.Messages+totals.S2C.Messages)
			fixed := allocsPerRun + allocsPerConnection*float64(totals.Connections)

			var counted, printed uint64
			n := mallocs(func() { counted = runStats(t, file).Packets })
			if counted != totals.Packets {
				t.Fatalf("%d packets of %d", counted, totals.Packets)
			}
			t.Logf("totals: %.0f allocations, %.4f a packet, %.1f a connection", n, n/packets, n/float64(totals.Connections))
			if most := fixed + allocsPerPacket*packets; n > most {
				t.Errorf("totals: %.0f allocations for %.0f packets on %d connections, more than %.0f", n, packets, totals.Connections, most)
			}
			n = mallocs(func() { printed = runJSON(t, file, io.Discard).Messages })
			if n := float64(printed); n > messages || n < messages && c.profile != "messy" { // of which not all were captured
				t.Fatalf("%d messages of %.0f", printed, messages)
			}
			t.Logf("JSON: %.0f allocations, %.3f a message", n, n/messages)
			if most := fixed + allocsPerPacket*packets + allocsPerMessage*messages; n > most {
				t.Errorf("JSON: %.0f allocations for %.0f messages in %.0f packets on %d connections, more than %.0f", n, messages, packets, totals.Connections, most)
			}
		})
	}
}
