package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// colorWanted honours NO_COLOR (https://no-color.org) and TERM=dumb.
func colorWanted() bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(os.Stdout)
}

// progressWanted shows progress only where it does not mix with results.
func progressWanted() bool {
	return os.Getenv("TERM") != "dumb" && isTerminal(os.Stderr) && !isTerminal(os.Stdout)
}

// outputWidth is the width of a terminal in columns, or 0 where output is not cut.
func outputWidth(f *os.File) int {
	if !isTerminal(f) {
		return 0
	}
	w, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return w
}

// clearLine goes back to the beginning of the line and erases it.
const clearLine = "\r\x1b[K"

// progress draws how far the input was read, four times a second. The zero
// value draws nothing.
type progress struct{ done, finished chan struct{} }

// start draws until stop is called.
func (p *progress) start(src pcapfile.Source) {
	p.done, p.finished = make(chan struct{}), make(chan struct{})
	go p.draw(src)
}

func (p *progress) draw(src pcapfile.Source) {
	defer close(p.finished)
	start := time.Now()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	drawn := false
	for {
		select {
		case <-p.done:
			if drawn {
				fmt.Fprint(os.Stderr, clearLine)
			}
			return
		case now := <-tick.C:
			read, total := src.Progress()
			fmt.Fprint(os.Stderr, clearLine, progressLine(read, total, now.Sub(start)))
			drawn = true
		}
	}
}

// stop takes the drawing away. It may be called again.
func (p *progress) stop() {
	if p.done != nil {
		close(p.done)
		<-p.finished
		p.done = nil
	}
}

// progressLine says how many bytes of total (0: not known) were read, and how fast.
func progressLine(read, total int64, elapsed time.Duration) string {
	rate := event.Size(uint64(float64(read)/max(elapsed.Seconds(), 0.001))) + "/s"
	if total <= 0 {
		return fmt.Sprintf("read %s, %s", event.Size(uint64(read)), rate)
	}
	return fmt.Sprintf("%3d %%  %s of %s, %s", int(100*float64(read)/float64(total)), event.Size(uint64(read)), event.Size(uint64(total)), rate)
}
