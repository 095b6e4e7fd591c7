package dissect

import "github.com/sockeye-dev/sockeye/reassembly"

// ReassemblyStats are the counters of the floor below, for tests of bounds.
func ReassemblyStats(a *Analyzer) reassembly.Stats { return a.table.Stats() }
