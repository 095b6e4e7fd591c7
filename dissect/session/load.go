package session

import (
	"maps"
	"math"
	"time"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

// Progress is how far loading is.
type Progress struct {
	// Read and Total are bytes of the inputs as they are stored; Total is 0 where
	// it is not known.
	Read, Total int64
	// Rate is bytes of input a second: over the last seconds while loading, over
	// all of it afterwards.
	Rate        float64
	Packets     uint64
	Connections uint64
	Messages    uint64 // finished ones
	Errors      uint64 // findings
	Warnings    uint64
	IndexBytes  int64 // memory of the packet indexes
	Started     time.Time
	Elapsed     time.Duration
	// Waiting: all that there is was read, and more may come.
	Waiting bool
	// Done: nothing more comes. Err says why the inputs were not read to their
	// ends, usually a *capture.InputError, nil if they were. Rows stay.
	Done bool
	Err  error
}

// Progress returns how far loading is.
func (s *Session) Progress() Progress {
	s.mu.RLock()
	p := s.progress
	s.mu.RUnlock()
	if !p.Done {
		p.Elapsed = time.Since(p.Started)
	}
	return p
}

// Totals returns what was counted so far; connections count when they have ended.
func (s *Session) Totals() dissect.Totals {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.totals
}

// loader is the goroutine that reads the files.
type loader struct {
	s         *Session
	src       *source
	a         *dissect.Analyzer
	filter    PacketFilter // nil: all packets pass
	names     namer
	dirty     []*dissect.Conn
	forgot    int64 // offset in the ring before which indexes were cleared
	fragments fragments

	published time.Time
	since     int       // packets since the clock was looked at
	mark      time.Time // for the rate
	markRead  int64
}

func (s *Session) load() {
	defer s.work.Done()
	l := &loader{s: s, src: newSource(s.files), mark: time.Now()}
	o := s.analyzerOptions()
	o.Want.Kinds[event.KindFinding] = true
	o.Forgotten = l.forgotten
	l.a = dissect.New(o, event.SinkFunc(l.finding))
	if s.opt.Packets != nil {
		l.filter = s.opt.Packets()
	}
	err := l.run()
	l.end(err)
}

func (s *Session) analyzerOptions() dissect.Options {
	return dissect.Options{DecodeAs: s.opt.DecodeAs, Limits: s.opt.Analyzer}
}

func (l *loader) run() error {
	var p capture.Packet
	for {
		in, got := l.src.next(&p)
		switch got {
		case gotEnd:
			if l.src.err == nil && l.filter != nil {
				return l.filter.Verdict()
			}
			return l.src.err
		case gotNothing:
			l.publish(true)
			if err := l.wait(); err != nil {
				return err
			}
			continue
		}
		if in.r.Declared() != in.declared {
			l.declare(in)
		}
		pass := true
		if l.filter != nil {
			var err error
			if pass, err = l.filter.Pass(&p, l.src); err != nil {
				return err
			}
		}
		if pass {
			l.a.Packet(&p)
			l.note(&p, in)
		}
		if l.since++; l.since >= publishPackets {
			l.since = 0
			if err := l.s.ctx.Err(); err != nil {
				return err
			}
			if time.Since(l.published) >= publishInterval {
				l.publish(false)
			}
		}
	}
}

// wait returns when a file may have grown.
func (l *loader) wait() error {
	timer := time.NewTimer(pollInterval)
	defer timer.Stop()
	var grown <-chan struct{}
	for _, in := range l.src.inputs {
		if c := in.f.grown(); c != nil && in.state == inputWaiting {
			grown = c
		}
	}
	select {
	case <-l.s.ctx.Done():
		return l.s.ctx.Err()
	case <-timer.C:
	case <-grown:
	}
	return nil
}

// declare takes over what a file said of its interfaces, before a packet that needs it.
func (l *loader) declare(in *input) {
	in.declared = in.r.Declared()
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	in.f.records = in.r.Records()
	in.f.global = in.global[:len(in.global):len(in.global)]
	in.f.secrets = in.r.Secrets()
}

// note attributes a packet to its connection.
func (l *loader) note(p *capture.Packet, in *input) {
	k, d := l.a.Current()
	at := place{number: p.Number, file: in.order, offset: in.at, skew: l.a.Clock() - p.Time}
	if k == nil {
		if d.Held {
			at.skew = 0
			l.fragments.hold(d, at)
		}
		return
	}
	s := l.s
	s.mu.Lock()
	defer s.mu.Unlock()
	number := k.Number()
	c := (*conn)(nil)
	if number > s.count {
		c = s.addConn(number)
		c.refresh(k, &l.names)
	} else {
		if c = s.entry(number); c.Packets == 0 { // a finding made it
			c.refresh(k, &l.names)
		}
	}
	if d.FirstPacket != 0 {
		for _, f := range l.fragments.take(d.FirstPacket) {
			s.index(c, f)
		}
	}
	s.index(c, at)
	if c.dirty == 0 {
		l.dirty = append(l.dirty, k)
		c.dirty = int32(len(l.dirty))
	}
}

// index adds a packet to a connection's index; the lock is held.
func (s *Session) index(c *conn, at place) {
	if s.indexCut != 0 {
		c.index.cut = true
		return
	}
	s.indexSize += c.index.add(at)
	if s.indexSize >= s.limits.Index && s.scannable() {
		s.indexCut = at.number
	}
}

// forgotten makes a connection's row final: dissect.Options.Forgotten.
func (l *loader) forgotten(k *dissect.Conn) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	c := l.s.addConn(k.Number())
	c.refresh(k, &l.names)
	c.Final = true
	if i, last := c.dirty-1, len(l.dirty)-1; i >= 0 { // it must not be looked at any more
		l.dirty[i] = l.dirty[last]
		l.s.entry(l.dirty[i].Number()).dirty = i + 1
		l.dirty = l.dirty[:last]
		c.dirty = 0
	}
}

// finding notes which rules a connection breaks.
func (l *loader) finding(e *event.Event) {
	f, ok := e.Detail.(*event.Finding)
	if !ok {
		return
	}
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	l.s.addConn(e.Conn).rules |= l.s.rules.bit(f.Rule)
}

// publish shows what was read since the last time.
func (l *loader) publish(waiting bool) {
	now := time.Now()
	l.published = now
	totals := l.a.Totals()
	totals.ByProtocol, totals.ByState = maps.Clone(totals.ByProtocol), maps.Clone(totals.ByState)
	totals.ByRule = maps.Clone(totals.ByRule)
	for _, in := range l.src.inputs {
		if in.r != nil {
			in.f.passed(in.r.Offset())
		}
	}
	l.forgetFallen()
	s := l.s
	s.mu.Lock()
	for _, k := range l.dirty {
		c := s.entry(k.Number())
		c.dirty = 0
		c.refresh(k, &l.names)
	}
	l.dirty = l.dirty[:0]
	changed := l.progressed(now, &totals, waiting)
	s.totals = totals
	if changed {
		s.grow()
	}
	s.mu.Unlock()
	if changed {
		s.change.notify()
	}
}

// grow wakes those who wait for more; the lock is held.
func (s *Session) grow() {
	close(s.grown)
	s.grown = make(chan struct{})
	s.growth++
}

// forgetFallen clears the indexes of what fell out of the ring of a live capture.
func (l *loader) forgetFallen() {
	from := l.s.files[0].from()
	if from == l.forgot {
		return
	}
	l.forgot = from
	for first := uint64(1); ; first += forgetConns { // others may read in between
		l.s.mu.Lock()
		last := min(first+forgetConns-1, l.s.count)
		for n := first; n <= last; n++ {
			l.s.indexSize -= l.s.entry(n).index.forget(from)
		}
		done := last == l.s.count
		l.s.mu.Unlock()
		if done {
			return
		}
	}
}

// progressed updates Progress; the lock is held.
func (l *loader) progressed(now time.Time, t *dissect.Totals, waiting bool) bool {
	s := l.s
	p := s.progress
	p.Read, p.Total = 0, 0
	known := true
	for _, f := range s.files {
		read, total := f.progress()
		p.Read, p.Total = p.Read+read, p.Total+total
		known = known && total > 0
	}
	if !known {
		p.Total = 0
	}
	if since := now.Sub(l.mark); since >= rateWindow || now.Sub(p.Started) < rateWindow && since > 0 {
		p.Rate = float64(p.Read-l.markRead) / since.Seconds()
	}
	if now.Sub(l.mark) >= rateWindow {
		l.mark, l.markRead = now, p.Read
	}
	p.Packets, p.Connections, p.Messages = t.Packets, t.Connections, t.Messages
	p.Errors, p.Warnings, p.IndexBytes, p.Waiting = t.Errors, t.Warnings, s.indexSize, waiting
	p.Elapsed = now.Sub(p.Started)
	same := p
	same.Elapsed, same.Rate = s.progress.Elapsed, s.progress.Rate
	changed := same != s.progress
	s.progress = p
	return changed
}

// end closes the list: every row becomes final.
func (l *loader) end(err error) {
	if l.s.ctx.Err() == nil {
		l.a.Close()
	}
	l.publish(false)
	s := l.s
	if ring := s.opt.Live; ring != nil {
		ring.Release(math.MaxInt64) // a capture that goes on waits for nobody
	}
	s.mu.Lock()
	p := &s.progress
	p.Done, p.Err, p.Waiting = true, err, false
	p.Elapsed = time.Since(p.Started)
	p.Rate = float64(p.Read) / max(p.Elapsed.Seconds(), 1e-9)
	s.grow()
	s.mu.Unlock()
	close(s.loaded)
	s.change.notify()
}

// fragments are the IP fragments that wait for the datagram that they are part
// of to be whole, when it is known which connection they belong to.
type fragments struct {
	held []fragment
}

type fragment struct {
	key fragmentKey
	at  place
}

type fragmentKey struct {
	lo, hi  [16]byte
	id      uint32
	version uint8
	dir     packet.Dir
}

func (f *fragments) hold(d *packet.Decoded, at place) {
	if len(f.held) >= maxFragments {
		f.held = f.held[:copy(f.held, f.held[maxFragments/2:])]
	}
	f.held = append(f.held, fragment{fragmentKey{d.Flow.Lo, d.Flow.Hi, d.IPID, d.IPVersion, d.Dir}, at})
}

// take returns the fragments of the datagram of which first is the first
// packet's number, and forgets them.
func (f *fragments) take(first uint64) []place {
	var key *fragmentKey
	for i := range f.held {
		if f.held[i].at.number == first {
			k := f.held[i].key
			key = &k
		}
	}
	if key == nil {
		return nil
	}
	var out []place
	rest := f.held[:0]
	for _, h := range f.held {
		if h.key == *key {
			out = append(out, h.at)
		} else {
			rest = append(rest, h)
		}
	}
	f.held = rest
	return out
}
