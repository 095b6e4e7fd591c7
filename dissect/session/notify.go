package session

import (
	"sync"
	"time"
)

// notifier tells a reader of its channel that something changed, at most once
// an interval: what changes meanwhile is told together at its end.
type notifier struct {
	c        chan struct{}
	interval time.Duration

	mu      sync.Mutex
	last    time.Time
	waiting bool
}

func newNotifier(interval time.Duration) *notifier {
	return &notifier{c: make(chan struct{}, 1), interval: interval}
}

// notify says that something changed.
func (n *notifier) notify() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.waiting {
		return
	}
	if rest := n.interval - time.Since(n.last); rest > 0 {
		n.waiting = true
		time.AfterFunc(rest, n.fire)
		return
	}
	n.send()
}

func (n *notifier) fire() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.waiting = false
	n.send()
}

func (n *notifier) send() {
	n.last = time.Now()
	select {
	case n.c <- struct{}{}:
	default: // the last one was not taken yet
	}
}
