package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

// notes tells on standard error what the results do not show: totals for a
// person who reads text, and whatever was not decoded, for everybody.
func (o *options) notes(t *dissect.Totals, end event.End) {
	if !o.json && o.output != "json" {
		fmt.Fprintln(os.Stderr, event.Summary(end))
	}
	var parts []string
	for stop, n := range t.Stops {
		if n > 0 && packet.Stop(stop) != packet.StopNotIP && packet.Stop(stop) != packet.StopProtocol {
			parts = append(parts, fmt.Sprintf("%s: %d", packet.Stop(stop), n))
		}
	}
	if len(parts) > 0 {
		fmt.Fprintln(os.Stderr, "not decoded:", strings.Join(parts, ", "))
	}
	if t.Bounded > 0 {
		fmt.Fprintf(os.Stderr, "incomplete: a bound was reached %d times; the places are marked as gaps of cause limit\n", t.Bounded)
	}
}
