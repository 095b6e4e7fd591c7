package pcapfile

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"sort"

	"github.com/sockeye-dev/sockeye/capture"
)

// Reading again what was read once, for those who browse a capture:
//
//	Reader (one pass) ── RecordOffset ─► an index of offsets
//	     └ Records ─► Size, Parse ◄──── the bytes at one of these offsets
//
// Offsets are those of the decompressed input, so only a file that is not
// compressed can be read again by them; Decompress makes one.

// cursor reads an io.ReaderAt from an offset on.
type cursor struct {
	src io.ReaderAt
	off int64
}

func (c *cursor) Read(p []byte) (int, error) {
	n, err := c.src.ReadAt(p, c.off)
	c.off += int64(n)
	if n > 0 && err == io.EOF {
		err = nil // perhaps the file grows until the next Read
	}
	return n, err
}

// NewReaderAt reads a capture that is not compressed from src; name is for
// errors, and files says how many are read at once: many share the memory for
// buffers. Such a Reader can Resume. Closing the Reader does not close src.
func NewReaderAt(name string, src io.ReaderAt, files int) (*Reader, error) {
	r := &Reader{name: name, cursor: &cursor{src: src}}
	r.in = newInput(&counter{src: r.cursor, n: &r.read}, blockFor(files))
	if err := r.openContainer(""); err != nil {
		return nil, err
	}
	return r, nil
}

// Resume lets a Reader go on that ended where its input ended, perhaps inside
// a record: the input may have grown since. The next Next tries that record
// anew. It returns false, and changes nothing, for a Reader that did not come
// from NewReaderAt, did not end, or ended in damage.
func (r *Reader) Resume() bool {
	if r.cursor == nil || r.err == nil {
		return false
	}
	at := r.in.offset()
	if r.err != io.EOF {
		var damage *capture.InputError
		if !errors.As(r.err, &damage) || !damage.Truncated || damage.Offset < 0 {
			return false
		}
		at = damage.Offset
	}
	r.err = nil
	r.read.Add(at - r.cursor.off)
	r.cursor.off = at
	r.in = input{src: r.in.src, buf: r.in.buf, base: at, block: r.in.block}
	return true
}

// RecordOffset returns the offset in the (decompressed) input at which the
// record begins that the last successful Next delivered.
func (r *Reader) RecordOffset() int64 { return r.recordAt }

// Offset returns the offset in the (decompressed) input of the next record.
func (r *Reader) Offset() int64 { return r.in.offset() }

// section is what the packets of a pcapng section need to be read.
type section struct {
	at     int64 // offset of its first interface; its packets come after it
	ifaces int   // index of that interface
	swap   bool  // it is big-endian
}

// noteSection keeps what Records needs when the first interface of a section
// comes. Sections without interfaces have no packets.
func (r *Reader) noteSection(at int64) {
	if len(r.ifaces) == r.section {
		r.sections = append(r.sections, section{at: at, ifaces: r.section, swap: r.swap})
	}
}

// Declared counts the interfaces seen so far. When it has grown, the packets
// that follow need a new Records.
func (r *Reader) Declared() int { return len(r.ifaces) }

// Records parses single records of an input from their bytes, as the Reader
// that it came from delivered them. It is for one goroutine; Clone serves others.
type Records struct {
	r        Reader
	sections []section
}

// HeaderLen is how many bytes of a record Size needs.
const HeaderLen = 16

// Records returns a parser of the records delivered so far. It shares nothing
// with r that changes, so r may go on.
func (r *Reader) Records() *Records {
	out := &Records{sections: r.sections}
	out.r.take(r)
	return out
}

// Clone returns a parser of the same records for another goroutine.
func (x *Records) Clone() *Records {
	out := &Records{sections: x.sections}
	out.r.take(&x.r)
	return out
}

// take copies what parsing a record needs. The lists are only appended to.
func (r *Reader) take(from *Reader) {
	r.name, r.ng, r.swap, r.format = from.name, from.ng, from.swap, from.format
	r.hdr, r.fraction, r.maxCap, r.link, r.fcs = from.hdr, from.fraction, from.maxCap, from.link, from.fcs
	r.clocks, r.ifaces = slices.Clip(from.clocks), slices.Clip(from.ifaces)
}

// Interfaces returns the interfaces that the records refer to, borrowed for ever: not to be changed.
func (x *Records) Interfaces() []Interface { return x.r.ifaces }

// Format names the container, as Reader.Format does.
func (x *Records) Format() string { return x.r.format }

// Size returns how long the record is of which b is the beginning, at least
// HeaderLen bytes, and which stands at offset at.
func (x *Records) Size(b []byte, at int64) (int, error) {
	r := &x.r
	if !r.ng {
		if caplen := r.u32(b[8:]); caplen <= r.maxCap {
			return r.hdr + int(caplen), nil
		}
		return 0, x.changed(at)
	}
	x.enter(at)
	if total := r.u32(b[4:]); total >= blockOverhead && total <= maxBlock {
		return int(total), nil
	}
	return 0, x.changed(at)
}

// Parse returns the packet of the record b, all Size bytes of it, which stands at
// offset at. Data aliases b; Number is 0. It fails when the bytes are not those
// of a packet that the Reader delivered: the file was changed.
func (x *Records) Parse(b []byte, at int64) (capture.Packet, error) {
	r := &x.r
	x.enter(at)
	r.err, r.number = nil, 0
	r.comments = commentStore{}
	r.in = input{buf: b, end: len(b), base: at, err: io.EOF}
	p, err := r.Next()
	if err != nil || r.in.pos != len(b) {
		return capture.Packet{}, x.changed(at)
	}
	p.Number = 0
	return p, nil
}

// enter takes the byte order and interfaces of the section that offset at lies in.
func (x *Records) enter(at int64) {
	if !x.r.ng || len(x.sections) == 0 {
		return
	}
	i := sort.Search(len(x.sections), func(i int) bool { return x.sections[i].at > at }) - 1
	s := &x.sections[max(i, 0)]
	x.r.section, x.r.swap = s.ifaces, s.swap
}

func (x *Records) changed(at int64) error {
	return &capture.InputError{Name: x.r.name, Offset: at, Err: errors.New("no packet where one was before: the file was changed")}
}

// Compression names the compression of an input that begins with head, at
// least 6 bytes where there are as many; "" is none that Decompress knows.
func Compression(head []byte) string {
	for _, c := range compressions {
		if bytes.HasPrefix(head, c.magic) {
			return c.name
		}
	}
	return ""
}

// Decompress returns the decompressed bytes of src, or src's own where it is
// not compressed; name is for errors. A stream that is cut short ends in an
// error that is io.ErrUnexpectedEOF. Closing it does not close src.
func Decompress(name string, src io.Reader) (io.ReadCloser, error) {
	r := &Reader{name: name}
	out, _, err := r.decompress(src)
	if err != nil {
		return nil, err
	}
	return &decompressed{Reader: out, r: r}, nil
}

// decompressed is the stream of Decompress.
type decompressed struct {
	io.Reader
	r *Reader
}

func (d *decompressed) Close() error { return d.r.Close() }
