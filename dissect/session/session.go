// Package session is an opened capture for browsing: the list of connections
// after one pass, any connection's events read again on demand, payload never
// held for all.
//
//	files, live ring ───┐                     ┌► rows: the list, updated while loading
//	compressed, stdin ──┴► source ─► Analyzer ┤
//	   └ spool file        (merged by time)   └► index: 4 to 6 bytes a packet
//	                                                 │
//	files, ring ◄── records at the offsets of the index ◄──┘
//	   └► Analyzer again, this connection only ─► View: events, or Items and events on demand
//	                                         ├──► Payload, Stream
//	                                         └──► Packets, Packet, Save
//
// Everything works while the capture is still loading, or while it grows.
package session

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/capture/spool"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// Options of a session.
type Options struct {
	// Files are merged by time; "-" is standard input. Compressed and piped
	// ones are spooled.
	Files []string
	// Live, unless nil, is the ring of a capture that is going on, named Name; it
	// is read in place of Files. The capture goes on when the session is closed.
	Live *spool.Ring
	Name string
	// Follow waits for more at the end of regular files.
	Follow bool
	// Packets, unless nil, makes a filter that packets must pass, for one who reads
	// the files. Packets that do not are as if they were not there, but for the
	// numbers of the others. It is not asked again for packets that passed.
	Packets func() PacketFilter
	// DecodeAs is dissect.Options.DecodeAs, and Analyzer bounds the analyzer.
	DecodeAs map[uint16]string
	Analyzer dissect.Limits
	// Limits bounds what the session itself holds.
	Limits Limits
	// SpoolDir is where spools are made, and removed by Close. Default: the
	// folder sockeye in the user's cache folder.
	SpoolDir string
	// Notify is the least time between two signals of Changed. Default 50 ms.
	Notify time.Duration
	// Stdin is what "-" reads. Default os.Stdin.
	Stdin io.Reader
}

// PacketFilter is a capture filter in the hands of one reader.
type PacketFilter interface {
	// Pass tells whether a packet is let through; from are the interfaces that
	// packets may be of, as far as they are known. An error ends reading.
	Pass(p *capture.Packet, from Interfaces) (bool, error)
	// Verdict is asked at the end of the files; an error says that the filter
	// could mean nothing on them.
	Verdict() error
}

// Interfaces are those that the files read have named so far.
type Interfaces interface{ Interfaces() []pcapfile.Interface }

// Session is an opened capture. Its methods may be called by any goroutine.
type Session struct {
	opt    Options
	limits Limits
	files  []*file
	cancel context.CancelFunc
	ctx    context.Context
	change *notifier
	loaded chan struct{}
	work   sync.WaitGroup // loader and views
	cache  cache

	closing sync.Once
	closed  error // what Close came to

	mu        sync.RWMutex
	conns     [][]conn // chunks of chunkConns, number n at n-1
	count     uint64
	progress  Progress
	totals    dissect.Totals
	rules     ruleBook
	indexSize int64
	indexCut  uint64        // number of the last packet that was indexed, when the index is full; 0: it is not
	grown     chan struct{} // closed and replaced when there is more to see
	growth    uint64        // how often it was
}

// conn is a connection's entry.
type conn struct {
	Row
	index packetIndex
	dirty int32 // its place in loader.dirty plus 1: the row is to be refreshed; 0: it is not
}

const chunkConns = 1024

// Open opens the files and starts to load them; it returns at once. Errors of
// opening are *capture.InputError; what is found later is in Progress. When ctx
// ends, loading does.
func Open(ctx context.Context, o Options) (*Session, error) {
	if len(o.Files) == 0 && o.Live == nil {
		return nil, inputError("capture", errors.New("no file given"))
	}
	if o.Stdin == nil {
		o.Stdin = os.Stdin
	}
	if o.Notify <= 0 {
		o.Notify = notifyInterval
	}
	s := &Session{
		opt: o, limits: o.Limits.withDefaults(), change: newNotifier(o.Notify),
		loaded: make(chan struct{}), grown: make(chan struct{}),
	}
	s.cache.init(s.limits.Cache)
	s.ctx, s.cancel = context.WithCancel(ctx)
	if o.Live != nil {
		s.files, o.Files = append(s.files, openRing(o.Live, o.Name)), nil
	}
	for _, path := range o.Files {
		f, err := s.openInput(path)
		if err != nil {
			s.cancel()
			return nil, errors.Join(err, s.closeFiles())
		}
		s.files = append(s.files, f)
	}
	if err := s.checkHeaders(); err != nil {
		s.cancel()
		return nil, errors.Join(err, s.closeFiles())
	}
	s.progress.Started = time.Now()
	s.work.Add(1)
	go s.load()
	return s, nil
}

// checkHeaders says at once when a file is no capture.
func (s *Session) checkHeaders() error {
	for _, f := range s.files {
		if f.mayGrow() || f.disk == nil || f.copied != nil {
			continue
		}
		if _, err := pcapfile.NewReaderAt(f.name, f.data, mergedFiles); err != nil {
			return err
		}
	}
	return nil
}

// mergedFiles makes the buffers of checkHeaders small.
const mergedFiles = 1 << 10

// Close stops loading, ends views that are not complete, and removes spools.
// Closing again does nothing.
func (s *Session) Close() error {
	s.closing.Do(func() {
		s.cancel()
		for _, f := range s.files {
			if f.copied != nil {
				f.copied.interrupt()
			}
		}
		s.work.Wait()
		s.closed = s.closeFiles()
	})
	return s.closed
}

func (s *Session) closeFiles() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.close())
	}
	return errors.Join(errs...)
}

// Changed signals that there is something new to show: rows, progress, or more
// of a view. Signals are coalesced; at most one comes in Options.Notify. One
// goroutine should receive.
func (s *Session) Changed() <-chan struct{} { return s.change.c }

// Loaded is closed when loading has ended.
func (s *Session) Loaded() <-chan struct{} { return s.loaded }

// Count returns how many connections there are so far.
func (s *Session) Count() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return int(s.count)
}

// Rows appends rows from (0 is the first) on to dst, at most n, and returns it.
func (s *Session) Rows(dst []Row, from, n int) []Row {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := max(from, 0); i < min(max(from, 0)+n, int(s.count)); i++ {
		dst = append(dst, s.entry(uint64(i+1)).Row)
	}
	return dst
}

// Row returns the row of a connection by its number; false if there is none.
func (s *Session) Row(number uint64) (Row, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if number == 0 || number > s.count {
		return Row{}, false
	}
	return s.entry(number).Row, true
}

// Each calls f with every row in order of number until it returns false. The
// row is borrowed. f runs under the session's lock: it must be quick and must not
// call methods of s.
func (s *Session) Each(f func(*Row) bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for n := uint64(1); n <= s.count; n++ {
		if !f(&s.entry(n).Row) {
			return
		}
	}
}

// entry returns a connection's entry; the lock is held.
func (s *Session) entry(number uint64) *conn {
	i := number - 1
	return &s.conns[i/chunkConns][i%chunkConns]
}

// addConn makes the entry of a new connection; the lock is held.
func (s *Session) addConn(number uint64) *conn {
	for s.count < number {
		if s.count%chunkConns == 0 {
			s.conns = append(s.conns, make([]conn, chunkConns))
		}
		s.count++
		c := s.entry(s.count)
		c.Number, c.Names, c.State = s.count, &noNames, reassembly.Open
	}
	return s.entry(number)
}

var noNames Names // of a connection that nothing is known of

// Input is what one input file says of itself.
type Input struct {
	Name       string
	Format     string // "pcap", "pcapng", …; empty until it was read
	Spooled    bool
	Interfaces []pcapfile.Interface // shared: not to be changed
}

// Inputs describes the input files.
func (s *Session) Inputs() []Input {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []Input
	for _, f := range s.files {
		in := Input{Name: f.name, Spooled: f.copied != nil}
		if f.records != nil {
			in.Format, in.Interfaces = f.records.Format(), f.records.Interfaces()
		}
		out = append(out, in)
	}
	return out
}

var _ error = (*capture.InputError)(nil) // what Open and Progress.Err give
