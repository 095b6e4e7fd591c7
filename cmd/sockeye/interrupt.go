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
		for {
			select {
			case <-done:
				return
			case s := <-signals:
				if time.Since(last) < sameInterrupt {
					continue
				}
				last = time.Now()
				select {
				case out <- s:
				case <-done:
					return
				}
			}
		}
	}()
	return out, func() { signal.Stop(signals); close(done) }
}
