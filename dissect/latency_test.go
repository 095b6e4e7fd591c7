package dissect

import (
	"testing"
	"time"
)

// TestPongLatency holds which of several equal pings a pong is taken for.
func TestPongLatency(t *testing.T) {
	const ms = int64(time.Millisecond)
	s := &wsSide{waiting: &waiting{}}
	for _, step := range []struct {
		ping bool
		at   int64
		want int64 // latency of a pong at this time, or -1
	}{
		{true, 0, 0}, {true, 1, 0}, {true, 5, 0},
		{false, 10, 10}, {true, 11, 0}, {false, 12, 11}, {false, 13, 8}, {false, 15, 4}, {false, 16, -1},
		// Only the latest of three is answered: the others do not wait for ever.
		{true, 2000, 0}, {true, 2001, 0}, {true, 2002, 0}, {false, 2010, 10},
		{true, 5000, 0}, {false, 5003, 3},
	} {
		if step.ping {
			s.sentPing([]byte("x"), step.at*ms, true)
			continue
		}
		if got := s.answered([]byte("x"), step.at*ms); got != step.want*ms && (step.want >= 0 || got != -1) {
			t.Errorf("pong at %d ms: latency %d ns, want %d ms", step.at, got, step.want)
		}
	}
	if !s.forgot {
		t.Error("covered pings were dropped, and nothing tells that a late pong may answer them")
	}
}
