// Package wire writes captured packets by hand: pcap records, link headers, IP
// and TCP or UDP with right checksums, fast enough for captures of many gigabytes.
//
//	Seg ─► Template.Append (headers patched in a copy) ─► File (pcap record) ─► io.Writer
//
// A Template holds everything that stays the same in a direction of a
// connection; a Seg holds what a single segment adds. Nothing is kept of either
// after a call returns.
package wire

import (
	"encoding/binary"
	"io"
)

// File writes a pcap file (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html)
// in little-endian order with microsecond timestamps.
type File struct {
	w       io.Writer
	buf     []byte
	size    int64
	packets uint64
	err     error
}

// flushAt is how many bytes are gathered before they are written.
const flushAt = 1 << 20

// maxRecord bounds what one packet adds to the buffer: 64 KiB and the headers.
const maxRecord = 1<<16 + 512

// NewFile writes the file header for the link type and returns the file.
func NewFile(w io.Writer, link Link) *File {
	f := &File{w: w, buf: make([]byte, 0, flushAt+maxRecord)}
	le := binary.LittleEndian
	f.buf = le.AppendUint32(f.buf, 0xa1b2c3d4)
	f.buf = le.AppendUint16(f.buf, 2)
	f.buf = le.AppendUint16(f.buf, 4)
	f.buf = append(f.buf, make([]byte, 8)...) // reserved: zone and accuracy
	f.buf = le.AppendUint32(f.buf, 262144)    // snap length, tcpdump's default
	f.buf = le.AppendUint32(f.buf, uint32(link.Type()))
	f.size = int64(len(f.buf))
	return f
}

// Segment writes one packet. at is ns since the epoch. Of the frame only the
// first snap bytes are written where snap > 0. It returns how many payload
// bytes of the segment are in the capture.
func (f *File) Segment(at int64, t *Template, s *Seg, snap int) int {
	start := f.begin()
	f.buf = t.Append(f.buf, s)
	orig := len(f.buf) - start
	hidden := f.end(at, start, snap)
	return max(0, len(s.Payload)-min(hidden, orig))
}

// Raw writes one packet whose frame the caller made.
func (f *File) Raw(at int64, frame []byte, snap int) {
	start := f.begin()
	f.buf = append(f.buf, frame...)
	f.end(at, start, snap)
}

// begin makes room for a record and leaves 16 bytes for its header.
func (f *File) begin() int {
	if len(f.buf) >= flushAt {
		f.Flush()
	}
	f.buf = append(f.buf, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	return len(f.buf)
}

// end fills the record header in and returns how many bytes the snap length cut off.
func (f *File) end(at int64, start, snap int) int {
	orig := len(f.buf) - start
	kept := orig
	if snap > 0 && snap < orig {
		kept = snap
		f.buf = f.buf[:start+kept]
	}
	h := f.buf[start-16:]
	le := binary.LittleEndian
	le.PutUint32(h, uint32(at/1e9))
	le.PutUint32(h[4:], uint32(at%1e9/1000))
	le.PutUint32(h[8:], uint32(kept))
	le.PutUint32(h[12:], uint32(orig))
	f.size += int64(16 + kept)
	f.packets++
	return orig - kept
}

// Size returns the bytes written so far, the file header included.
func (f *File) Size() int64 { return f.size }

// Packets returns the packets written so far.
func (f *File) Packets() uint64 { return f.packets }

// Flush hands what was gathered to the writer and returns the first error met.
func (f *File) Flush() error {
	if f.err == nil {
		_, f.err = f.w.Write(f.buf)
	}
	f.buf = f.buf[:0]
	return f.err
}

// Err returns the first error of the writer.
func (f *File) Err() error { return f.err }
