package session

import (
	"context"
	"errors"

	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

// ErrNoConnection is what is returned for a connection number that is not in the list.
var ErrNoConnection = errors.New("no such connection")

// run is an analyzer that reads one connection's packets again.
type run struct {
	s      *Session
	number uint64
	a      *dissect.Analyzer
	walk   *walk
	fed    uint64
	closed bool
}

func (s *Session) run(number uint64, since Since, want event.Want, sink event.Sink) *run {
	return s.runWith(number, since, want, s.opt.Analyzer, sink)
}

func (s *Session) runWith(number uint64, since Since, want event.Want, l dissect.Limits, sink event.Sink) *run {
	o := s.analyzerOptions()
	o.Want, o.Conn, o.Limits = want, number, l
	r := &run{s: s, number: number, a: dissect.New(o, sink), walk: s.walk(number, since)}
	r.a.ReplayConn(number)
	return r
}

// advance feeds the packets known now until stop is true, which may be nil, or
// there are no more. It returns whether the connection is over: then the
// analyzer was closed, and nothing more comes.
func (r *run) advance(ctx context.Context, stop func() bool) (over bool, err error) {
	if r.closed {
		return true, nil
	}
	// In this order: what comes between is seen the next time.
	final, _, _ := r.walk.knows()
	for stop == nil || !stop() {
		p, clock, ok, err := r.walk.next(ctx)
		if err != nil {
			return false, err
		}
		if !ok {
			if final {
				r.a.Close()
				r.closed = true
			}
			return final, nil
		}
		r.a.Replay(&p, clock)
		if r.fed == 0 && r.walk.from != 0 {
			r.introduce()
		}
		if r.fed++; r.fed%256 == 0 {
			if err := ctx.Err(); err != nil {
				return false, err
			}
		}
	}
	return false, nil
}

// introduce says who is the client of a connection whose beginning is gone, as
// the list knows it from then.
func (r *run) introduce() {
	if k, _ := r.a.Current(); k != nil {
		row, _ := r.s.Row(r.number)
		k.TCP().SetClient(row.client)
	}
}

// wants returns a Want of these kinds.
func wants(p event.Payload, kinds ...event.Kind) event.Want {
	w := event.Want{Payload: p}
	for _, k := range kinds {
		w.Kinds[k] = true
	}
	return w
}
