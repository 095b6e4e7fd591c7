package session

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/capture/spool"
)

// file is one input. What is read is data: the file itself, its copy, or the
// ring of a live capture.
type file struct {
	name   string
	data   io.ReaderAt
	disk   *os.File    // data, unless that is a ring
	owned  bool        // disk is to be closed
	copied *inputCopy  // what makes disk; nil: disk is the input itself
	ring   *spool.Ring // data, of a live capture
	follow bool
	size   int64 // of a regular file when it was opened; 0: not known

	// Guarded by Session.mu: what readers of single records need.
	records *pcapfile.Records
	global  []uint32 // its interfaces' numbers in the session
	secrets []pcapfile.Secret

	pos atomic.Int64 // bytes of data read by the loader
}

// openInput opens one input; "-" is stdin.
func (s *Session) openInput(path string) (*file, error) {
	f := &file{name: path, follow: s.opt.Follow}
	var src io.Reader
	var in *os.File
	if path == "-" {
		f.name, src = pcapfile.StdinName, s.opt.Stdin
		in, _ = src.(*os.File)
	} else {
		var err error
		if in, err = os.Open(path); err != nil {
			return nil, inputError(path, err)
		}
		src = in
	}
	if in != nil {
		info, err := in.Stat()
		if err == nil && info.IsDir() {
			err = errors.New("is a directory")
		}
		if err != nil {
			return nil, errors.Join(inputError(f.name, err), closeUnlessStdin(path, in))
		}
		if info.Mode().IsRegular() {
			f.size = info.Size()
		}
		if plain(in, info) {
			f.data, f.disk, f.owned = in, in, path != "-"
			return f, nil
		}
	}
	f.follow = false // the copy says itself when it ends
	var err error
	if f.copied, err = newInputCopy(s.opt.SpoolDir, f.name, src, s.limits.Spool); err != nil {
		return nil, errors.Join(err, closeUnlessStdin(path, in))
	}
	if path != "-" {
		f.copied.input = in
	}
	f.disk, f.owned = f.copied.file, true
	f.data = f.disk
	return f, nil
}

// openRing makes an input of a live capture's ring.
func openRing(r *spool.Ring, name string) *file { return &file{name: name, data: r, ring: r} }

func closeUnlessStdin(path string, in *os.File) error {
	if path == "-" {
		return nil
	}
	return in.Close()
}

// plain tells whether records can be read from the file itself.
func plain(in *os.File, info fs.FileInfo) bool {
	if !info.Mode().IsRegular() {
		return false
	}
	if at, err := in.Seek(0, io.SeekCurrent); err != nil || at != 0 {
		return false
	}
	var head [6]byte
	n, _ := in.ReadAt(head[:], 0)
	return pcapfile.Compression(head[:n]) == ""
}

// inputError names the input once: the operating system's errors repeat the path.
func inputError(name string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return &capture.InputError{Name: name, Offset: -1, Err: err}
}

// mayGrow tells whether more may come behind what can be read now.
func (f *file) mayGrow() bool {
	switch {
	case f.copied != nil:
		return !f.copied.ended.Load()
	case f.ring != nil:
		ended, _ := f.ring.Ended()
		return !ended
	}
	return f.follow
}

// grown is told when there may be more to read; nil: look now and then.
func (f *file) grown() <-chan struct{} {
	switch {
	case f.copied != nil:
		return f.copied.grown
	case f.ring != nil:
		return f.ring.Grown()
	}
	return nil
}

// failure returns why the input ended early, nil if it did not, or is not known
// to have; at is the offset of the record that is not whole.
func (f *file) failure(at int64) error {
	switch {
	case f.copied != nil && f.copied.ended.Load():
		return f.copied.failure(at)
	case f.ring != nil:
		_, err := f.ring.Ended()
		return err
	}
	return nil
}

// from returns the offset before which nothing can be read any more.
func (f *file) from() int64 {
	if f.ring == nil {
		return 0
	}
	return f.ring.From()
}

// stored returns how many bytes can be read now.
func (f *file) stored() int64 {
	if f.ring != nil {
		return f.ring.Stored()
	}
	info, err := f.disk.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// progress returns bytes read of the input as it is stored, and its size, 0 if unknown.
func (f *file) progress() (read, total int64) {
	switch {
	case f.copied != nil:
		return f.copied.read.Load(), f.size
	case f.ring != nil:
		return f.pos.Load(), 0
	}
	return f.pos.Load(), max(f.size, f.pos.Load())
}

// passed notes how far the loader has read.
func (f *file) passed(offset int64) {
	f.pos.Store(offset)
	if f.ring != nil {
		f.ring.Release(offset)
	}
}

func (f *file) close() error {
	var err error
	if f.copied != nil {
		err = f.copied.close()
	}
	if f.owned {
		err = errors.Join(err, f.disk.Close())
	}
	if f.copied != nil {
		err = errors.Join(err, os.Remove(f.disk.Name()))
	}
	return err
}
