package session

import (
	"errors"
	"fmt"
	"io"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/capture/spool"
)

// recordReader reads packets by their places. It reads ahead as far as the
// places it is asked for are close together.
type recordReader struct {
	s     *Session
	files []recordFile
}

type recordFile struct {
	records *pcapfile.Records // nil until needed
	global  []uint32
	buf     []byte
	at      int64 // offset of buf[0]
	ahead   int   // how much to read at once
}

func newRecordReader(s *Session) *recordReader {
	return &recordReader{s: s, files: make([]recordFile, len(s.files))}
}

// read reads a packet; its Data is borrowed until the next read.
func (r *recordReader) read(p place) (capture.Packet, error) {
	f := &r.files[p.file]
	out, err := r.parse(f, p)
	if err != nil || int(out.Interface) >= len(f.global) {
		// Perhaps it is of an interface that was declared since.
		r.s.mu.RLock()
		src := r.s.files[p.file]
		f.records, f.global = src.records.Clone(), src.global
		r.s.mu.RUnlock()
		if out, err = r.parse(f, p); err != nil {
			return out, err
		}
	}
	out.Number = p.number
	out.Interface = f.global[out.Interface]
	return out, nil
}

func (r *recordReader) parse(f *recordFile, p place) (capture.Packet, error) {
	if f.records == nil {
		return capture.Packet{}, io.ErrNoProgress
	}
	data := r.s.files[p.file].data
	b, err := f.bytes(data, p.offset, pcapfile.HeaderLen)
	if err != nil {
		return capture.Packet{}, err
	}
	size, err := f.records.Size(b, p.offset)
	if err != nil {
		return capture.Packet{}, err
	}
	if b, err = f.bytes(data, p.offset, size); err != nil {
		return capture.Packet{}, err
	}
	return f.records.Parse(b[:size], p.offset)
}

// bytes returns at least n bytes from offset on, borrowed until the next call.
func (f *recordFile) bytes(src io.ReaderAt, offset int64, n int) ([]byte, error) {
	from := offset - f.at
	if from >= 0 && from+int64(n) <= int64(len(f.buf)) {
		return f.buf[from:], nil
	}
	// Close behind what was read last: read further ahead. Else read little.
	if from >= 0 && from <= int64(len(f.buf)+max(f.ahead, 4*readSmall)) {
		f.ahead = min(max(2*f.ahead, readSmall), readLarge)
	} else {
		f.ahead = readSmall
	}
	want := max(n, f.ahead)
	if cap(f.buf) < want {
		f.buf = make([]byte, want)
	}
	got, err := src.ReadAt(f.buf[:want], offset)
	f.buf, f.at = f.buf[:got], offset
	if got < n {
		if errors.Is(err, spool.ErrGone) {
			return nil, err
		}
		return nil, fmt.Errorf("byte %d: %d bytes of a packet that was there before are missing: %w", offset, n-got, err)
	}
	return f.buf, nil
}
