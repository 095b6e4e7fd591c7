package main

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// sameInterrupt is how soon after an interrupt another one is the same one:
// timeout(1) signals a program and then its whole group.
const sameInterrupt = 200 * time.Millisecond

// notifyInterrupts delivers SIGINT and SIGTERM until stop is called, each once.
func notifyInterrupts() (interrupts <-chan os.Signal, stop func()) {
	signals, out, done := make(chan os.Signal, 2), make(chan os.Signal), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		var last time.Time
		var waiting []os.Signal // for who takes them
		for {
			var to chan<- os.Signal
			var next os.Signal
			if len(waiting) > 0 {
				to, next = out, waiting[0]
			}
			select {
			case <-done:
				return
			case s := <-signals: // looked at when it comes, not when the one before was taken
				if time.Since(last) >= sameInterrupt {
					waiting, last = append(waiting, s), time.Now()
				}
			case to <- next:
				waiting = waiting[1:]
			}
		}
	}()
	return out, func() { signal.Stop(signals); close(done) }
}
