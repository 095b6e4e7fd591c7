package session

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
)

// file is one input. What is read is data: the file itself, or its spool.
type file struct {
	name   string
	data   *os.File
	owned  bool // data is to be closed
	spool  *spool
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
			f.data, f.owned = in, path != "-"
			return f, nil
		}
	}
	f.follow = false // the spool says itself when it ends
	var err error
	if f.spool, err = newSpool(s.opt.SpoolDir, f.name, src, s.limits.Spool); err != nil {
		return nil, errors.Join(err, closeUnlessStdin(path, in))
	}
	if path != "-" {
		f.spool.input = in
	}
	f.data, f.owned = f.spool.file, true
	return f, nil
}

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
	if f.spool != nil {
		return !f.spool.ended.Load()
	}
	return f.follow
}

// stored returns how many bytes can be read now.
func (f *file) stored() int64 {
	info, err := f.data.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// progress returns bytes read of the input as it is stored, and its size, 0 if unknown.
func (f *file) progress() (read, total int64) {
	if f.spool != nil {
		return f.spool.read.Load(), f.size
	}
	return f.pos.Load(), max(f.size, f.pos.Load())
}

func (f *file) close() error {
	var err error
	if f.spool != nil {
		err = f.spool.close()
	}
	if f.owned {
		err = errors.Join(err, f.data.Close())
	}
	if f.spool != nil {
		err = errors.Join(err, os.Remove(f.spool.file.Name()))
	}
	return err
}
