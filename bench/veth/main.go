//go:build ignore

// Command veth sends packets over a pair of interfaces between two network
// namespaces of its own, lets sockeye capture on the other end, and says what
// came of it. It needs root, and Linux.
//
//	sender ─► far ═ veth ═ near ─► sockeye COMMAND -i near
//
//	veth run  [flags] SOCKEYE COMMAND [FLAG...]   one run: a line of figures
//	veth drop [flags] SOCKEYE COMMAND [FLAG...]   the highest rate without a drop, found by halving
//	veth soak [flags] SOCKEYE COMMAND [FLAG...]   packets of a pcap on standard input, for minutes: a line a second
//
// A line of run and drop has tabs between its fields: command, packets sent,
// packets a second that was asked for (0: as fast as they go) and that was
// reached, packets seen, packets that the kernel dropped, CPU seconds of sockeye,
// its peak memory in bytes. The last line of drop: a # and the command, the
// highest rate without a drop, why there is no higher one. A line of soak:
// seconds, packets sent, resident set and the most of it so far in KiB; at the
// end a line as of run on standard error.
//
// Every packet must be accounted for: one that was neither seen nor counted as
// dropped makes the exit code 1.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

// options are the flags.
type options struct {
	packets int           // to send
	rate    int           // packets a second; 0: as fast as they go
	low     int           // drop: a rate that is thought to be no trouble
	high    int           // drop: one that is
	runs    int           // drop: of each rate; one without a drop is enough
	length  time.Duration // soak
	read    bool          // results go through a pipe and are read
	program string
	command []string
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "veth:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	modes := map[string]func(*options) error{"run": once, "drop": drop, "soak": soak}
	if len(args) == 0 || modes[args[0]] == nil {
		return errors.New("usage: veth run|drop|soak [flags] SOCKEYE COMMAND [FLAG...]")
	}
	var o options
	f := flag.NewFlagSet("veth "+args[0], flag.ContinueOnError)
	f.IntVar(&o.packets, "packets", 1_000_000, "packets to send")
	f.IntVar(&o.rate, "rate", 0, "packets a second (default: as fast as they go)")
	f.IntVar(&o.low, "low", 50_000, "drop: begin at this rate")
	f.IntVar(&o.high, "high", 1_500_000, "drop: try no higher rate")
	f.IntVar(&o.runs, "runs", 3, "drop: of each rate; one without a drop is enough")
	f.BoolVar(&o.read, "read", false, "read sockeye's results through a pipe, instead of sending them to /dev/null")
	f.DurationVar(&o.length, "for", 30*time.Minute, "soak: how long")
	if err := f.Parse(args[1:]); err != nil {
		return err
	}
	if f.NArg() < 2 {
		return errors.New("which command of which sockeye?")
	}
	o.program, o.command = f.Arg(0), f.Args()[1:]
	return modes[args[0]](&o)
}

// name is what was run.
func (o *options) name() string {
	name := strings.Join(o.command, " ")
	if o.read {
		name += " | reader"
	}
	return name
}

// figures are what came of a run.
type figures struct {
	sent          int
	asked         int
	reached       float64 // packets a second
	seen, dropped int
	cpu           time.Duration
	peak          int64 // bytes
}

func (f *figures) line(o *options) string {
	return fmt.Sprintf("%s\t%d\t%d\t%.0f\t%d\t%d\t%.3f\t%d", o.name(),
		f.sent, f.asked, f.reached, f.seen, f.dropped, f.cpu.Seconds(), f.peak)
}

// verdict is an error if packets are unaccounted for.
func (f *figures) verdict() error {
	if f.seen+f.dropped != f.sent {
		return fmt.Errorf("%d packets sent, %d seen and %d dropped: %d are unaccounted for", f.sent, f.seen, f.dropped, f.sent-f.seen-f.dropped)
	}
	return nil
}

// once sends chat at one rate.
func once(o *options) error {
	f, err := o.measure(o.rate)
	if err != nil {
		return err
	}
	fmt.Println(f.line(o))
	return f.verdict()
}

// measure makes a pair of namespaces for a run of chat.
func (o *options) measure(rate int) (*figures, error) {
	p, err := newPair()
	if err != nil {
		return nil, err
	}
	defer p.close()
	s, err := p.start(o)
	if err != nil {
		return nil, err
	}
	c := newChat(p.sender)
	begun := time.Now()
	err = c.send(o.packets, rate)
	took := time.Since(begun)
	f, ended := s.end()
	if err := errors.Join(err, ended); err != nil {
		return nil, err
	}
	f.sent, f.asked, f.reached = c.sent, rate, float64(c.sent)/took.Seconds()
	return f, nil
}

// drop halves the distance between a rate without drops and one with them, until
// they are a 32nd apart. A rate that the sender does not reach ends the search
// upwards too. Other work on the machine costs packets: of several runs of a rate,
// one without a drop is enough.
func drop(o *options) error {
	low, high, best := o.low, o.high, 0.0
	limit := "the highest that was tried"
	for high-low > high/32 {
		rate := (low + high) / 2
		clean, dropped := false, true
		for run := 0; run < o.runs && !clean; run++ {
			f, err := o.measure(rate)
			if err != nil {
				return err
			}
			fmt.Println(f.line(o))
			if err := f.verdict(); err != nil {
				return err
			}
			dropped = dropped && f.dropped > 0
			if clean = f.dropped == 0 && f.reached >= 0.97*float64(rate); clean {
				best = max(best, f.reached)
			}
		}
		switch {
		case clean:
			low = rate
			continue
		case dropped:
			limit = "at the next higher rate it does"
		default:
			limit = "as fast as the sender goes"
		}
		high = rate
	}
	fmt.Printf("# %s\t%.0f\t%s\n", o.name(), best, limit)
	return nil
}
