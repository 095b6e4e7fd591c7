package main

import (
	"compress/gzip"
	endian "encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/live"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

// flushEvery is how long a saved packet may stay in memory. A crash loses no
// more than that.
const flushEvery = 500 * time.Millisecond

// saver writes packets to a pcapng file, or to one after the other.
//
//	packet ─► NgWriter (its buffer) ─► [gzip or zstd, a whole member a flush] ─► file
//	                 └ flush: twice a second, by a goroutine of its own
//
// After each flush the file ends with a whole block, and if it is compressed with
// a whole member. A write that fails is undone back to a whole one.
type saver struct {
	path   string
	rotate rotateValue // zero: a single file
	keep   int         // files to keep when rotating; 0: all

	mu         sync.Mutex // all that follows
	interfaces []pcapfile.Interface
	f          *os.File
	out        *fileWriter
	ng         *pcapfile.NgWriter
	dirty      bool
	began      int64 // time of the file's first packet, nanoseconds since the epoch; 0: none yet
	last       int64 // of the latest packet
	number     int   // of files opened
	names      []string
	packets    uint64
	held       int   // bytes of packets since the last look at the size
	err        error // the first; nothing is written after it
	stop       chan struct{}
	done       chan struct{}
}

// fileWriter writes to a file, perhaps through a compressor, and knows where the
// last whole piece of the file ends.
type fileWriter struct {
	f       *os.File
	member  compressor // nil: not compressed
	size    int64      // bytes in the file
	started bool       // the member has begun
	good    int64
}

// compressor makes members, or frames, each readable behind the others.
type compressor interface {
	io.WriteCloser
	Reset(io.Writer)
}

// rawWriter counts what goes into the file.
type rawWriter struct{ w *fileWriter }

func (r rawWriter) Write(b []byte) (int, error) {
	n, err := r.w.f.Write(b)
	r.w.size += int64(n)
	return n, err
}

func (w *fileWriter) Write(b []byte) (int, error) {
	if w.member == nil {
		return rawWriter{w}.Write(b)
	}
	if !w.started {
		w.member.Reset(rawWriter{w})
		w.started = true
	}
	return w.member.Write(b)
}

// whole ends what is compressed so far, and takes the file's end for whole.
func (w *fileWriter) whole() error {
	if w.started {
		w.started = false
		if err := w.member.Close(); err != nil {
			return err
		}
	}
	w.good = w.size
	return nil
}

func newSaver(path string, rotate rotateValue, keep int) *saver {
	return &saver{path: path, rotate: rotate, keep: keep}
}

func (s *saver) rotates() bool                           { return s.rotate.text != "" }
func (s *saver) folder() string                          { return filepath.Dir(s.path) }
func (s *saver) declare(interfaces []pcapfile.Interface) { s.interfaces = interfaces }

// open makes the first file and begins to flush.
func (s *saver) open() error {
	s.mu.Lock()
	defer s.mu.Unlock()
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
		if f, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644); err != nil {
			return saveError(name, err)
		}
	}
	s.f, s.out = f, &fileWriter{f: f, member: compressorFor(s.path)}
	s.names = append(s.names, name)
	s.began = 0
	if s.ng, err = pcapfile.NewNgWriter(s.out, pcapfile.NgOptions{OS: runtime.GOOS, Application: "sockeye " + version}); err != nil {
		return saveError(name, err)
	}
	for _, i := range s.interfaces {
		if _, err := s.ng.AddInterface(i); err != nil {
			return saveError(name, err)
		}
	}
	if err := s.flush(); err != nil {
		return err
	}
	s.forget()
	return nil
}

// forget removes the oldest of too many files.
func (s *saver) forget() {
	for s.keep > 0 && len(s.names) > s.keep {
		os.Remove(s.names[0]) // if somebody took it away already, so much the better
		s.names = s.names[1:]
	}
}

// compressorFor chooses by the suffix.
func compressorFor(path string) compressor {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gz":
		w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is a valid one
		return w
	case ".zst", ".zstd":
		w, _ := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
		return w
	}
	return nil
}

// rotatedName puts number and time before the suffixes: chat_00001_20261121T130000.pcapng.gz.
func rotatedName(path string, number int, at time.Time) string {
	dir, base := filepath.Split(path)
	stem, suffix, found := strings.Cut(strings.TrimLeft(base, "."), ".")
	stem = base[:len(base)-len(strings.TrimLeft(base, "."))] + stem
	if found {
		suffix = "." + suffix
	}
	return filepath.Join(dir, fmt.Sprintf("%s_%05d_%s%s", stem, number, at.UTC().Format("20060102T150405Z"), suffix))
}

// packet saves a packet, in another file if it is time for one. The first error
// ends saving and is told by close.
func (s *saver) packet(p *capture.Packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	if s.due(p.Time) && s.failed(s.turn(p.Time)) {
		return
	}
	if s.began == 0 {
		s.began = p.Time
	}
	s.last = max(s.last, p.Time)
	if s.failed(s.write(p)) {
		return
	}
	s.dirty = true
	s.packets++
}

// due tells whether the file is full, or old enough.
func (s *saver) due(now int64) bool {
	return s.rotate.size > 0 && s.out.size >= s.rotate.size ||
		s.rotate.every > 0 && s.began > 0 && now-s.began >= int64(s.rotate.every)
}

// pieceBytes is how much of a file of limited size is held back at most.
const pieceBytes = 16 << 10

func (s *saver) write(p *capture.Packet) error {
	if err := s.ng.WritePacket(p); err != nil {
		return saveError(s.name(), err)
	}
	// A limit on the size is kept to by looking at what is in the file.
	s.held += len(p.Data)
	if s.rotate.size > 0 && s.out.member == nil && s.held >= pieceBytes {
		s.held = 0
		return s.flush()
	}
	return nil
}

// turn completes the file and begins the next.
func (s *saver) turn(now int64) error {
	if err := s.flush(); err != nil {
		return err
	}
	if err := s.f.Close(); err != nil {
		return saveError(s.name(), err)
	}
	return s.begin(time.Unix(0, now))
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
	s.dirty = false
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
	return true
}

// mend cuts off what was written in part. Without compression that is a block
// (draft-ietf-opsawg-pcapng §3.1: type, total length); else all since the last flush.
func (w *fileWriter) mend() {
	var head [8]byte
	for w.member == nil && w.good < w.size {
		if _, err := w.f.ReadAt(head[:], w.good); err != nil {
			break
		}
		n := int64(endian.LittleEndian.Uint32(head[4:]))
		if n < 12 || n > w.size-w.good {
			break
		}
		w.good += n
	}
	w.f.Truncate(w.good) // where this fails too, the file ends inside a block
}

// close completes the file with the kernel's counts. It returns the first error
// there was.
func (s *saver) close(stats live.Stats) error {
	if s.stop == nil {
		return s.err
	}
	close(s.stop)
	<-s.done
	s.stop = nil
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		counts, at := statistics(stats), max(s.last, time.Now().UnixNano())
		if err := s.ng.WriteStatistics(counts, at); err != nil {
			s.failed(saveError(s.name(), err))
		} else {
			s.failed(s.flush())
		}
	}
	if s.path == "-" {
		return s.err
	}
	if err := s.f.Close(); err != nil && s.err == nil {
		s.err = saveError(s.name(), err)
	}
	return s.err
}

// saveError says which file could not be written, and why.
func saveError(name string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("%s: %w", event.SafeString(name), err)
}

// failure is the first error so far.
func (s *saver) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
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
