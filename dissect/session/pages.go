package session

import (
	"context"
	"errors"
	"sync"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// pages decodes events again that a View has only the Items of. Pages that
// follow one another are read by one run, which stays where the last page ended.
type pages struct {
	reading sync.Mutex // held while a page is read

	mu     sync.Mutex
	recent []page // latest last

	// Of whoever reads.
	run   *run
	seq   uint64 // of the next event of run
	first uint64 // events before are not wanted
	queue []numbered
}

type page struct {
	number int
	events []*event.Event
}

type numbered struct {
	seq uint64
	e   *event.Event
}

// ready returns an event of a page that is held.
func (p *pages) ready(i, size int) (*event.Event, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, q := range p.recent {
		if q.number == i/size && i%size < len(q.events) {
			return q.events[i%size], true
		}
	}
	return nil, false
}

// read decodes a page again.
func (p *pages) read(ctx context.Context, v *View, number int) ([]*event.Event, error) {
	p.reading.Lock()
	defer p.reading.Unlock()
	items := v.Items(nil, number*v.page, v.page)
	if len(items) == 0 {
		return nil, nil
	}
	p.mu.Lock()
	for _, q := range p.recent {
		if q.number == number && len(q.events) == len(items) {
			p.mu.Unlock()
			return q.events, nil
		}
	}
	p.mu.Unlock()
	events, err := p.decode(ctx, v, items)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	keep := p.recent[:0]
	for _, q := range p.recent {
		if q.number != number {
			keep = append(keep, q)
		}
	}
	if len(keep) == maxPages {
		keep = keep[:copy(keep, keep[1:])]
	}
	p.recent = append(keep, page{number, events})
	return events, nil
}

func (p *pages) decode(ctx context.Context, v *View, items []Item) ([]*event.Event, error) {
	first, last := items[0].seq, items[len(items)-1].seq
	for len(p.queue) > 0 && p.queue[0].seq < first {
		p.queue = p.queue[1:]
	}
	at := p.seq // the first event that can still be had
	if len(p.queue) > 0 {
		at = p.queue[0].seq
	}
	if p.run == nil || at > first {
		p.seq, p.queue = 0, nil
		p.run = v.s.run(v.number, v.since, v.want(), event.SinkFunc(func(e *event.Event) {
			if p.seq >= p.first {
				trim(e)
				p.queue = append(p.queue, numbered{p.seq, e})
			}
			p.seq++
		}))
	}
	p.first = first
	if _, err := p.run.advance(ctx, func() bool { return p.seq > last }); err != nil {
		return nil, err
	}
	var out []*event.Event
	for _, q := range p.queue {
		if len(out) < len(items) && q.seq == items[len(out)].seq {
			out = append(out, q.e)
		}
	}
	for len(p.queue) > 0 && p.queue[0].seq <= last {
		p.queue = p.queue[1:]
	}
	if len(out) < len(items) {
		p.run = nil
		return nil, errors.New("events are missing that were there before: the file was changed")
	}
	return out, nil
}

// drop forgets everything.
func (p *pages) drop() {
	p.reading.Lock()
	defer p.reading.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.recent, p.run, p.queue = nil, nil, nil
}
