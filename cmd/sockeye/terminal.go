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
func progressWanted() bool { return isTerminal(os.Stderr) && !isTerminal(os.Stdout) }

// outputWidth is the terminal's width in columns, or 0 where output is not cut.
func outputWidth() int {
	if !isTerminal(os.Stdout) {
		return 0
	}
	w, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return 0
	}
	return w
}

// showProgress draws how far src was read, four times a second, until the
// returned function is called.
func showProgress(src pcapfile.Source) (stop func()) {
	done, finished := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(finished)
		start := time.Now()
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		drawn := false
		for {
			select {
			case <-done:
				if drawn {
					fmt.Fprint(os.Stderr, "\r\x1b[K")
				}
				return
			case now := <-tick.C:
				read, total := src.Progress()
				fmt.Fprint(os.Stderr, "\r\x1b[K", progressLine(read, total, now.Sub(start)))
				drawn = true
			}
		}
	}()
	return func() { close(done); <-finished }
}

func progressLine(read, total int64, elapsed time.Duration) string {
	rate := int64(float64(read) / max(elapsed.Seconds(), 0.001))
	line := fmt.Sprintf("read %s, %s/s", event.Size(uint64(read)), event.Size(uint64(rate)))
	if total > 0 {
		line = fmt.Sprintf("%3d %%  %s of %s, %s/s", read*100/total, event.Size(uint64(read)), event.Size(uint64(total)), event.Size(uint64(rate)))
	}
	return line
}
