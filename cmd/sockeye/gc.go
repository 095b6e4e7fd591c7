package main

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
)

// gcPackets is after how many packets the collector is tuned again.
const gcPackets = 1 << 16

// What the heap may grow to before it is collected, in bytes, while what is alive
// is less than half of that.
const gcFloor = 32 << 20

// tuneGC lets the garbage collector run less often while little is alive: with
// the default, a heap of a few megabytes is collected many times a second, and
// while it is, every pointer that is written costs several times as much. Where
// much is alive, because there are many connections, memory matters more.
// GOGC, if the user set it, stays.
func tuneGC() {
	if os.Getenv("GOGC") != "" {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	// The runtime takes less than 4 MiB for 4 MiB.
	switch n := max(live[0].Value.Uint64(), 4<<20); {
	case n < gcFloor/3:
		debug.SetGCPercent(int(100*gcFloor/n - 100))
	case n < 48<<20:
		debug.SetGCPercent(200)
	default:
		debug.SetGCPercent(75)
	}
}
