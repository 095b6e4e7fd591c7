package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
)

// gate stands where the program may wait for input that does not come: before
// it waits, what was printed so far goes out, and while it waits, an interrupt
// may take over.
type gate struct {
	state atomic.Int32
	flush func() // called before waiting
}

const (
	gateOpen    = iota // the reading goroutine works
	gateWaiting        // the reading goroutine waits
	gateTaken          // an interrupt took over; the reading goroutine stops for ever
)

// wait calls f, which may wait.
func (g *gate) wait(f func()) {
	g.flush()
	g.state.Store(gateWaiting)
	f()
	if !g.state.CompareAndSwap(gateWaiting, gateOpen) {
		select {} // another goroutine is ending the process
	}
}

// take is true if the reading goroutine waits: it will never run again.
func (g *gate) take() bool { return g.state.CompareAndSwap(gateWaiting, gateTaken) }

// gatedReader reads a pipe, a socket or a device.
type gatedReader struct {
	g *gate
	f *os.File
}

func (r *gatedReader) Read(p []byte) (n int, err error) {
	r.g.wait(func() { n, err = r.f.Read(p) })
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err // the file is named by who reports it
	}
	return n, err
}

// followedReader reads a file that another program still writes: at its end it
// waits for more.
type followedReader struct {
	g    *gate
	f    *os.File
	read int64
}

// followInterval is how often a followed file is looked at for more.
const followInterval = 100 * time.Millisecond

func (r *followedReader) Read(p []byte) (n int, err error) {
	if n, err = r.f.Read(p); err == io.EOF {
		r.g.wait(func() {
			for err == io.EOF && r.cut() == nil {
				time.Sleep(followInterval)
				n, err = r.f.Read(p)
			}
		})
		if err == io.EOF {
			err = r.cut()
		}
	}
	r.read += int64(n)
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return n, err
}

// cut is an error if the file is shorter than what was read of it.
func (r *followedReader) cut() error {
	info, err := r.f.Stat()
	if err == nil && info.Size() < r.read {
		return fmt.Errorf("was cut to %d bytes while it was followed", info.Size())
	}
	return err
}

// follow opens the one file of paths, which grows.
func (g *gate) follow(paths []string) (pcapfile.Source, error) {
	if mayWait(paths[0]) {
		return g.open(paths) // it is followed anyway
	}
	f, err := os.Open(paths[0])
	if err != nil {
		return g.open(paths) // for its words
	}
	return pcapfile.NewReader(paths[0], &followedReader{g: g, f: f})
}

// open opens the inputs, all or none.
func (g *gate) open(paths []string) (pcapfile.Source, error) {
	waits := make([]bool, len(paths))
	some := false
	for i, path := range paths {
		waits[i] = mayWait(path)
		some = some || waits[i]
	}
	if !some {
		return pcapfile.OpenAll(paths)
	}
	readers := make([]*pcapfile.Reader, len(paths))
	// What does not wait is opened first: a mistake in its name shows at once.
	for _, waiting := range []bool{false, true} {
		for i, path := range paths {
			if waits[i] != waiting {
				continue
			}
			var err error
			if readers[i], err = g.openOne(path, waiting); err != nil {
				return nil, err
			}
		}
	}
	return pcapfile.Merge(readers...), nil
}

func (g *gate) openOne(path string, waits bool) (*pcapfile.Reader, error) {
	if !waits {
		return pcapfile.Open(path)
	}
	if path == "-" {
		return pcapfile.NewReader(pcapfile.StdinName, &gatedReader{g, os.Stdin})
	}
	var f *os.File
	var err error
	g.wait(func() { f, err = os.Open(path) }) // a named pipe waits for its writer
	if err != nil {
		return pcapfile.Open(path) // for its words
	}
	return pcapfile.NewReader(path, &gatedReader{g, f})
}

// mayWait reports whether reading path may wait for another process.
func mayWait(path string) bool {
	info, err := os.Stat(path)
	if path == "-" {
		info, err = os.Stdin.Stat()
	}
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

// inputAdvice adds to an error of opening an input what to do about it.
func inputAdvice(err error) error {
	var in *capture.InputError
	if !errors.As(err, &in) {
		return err
	}
	info, statErr := os.Stat(in.Name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && viewNamed(in.Name) != nil:
		return fmt.Errorf("%w; a command comes first: sockeye %s FILE", err, in.Name)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; you need the right to read it", err)
	case statErr == nil && info.IsDir():
		return fmt.Errorf("%w; name capture files in it, as in %s", err, filepath.Join(in.Name, "*.pcap"))
	}
	return err
}

// damageText says where the input is damaged, and what became of the rest.
func damageText(err error, packets uint64) error {
	if errors.Is(err, io.EOF) || packets == 0 {
		return err
	}
	if packets == 1 {
		return fmt.Errorf("%w; the packet before it was read", err)
	}
	return fmt.Errorf("%w; the %d packets before it were read", err, packets)
}
