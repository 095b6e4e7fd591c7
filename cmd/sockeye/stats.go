package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

const statsLong = `Read everything, decode and check it as the other commands do, and print only
totals: packets, connections by protocol, messages by opcode and direction,
where the bytes went (link layer, TCP/IP, frame headers, payload), how well
messages were compressed, what was sent again, what was not captured, and what
broke a rule.`

const statsExample = `  sockeye stats chat.pcap
  sockeye stats monday.pcap tuesday.pcap.zst
  sockeye stats --json chat.pcap | jq 'select(.kind=="stats").findings'
  tcpdump -c 100000 -w - port 8080 | sockeye stats -`

// statsWithout are the shared flags that choose among events: stats has none.
var statsWithout = []string{"filter", "conn", "limit", "payload", "max-message", "fields"}

func newStats() *cobra.Command {
	o := newOptions()
	cmd := &cobra.Command{
		Use: "stats [FILE... | -i IF]", Short: "Totals of everything", Long: statsLong, Example: statsExample, GroupID: groupReading,
		RunE: func(cmd *cobra.Command, args []string) error { return o.stats(cmd, args) },
	}
	o.addTo(cmd, statsWithout...)
	cmd.Flags().Lookup("until").Usage = untilEvent
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		var unknown *pflag.NotExistError
		if errors.As(err, &unknown) {
			for _, f := range flagSpecs {
				name := unknown.GetSpecifiedName()
				if slices.Contains(statsWithout, f.name) && (name == f.name || name == f.short && f.short != "") {
					return misuse(cmd, fmt.Errorf("stats counts everything: it has no --%s", f.name))
				}
			}
		}
		return misuse(cmd, flagError(cmd.Flags(), err))
	})
	return cmd
}

// stats reads the input and prints its totals.
func (o *options) stats(cmd *cobra.Command, args []string) error {
	inputs, err := o.sources(args)
	if err == nil && o.output == "csv" {
		err = errors.New("totals are no table: stats takes -o text or json")
	}
	if err != nil {
		return misuse(cmd, err)
	}
	out := &statsPrinter{w: os.Stdout, json: o.isJSON(), color: when(o.color, colorWanted)}
	// No kind of event is wanted, so without --until none is made: the counters are all it costs.
	analyzer, until := o.newAnalyzer(nil, event.PayloadNone, out)
	out.analyzer = analyzer
	p := &process{
		options: o, inputs: inputs, out: out, results: "stats", totals: true, analyzer: analyzer, until: until,
		notes: func(*dissect.Totals, *options) []string { return nil },
	}
	return p.run()
}

// statsPrinter is a printer that prints at the end only.
type statsPrinter struct {
	analyzer    *dissect.Analyzer
	w           io.Writer
	json, color bool
	err         error
}

// Event implements event.Sink: what happened is in the totals.
func (*statsPrinter) Event(*event.Event) {}
func (*statsPrinter) StartAt(int64)      {}
func (p *statsPrinter) Flush() error     { return p.err }
func (p *statsPrinter) Err() error       { return p.err }

// End prints the totals. Interrupted or damaged, they are of what was read.
func (p *statsPrinter) End(end event.End) error {
	t := p.analyzer.Totals()
	if !p.json {
		_, p.err = io.WriteString(p.w, statsText(&t, end, p.color))
		return p.err
	}
	if _, p.err = p.w.Write(statsJSON(&t)); p.err == nil {
		p.err = event.NewJSON(p.w, event.PayloadNone).End(end)
	}
	return p.err
}

// share are a capture's bytes on the wire by what they were for. The shares add
// up to all of them; bytes that were not captured count where they were sent.
type share struct {
	link, headers uint64 // of TCP packets: link layer with padding; IP and TCP headers
	frames        uint64 // WebSocket frame headers
	payload       uint64 // WebSocket payload as it was sent
	streams       uint64 // other bytes of streams: handshakes, HTTP, TLS, raw
	surplus       uint64 // TCP payload that is in no stream: sent again, probes, cut by the snap length
	rest          uint64 // packets without TCP
}

func shareOf(t *dissect.Totals) share {
	s := share{link: t.LinkBytes, headers: t.HeaderBytes, frames: both(t.FrameHeaders)}
	s.payload = less(both(t.WirePayload), both(t.MissingPayload))
	streams := both(t.StreamBytes)
	s.streams = less(streams, s.frames+s.payload)
	s.surplus = less(t.PayloadBytes, streams)
	s.rest = less(t.Bytes, t.LinkBytes+t.HeaderBytes+t.PayloadBytes)
	return s
}

func both(n [2]uint64) uint64 { return n[0] + n[1] }

// less is a-b, not below zero.
func less(a, b uint64) uint64 { return a - min(a, b) }

// opcodes are those that messages have, in the order in which they are listed.
var opcodes = []struct {
	code int
	name string
}{{1, "text"}, {2, "binary"}, {8, "close"}, {9, "ping"}, {10, "pong"}}

// protocols and states are listed in this order, whether there are any or not.
var (
	protocols = []string{"websocket", "http", "tls", "raw"}
	states    = []string{"open", "half-open", "closed", "reset"}
)

// messagesOf counts the messages of a side.
func messagesOf(t *dissect.Totals, side event.Side) uint64 {
	var n uint64
	for _, of := range t.ByOpcode[side] {
		n += of
	}
	return n
}
