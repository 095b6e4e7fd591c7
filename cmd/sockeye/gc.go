package main

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
)

// gcPackets is after how many packets the collector is tuned again.
const gcPackets = 1 << 16

// tuneGC lets the garbage collector run less often while little is alive: with
// the default, a heap of a few megabytes is collected many times a second. Where
// much is alive, because there are many connections, memory matters more.
// GOGC, if the user set it, stays.
func tuneGC() {
	if os.Getenv("GOGC") != "" {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	switch n := live[0].Value.Uint64(); {
	case n < 12<<20:
		debug.SetGCPercent(200)
	case n < 48<<20:
		debug.SetGCPercent(150)
	default:
		debug.SetGCPercent(75)
	}
}
