package session

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/capture/spool"
)

// ErrSpoolFull is why the rest of a compressed or piped input is not shown.
var ErrSpoolFull = errors.New("the spool has reached its limit")

// inputCopy copies an input that cannot be read at any offset, decompressed but
// otherwise as it is, into a temporary file that can.
type inputCopy struct {
	file  *os.File
	name  string
	input io.Closer // nil: not ours
	limit int64

	read     atomic.Int64 // bytes of the input as it is stored
	ended    atomic.Bool  // the file is complete; err is set
	err      error        // what the input ended with
	grown    chan struct{}
	stop     chan struct{}
	stopping sync.Once
	done     chan struct{}
}

// newInputCopy starts copying src to a new file in dir, or in spool.DefaultDir.
func newInputCopy(dir, name string, src io.Reader, limit int64) (*inputCopy, error) {
	f, err := spool.CreateTemp(dir)
	if err != nil {
		return nil, fmt.Errorf("no place to spool %s to: %w", name, err)
	}
	s := &inputCopy{
		file: f, name: name, limit: limit,
		grown: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go s.run(src)
	return s, nil
}

func (s *inputCopy) run(src io.Reader) {
	defer close(s.done)
	s.err = s.copy(src)
	s.ended.Store(true)
	s.tell()
}

func (s *inputCopy) copy(src io.Reader) error {
	in, err := pcapfile.Decompress(s.name, &countedReader{src, &s.read})
	if err != nil {
		return err
	}
	defer in.Close()
	block := make([]byte, spoolBlock)
	for at := int64(0); ; {
		n, err := in.Read(block)
		room := min(int64(n), s.limit-at)
		if _, err := s.file.WriteAt(block[:room], at); err != nil {
			return fmt.Errorf("spooling: %w", err)
		}
		at += room
		s.tell()
		switch {
		case room < int64(n):
			return fmt.Errorf("%w of %d bytes", ErrSpoolFull, s.limit)
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		select {
		case <-s.stop:
			return errors.New("closed")
		default:
		}
	}
}

// tell wakes who waits for more.
func (s *inputCopy) tell() {
	select {
	case s.grown <- struct{}{}:
	default:
	}
}

// failure returns why the input ended early, nil if it did not; at is the offset
// of the record that is not whole.
func (s *inputCopy) failure(at int64) error {
	var damage *capture.InputError
	if s.err == nil || errors.As(s.err, &damage) {
		return s.err
	}
	return &capture.InputError{Name: s.name, Offset: at, Truncated: errors.Is(s.err, io.ErrUnexpectedEOF), Err: s.err}
}

// interrupt stops the copying at the next block.
func (s *inputCopy) interrupt() { s.stopping.Do(func() { close(s.stop) }) }

// close stops the copying, and closes the input where it is ours. A read of
// standard input that waits for ever is left alone.
func (s *inputCopy) close() error {
	s.interrupt()
	if s.input == nil {
		return nil
	}
	err := s.input.Close() // a read that waits comes back with this
	<-s.done
	return err
}

type countedReader struct {
	src io.Reader
	n   *atomic.Int64
}

func (c *countedReader) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	c.n.Add(int64(n))
	return n, err
}
