package main

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
)

// gcPackets is after how many packets the collector is tuned again.
const gcPackets = 1 << 16

// What the heap may grow to before it is collected, in bytes: that, and so much
// for each connection in the table.
const (
	gcHeap = 32 << 20
	gcConn = 768
)

// tuneGC lets the garbage collector run when there is something to collect. With
// the default it looks through a heap of a few megabytes many times a second,
// and through every connection whenever their number doubled, though none has
// gone: while it does, each pointer that is written costs several times as much.
// Beyond what is said above, memory matters more. GOGC, if the user set it, stays.
func tuneGC(connections int) {
	if os.Getenv("GOGC") != "" {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	heap := uint64(gcHeap + gcConn*connections)
	n := max(live[0].Value.Uint64(), 4<<20) // the runtime takes less than 4 MiB for that
	debug.SetGCPercent(int(max(100*heap/n, 200)) - 100)
}
