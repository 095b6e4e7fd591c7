// Package pcapfile reads and writes capture files: pcap and pcapng, plain or
// compressed with gzip, zstd, lz4 or xz.
//
//	file ─ counter ─ decompressor ─► input (256 KiB blocks) ─┬─ pcap records ──┬─► capture.Packet
//	       (Progress)                                        └─ pcapng blocks ─┘      │
//	                                                                └► Interfaces, Secrets, Comments, Stats
//	several Readers ─ Merge ─► one Source in the order of time
//	capture.Packet ─► Writer (pcap) or NgWriter (pcapng)
//
// A packet's Data is a slice of the block buffer: nothing is copied or
// allocated for a packet. A file that is damaged or cut short is read up to the
// damage: every whole packet before it is delivered, then a *capture.InputError.
package pcapfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/sockeye-dev/sockeye/capture"
)

// StdinName is what errors call the input "-".
const StdinName = "standard input"

// Reader reads one capture file. It implements capture.Source. Its methods are
// for one goroutine, except Progress.
type Reader struct {
	in     input
	number uint64 // of the last packet delivered
	err    error  // what Next ended with, for ever
	ng     bool
	swap   bool // the file, or section, is big-endian

	// pcap only.
	hdr      int // length of a record's header
	fraction int64
	maxCap   uint32
	link     capture.LinkType
	fcs      uint8

	// pcapng only.
	clocks  []clock // parallel to ifaces
	section int     // index in ifaces of the current section's first interface
	drops   []Statistics
	dropsOf map[uint32]int // interface to index in drops
	text    int            // bytes of interface text kept

	// For reading records again.
	recordAt int64 // offset of the record that Next delivered last
	cursor   *cursor
	sections []section // pcapng only

	ifaces   []Interface
	secrets  secretStore
	comments commentStore

	name    string
	format  string
	read    atomic.Int64
	total   int64
	closers []func() error
}

// Open opens a capture file; "-" is standard input. Errors are
// *capture.InputError and wrap the operating system's.
func Open(path string) (*Reader, error) { return open(path, DefaultBlock) }

func open(path string, block int) (*Reader, error) {
	name, f := path, os.Stdin
	if path == "-" {
		name = StdinName
	} else {
		var err error
		if f, err = os.Open(path); err != nil {
			return nil, inputError(name, err)
		}
	}
	r, err := openFile(name, f, block)
	if err != nil {
		if f != os.Stdin {
			f.Close()
		}
		return nil, err
	}
	if f != os.Stdin {
		r.closers = append(r.closers, f.Close)
	}
	return r, nil
}

func openFile(name string, f *os.File, block int) (*Reader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, inputError(name, err)
	}
	var total int64
	switch {
	case info.IsDir():
		return nil, inputError(name, errors.New("is a directory"))
	case info.Mode().IsRegular():
		total = info.Size()
	}
	return newReader(name, f, total, block)
}

// inputError names the input once: the operating system's errors repeat the path.
func inputError(name string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return &capture.InputError{Name: name, Offset: -1, Err: err}
}

// NewReader reads a capture from r, recognising compression and container by
// their magic numbers; name is for errors. It reads the file header and, of
// pcapng, the first section header. Closing the Reader does not close r.
func NewReader(name string, r io.Reader) (*Reader, error) {
	return newReader(name, r, 0, DefaultBlock)
}

func newReader(name string, src io.Reader, total int64, block int) (*Reader, error) {
	r := &Reader{name: name, total: total}
	src, compression, err := r.decompress(&counter{src: src, n: &r.read})
	if err != nil {
		return nil, err
	}
	r.in = newInput(src, block)
	if err := r.openContainer(compression); err != nil {
		r.Close()
		return nil, err
	}
	if compression != "" {
		r.format += ", " + compression
	}
	return r, nil
}

// openContainer recognises pcap and pcapng and reads the file's header.
func (r *Reader) openContainer(compression string) error {
	err := r.in.need(4)
	b := r.in.unread()
	inside := ""
	if compression != "" {
		inside = " inside " + compression
	}
	if err != nil && (!cutShort(err) || compression != "" && err != io.EOF) {
		return r.cut("file header", pcapHeaderLen, 0)
	}
	switch {
	case len(b) == 0:
		return r.refuse("is empty%s: not a capture file", inside)
	case len(b) < 4:
		if beginsLikeCapture(b) {
			return r.cut("file header", pcapHeaderLen, 0)
		}
	default:
		if magic, swap, ok := isPcap(b); ok {
			return r.openPcap(magic, swap)
		}
		if r.u32(b) == blockSection {
			return r.openNg()
		}
	}
	return r.refuse("not a capture file%s: begins with %s; expected pcap or pcapng, perhaps compressed with gzip, zstd, lz4, xz",
		inside, hexBytes(b[:min(len(b), 4)]))
}

// Next delivers the next packet; its Data is borrowed until the next Next.
func (r *Reader) Next() (p capture.Packet, err error) {
	err = r.NextInto(&p)
	return p, err
}

// NextInto is Next for who reads many: copying a packet costs as much as parsing
// its record. p is valid only where the error is nil.
func (r *Reader) NextInto(p *capture.Packet) error {
	if r.ng {
		*p = capture.Packet{}
		return r.nextNg(p)
	}
	p.Interface, p.Direction = 0, 0
	return r.nextPcap(p)
}

// Close closes the file when Open opened it, and frees the decompressor.
func (r *Reader) Close() error {
	var first error
	for _, c := range r.closers {
		if err := c(); err != nil && first == nil {
			first = err
		}
	}
	r.closers = nil
	if r.err == nil {
		r.err = &capture.InputError{Name: r.name, Offset: -1, Err: fs.ErrClosed}
	}
	r.in.stop()
	return first
}

// Interfaces returns the interfaces seen so far, of all sections;
// Packet.Interface is an index of it. The slice is borrowed until the next Next.
func (r *Reader) Interfaces() []Interface { return r.ifaces }

// Secrets returns the decryption secrets seen so far (pcapng). The list only
// grows, so its length tells whether there are new ones. The slice is borrowed
// until the next Next, the data of each is owned.
func (r *Reader) Secrets() []Secret { return r.secrets.list }

// SecretsLeftOut returns how many secrets blocks were not kept: beyond MaxSecrets.
func (r *Reader) SecretsLeftOut() uint64 { return r.secrets.leftOut }

// Comments returns the comments seen so far, at most MaxComments of them. The
// slice is borrowed until the next Next.
func (r *Reader) Comments() []Comment { return r.comments.list }

// CommentsLeftOut returns how many comments were not kept: beyond MaxComments or MaxText.
func (r *Reader) CommentsLeftOut() uint64 { return r.comments.leftOut }

// Stats returns what the interface statistics blocks seen so far say, the
// latest for each interface (pcapng). The slice is borrowed until the next Next.
func (r *Reader) Stats() []Statistics { return r.drops }

// Progress returns how many bytes of the file (as stored, so compressed ones)
// were read, and the file's size, 0 where it is not known. Any goroutine may call it.
func (r *Reader) Progress() (read, total int64) { return r.read.Load(), r.total }

// Format names the container and compression, as in "pcap (ns)" or "pcapng, gzip".
func (r *Reader) Format() string { return r.format }

// Name returns the file's path, or StdinName.
func (r *Reader) Name() string { return r.name }

// end marks the true end of the input.
func (r *Reader) end() error {
	r.err = io.EOF
	return r.err
}

// refuse says that the input is no capture at all.
func (r *Reader) refuse(format string, args ...any) error {
	return inputError(r.name, fmt.Errorf(format, args...))
}

// damage ends the input at a record that cannot be right.
func (r *Reader) damage(offset int64, format string, args ...any) error {
	return r.fail(offset, false, fmt.Errorf(format, args...))
}

// cut ends the input because the source ended inside something of want bytes
// that begins at offset.
func (r *Reader) cut(what string, want, offset int64) error {
	err, got := r.in.err, r.in.base+int64(r.in.end)-offset
	cause := fmt.Errorf("%s of %d bytes cut after %d", what, want, got)
	if err != io.EOF { // the decompressor's or the operating system's complaint
		cause = fmt.Errorf("%w: %w", cause, err)
		if got == 0 {
			cause = err
		}
	}
	return r.fail(offset, cutShort(err), cause)
}

func (r *Reader) fail(offset int64, truncated bool, cause error) error {
	r.in.stop()
	r.err = &capture.InputError{Name: r.name, Offset: offset, Truncated: truncated, Err: cause}
	return r.err
}

// counter counts the bytes read of the file, for Progress.
type counter struct {
	src io.Reader
	n   *atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	c.n.Add(int64(n))
	return n, err
}
