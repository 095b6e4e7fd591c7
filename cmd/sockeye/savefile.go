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
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

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

// openFlags are those for a file to save to. A file is read too, by mend; a named
// pipe that is opened for reading would never be told that its reader went away.
func openFlags(name string) int {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return os.O_WRONLY
	}
	return os.O_RDWR | os.O_CREATE | os.O_TRUNC
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

// saveError says which file could not be written, and why.
func saveError(name string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("%s: %w", event.SafeString(name), err)
}
