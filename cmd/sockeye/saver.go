package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

// flushEvery is how long a saved packet may stay in memory. A crash loses no
// more than that.
const flushEvery = 500 * time.Millisecond

// saver writes packets to a pcapng file, or to one after the other, with what
// their source says besides: interfaces, secrets, comments, losses. A nil one
// saves nothing.
//
//	packet ─► NgWriter (its buffer) ─► [gzip or zstd, a whole member a flush] ─► file
//	                 └ flush: twice a second, by a goroutine of its own
//
// After each flush the file ends with a whole block, and if it is compressed with
// a whole member. A write that fails is undone back to a whole one. Its methods
// are for the goroutine that reads the source.
type saver struct {
	path   string
	rotate rotateValue // zero: a single file
	keep   int         // files to keep when rotating; 0: all
	// failing, unless nil, is called once, when packets can be saved no more. It
	// may be called on another goroutine than packet.
	failing func()

	mu      sync.Mutex // all that follows
	source  pcapfile.Details
	known   int                   // interfaces of the source that are declared in the file
	secrets int                   // of the source, in the file
	counted []pcapfile.Statistics // of the source, when the file before this one ended
	f       *os.File
	out     *fileWriter
	ng      *pcapfile.NgWriter
	dirty   bool
	began   int64 // time of the file's first packet, nanoseconds since the epoch; 0: none yet
	last    int64 // of the latest packet
	number  int   // of files opened
	names   []string
	packets uint64
	held    int   // bytes of packets since the last flush
	err     error // the first; nothing is written after it
	stop    chan struct{}
	done    chan struct{}
}

func newSaver(path string, rotate rotateValue, keep int) *saver {
	return &saver{path: path, rotate: rotate, keep: keep}
}

func (s *saver) rotates() bool  { return s.rotate.text != "" }
func (s *saver) folder() string { return filepath.Dir(s.path) }

// open makes the first file, for packets of source, and begins to flush.
func (s *saver) open(source pcapfile.Details) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.source = source
	if err := s.begin(time.Now()); err != nil {
		s.err = err
		return err
	}
	s.stop, s.done = make(chan struct{}), make(chan struct{})
	go s.flushing()
	return nil
}

func (s *saver) flushing() {
	defer close(s.done)
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			s.mu.Lock()
			if s.err == nil && s.dirty {
				s.failed(s.flush())
			}
			s.mu.Unlock()
		}
	}
}

// begin makes a file and writes what stands at its head.
func (s *saver) begin(at time.Time) error {
	name := s.path
	s.number++
	if s.rotates() {
		name = rotatedName(s.path, s.number, at)
	}
	f, err := os.Stdout, error(nil)
	if s.path != "-" {
		if f, err = os.OpenFile(name, openFlags(name), 0o644); err != nil {
			return saveError(name, err)
		}
	}
	s.f, s.out = f, &fileWriter{f: f, member: compressorFor(s.path)}
	s.names = append(s.names, name)
	s.began, s.known, s.secrets = 0, 0, 0
	if s.ng, err = pcapfile.NewNgWriter(s.out, pcapfile.NgOptions{OS: runtime.GOOS, Application: "sockeye " + version}); err != nil {
		return saveError(name, err)
	}
	if err := s.declare(); err != nil {
		return err
	}
	if err := s.flush(); err != nil {
		return err
	}
	s.forget()
	return nil
}

// declare writes what the source says of interfaces and secrets and the file
// does not have: a pcapng file names some of them late.
func (s *saver) declare() error {
	for _, i := range s.source.Interfaces()[s.known:] {
		if _, err := s.ng.AddInterface(i); err != nil {
			return saveError(s.name(), err)
		}
		s.known++
	}
	for _, secret := range s.source.Secrets()[s.secrets:] {
		if err := s.ng.WriteSecrets(secret); err != nil {
			return saveError(s.name(), err)
		}
		s.secrets++
	}
	return nil
}

// forget removes the oldest of too many files.
func (s *saver) forget() {
	for s.keep > 0 && len(s.names) > s.keep {
		os.Remove(s.names[0]) // if somebody took it away already, so much the better
		s.names = s.names[1:]
	}
}

// packet saves a packet, in another file if it is time for one. Its error is the
// first that there was: nothing is saved after it.
func (s *saver) packet(p *capture.Packet) error {
	if s == nil {
		return nil
	}
	return s.save(p)
}

// save is packet of a saver: apart, so that asking whether there is one costs no call.
func (s *saver) save(p *capture.Packet) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if s.due(p.Time) && s.failed(s.turn(p.Time)) || s.failed(s.write(p)) {
		return s.err
	}
	if s.began == 0 {
		s.began = p.Time
	}
	s.last = max(s.last, p.Time)
	s.dirty = true
	s.packets++
	return nil
}

// due tells whether the file is full, or old enough.
func (s *saver) due(now int64) bool {
	return s.rotate.size > 0 && s.out.size >= s.rotate.size ||
		s.rotate.every > 0 && s.began > 0 && now-s.began >= int64(s.rotate.every)
}

// A limit on the size is kept to by looking at what is in the file, so not much
// is held back then. A member of a compressed file is what a full disk costs.
const (
	pieceBytes  = 16 << 10
	memberBytes = 1 << 20
)

func (s *saver) write(p *capture.Packet) error {
	if err := s.writeRecord(p); err != nil {
		return err
	}
	s.held += len(p.Data)
	if s.out.member == nil && s.rotate.size > 0 && s.held >= pieceBytes || s.out.member != nil && s.held >= memberBytes {
		return s.flush()
	}
	return nil
}

// writeRecord writes a packet, and what the source says about it. A live one says
// nothing that was not known at the beginning, and is in a hurry.
func (s *saver) writeRecord(p *capture.Packet) error {
	comment := ""
	if _, live := s.source.(*liveSource); !live {
		if err := s.declare(); err != nil {
			return err
		}
		comment = s.comment(p)
	}
	if err := s.ng.WritePacketComment(p, comment); err != nil {
		return saveError(s.name(), err)
	}
	return nil
}

// comment is what the source says about the packet that it delivered last.
func (s *saver) comment(p *capture.Packet) string {
	list := s.source.Comments()
	from := len(list)
	for from > 0 && list[from-1].Packet == p.Number {
		from--
	}
	var lines []string
	for _, c := range list[from:] {
		lines = append(lines, c.Text)
	}
	return strings.Join(lines, "\n")
}

// turn completes the file and begins the next.
func (s *saver) turn(now int64) error {
	if err := s.complete(); err != nil {
		return err
	}
	if err := s.f.Close(); err != nil {
		return saveError(s.name(), err)
	}
	return s.begin(time.Unix(0, now))
}

// complete writes what was received and lost on each interface while the file
// was written: the counts of a row of files add up.
func (s *saver) complete() error {
	now := append([]pcapfile.Statistics(nil), s.source.Stats()...)
	for i, count := range now {
		if i < len(s.counted) {
			before := &s.counted[i]
			count.Start = before.End
			count.Received = sinceThen(count.Received, before.Received)
			count.Dropped = sinceThen(count.Dropped, before.Dropped)
			count.OSDropped = sinceThen(count.OSDropped, before.OSDropped)
		}
		if err := s.ng.WriteStatistics(count, max(s.last, count.End)); err != nil {
			return saveError(s.name(), err)
		}
	}
	s.counted = now
	return s.flush()
}

// sinceThen is how far a count has come, if there is one: see pcapfile.Statistics.
func sinceThen(now, then int64) int64 {
	if now < 0 {
		return now
	}
	return now - then
}

func (s *saver) name() string { return s.names[len(s.names)-1] }

// flush brings everything into the file.
func (s *saver) flush() error {
	err := s.ng.Flush()
	if err == nil {
		err = s.out.whole()
	}
	if err != nil {
		return saveError(s.name(), err)
	}
	s.dirty, s.held = false, 0
	return nil
}

// failed takes the first error down, and cuts the file where it was whole.
func (s *saver) failed(err error) bool {
	if err == nil {
		return false
	}
	s.err = err
	if s.path != "-" {
		s.out.mend()
	}
	if s.failing != nil {
		s.failing()
	}
	return true
}

// close completes the file. It returns the first error there was, also when it
// is called again.
func (s *saver) close() error {
	if s == nil {
		return nil
	}
	if s.stop == nil {
		return s.err
	}
	close(s.stop)
	<-s.done
	s.stop = nil
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.failed(s.complete())
	}
	if s.path == "-" {
		return s.err
	}
	if err := s.f.Close(); err != nil && s.err == nil {
		s.err = saveError(s.name(), err)
	}
	return s.err
}

// discard takes away a file that nothing was saved to.
func (s *saver) discard() error {
	if s == nil || s.number == 0 || s.packets > 0 {
		return s.close()
	}
	return errors.Join(s.close(), os.Remove(s.path))
}

// summary says what was written, once it is closed.
func (s *saver) summary() string {
	switch {
	case len(s.names) == 0 || s.path == "-":
		return "written to standard output"
	case s.number == 1:
		return fmt.Sprintf("%s, %s", s.names[0], event.Size(uint64(s.out.good)))
	}
	return fmt.Sprintf("files written: %d, kept: %d, the last %s", s.number, len(s.names), s.name())
}
