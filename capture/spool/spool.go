// Package spool keeps the latest packets of a live capture on disk, in a bounded
// ring of pcapng files, so that a capture can be browsed while it runs.
//
//	Write ─► NgWriter ─► piece ─ Flush ─► file n    ─┐
//	                                      file n-1   ├─ ReadAt, by place in the stream
//	                                      …         ─┘
//	                                      the oldest falls out when there is no room
//
// Every file is a whole capture of its own: the same head, then packets. Readers
// see one pcapng stream: that head once, then the packets of all files. A place
// in the stream stays the same while files fall out before it; what fell out is
// ErrGone.
//
// The files are in a folder of their own under DefaultDir, for their owner only,
// and are removed by Close. What a process that was killed leaves there is
// removed by the next one.
package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
)

// ErrGone is what reading a place gives that fell out of the ring.
var ErrGone = errors.New("it fell out of the spool, which keeps the latest packets only")

// ErrClosed is what Write gives after Close.
var ErrClosed = errors.New("the spool is closed")

// Options of a ring. The zero value has the documented defaults.
type Options struct {
	Dir  string // the common folder; "" is DefaultDir
	Size int64  // bytes of all files together; 0 is DefaultSize, and MinSize the least
	File int64  // bytes of one file; 0 is DefaultFile, and a quarter of Size the most
}

// Ring is a ring of files. Write, Flush, Declare and End are for one goroutine;
// the other methods may be called by any.
type Ring struct {
	o      Options
	folder *folder
	ng     *pcapfile.NgWriter
	held   held // of the writer
	head   []byte
	grown  chan struct{}

	mu       sync.RWMutex
	files    []*file
	number   int           // of files made
	size     int64         // of the stream
	used     int64         // bytes of packets on disk
	read     int64         // what comes before this place may fall out
	released chan struct{} // closed and replaced when read grows
	shrunk   error         // why the ring is smaller than it may be, nil if it is not
	ended    bool
	closed   bool
	err      error
}

// file is one file of the ring.
type file struct {
	f     *os.File
	name  string
	start int64 // place of its first packet in the stream
	size  int64 // bytes of packets
	users int   // the ring, and copies being made
}

func (f *file) end() int64 { return f.start + f.size }

// held is what NgWriter writes to: the bytes that are not in a file yet.
type held []byte

func (h *held) Write(b []byte) (int, error) {
	*h = append(*h, b...)
	return len(b), nil
}

// New makes the folder of a ring, and no file. Whoever gives up rights does so
// next, having given Folder to the new user, and then calls Declare.
func New(o Options) (*Ring, error) {
	o.setDefaults()
	f, err := makeFolder(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("no place for the spool: %w", err)
	}
	return &Ring{o: o, folder: f, grown: make(chan struct{}, 1), released: make(chan struct{})}, nil
}

// Folder is where the files are.
func (r *Ring) Folder() string { return r.folder.path }

// Declare says which interfaces the packets are of, by Packet.Interface, and
// makes the first file. application is named in the files.
func (r *Ring) Declare(interfaces []pcapfile.Interface, application string) error {
	var err error
	if r.ng, err = pcapfile.NewNgWriter(&r.held, pcapfile.NgOptions{Application: application}); err != nil {
		return err
	}
	for _, i := range interfaces {
		if _, err := r.ng.AddInterface(i); err != nil {
			return err
		}
	}
	if err := r.ng.Flush(); err != nil {
		return err
	}
	r.head, r.held = r.held, nil
	r.mu.Lock()
	defer r.mu.Unlock()
	r.size, r.read = int64(len(r.head)), int64(len(r.head))
	return r.begin()
}

// begin makes the next file; the lock is held.
func (r *Ring) begin() error {
	r.number++
	name := fmt.Sprintf("%06d.pcapng", r.number)
	f, err := r.folder.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		if _, err = f.WriteAt(r.head, 0); err != nil {
			f.Close()
			r.folder.root.Remove(name)
		}
	}
	if err != nil {
		return spoolError(err)
	}
	r.files = append(r.files, &file{f: f, name: name, start: r.size, users: 1})
	return nil
}

// Write adds a packet. It may be held back until Flush, which is to be called
// before waiting for packets. An error ends the ring: see End.
func (r *Ring) Write(p *capture.Packet) error {
	if err := r.ng.WritePacket(p); err != nil {
		return err
	}
	if len(r.held) >= piece {
		return r.Flush()
	}
	return nil
}

// Flush brings what was held back into the ring. Where the ring is full and its
// oldest file was not released yet, it waits.
//
// If the disk is full, older files fall out before their time, and Shrunk says
// so. Only when none is left is it an error, and what could not be written is lost.
func (r *Ring) Flush() error {
	if err := r.ng.Flush(); err != nil || len(r.held) == 0 {
		return err
	}
	b := r.held
	r.held = r.held[:0]
	if cap(b) > 4*piece {
		r.held = nil // a huge packet is over
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	for r.used+int64(len(b)) > r.o.Size && len(r.files) > 1 {
		if err := r.drop(); err != nil {
			return err
		}
	}
	if last := r.files[len(r.files)-1]; last.size > 0 && last.size+int64(len(b)) > r.o.File {
		if err := r.insist(r.begin); err != nil {
			return err
		}
	}
	err := r.insist(func() error {
		last := r.files[len(r.files)-1]
		_, err := last.f.WriteAt(b, int64(len(r.head))+last.size)
		return spoolError(err)
	})
	last := r.files[len(r.files)-1]
	if err != nil {
		last.f.Truncate(int64(len(r.head)) + last.size) // back to the last whole packet
		return err
	}
	last.size += int64(len(b))
	r.used += int64(len(b))
	r.size += int64(len(b))
	r.tell()
	return nil
}

// insist tries again with one file less, as long as there are any and the disk
// is what is wrong; the lock is held.
func (r *Ring) insist(try func() error) error {
	for {
		err := try()
		if r.closed {
			return ErrClosed
		}
		if err == nil || !isFull(err) || len(r.files) <= 1 {
			return err
		}
		r.shrunk = err
		if err := r.drop(); err != nil {
			return err
		}
	}
}

// drop lets the oldest file fall out, once it was released; the lock is held,
// but given back while it waits.
func (r *Ring) drop() error {
	for oldest := r.files[0]; r.read < oldest.end() && !r.closed; {
		released := r.released
		r.mu.Unlock()
		<-released
		r.mu.Lock()
	}
	if r.closed {
		return ErrClosed
	}
	oldest := r.files[0]
	r.files = r.files[1:]
	r.used -= oldest.size
	r.leave(oldest)
	return nil
}

// leave ends one use of a file, and removes it after the last; the lock is held.
func (r *Ring) leave(f *file) {
	if f.users--; f.users == 0 {
		f.f.Close()
		r.folder.root.Remove(f.name)
	}
}

// Release says that everything before a place was read by who follows the ring,
// so that it may fall out.
func (r *Ring) Release(place int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if place > r.read {
		r.read = place
		r.wake()
	}
}

// wake lets a Flush go on that waits; the lock is held.
func (r *Ring) wake() {
	close(r.released)
	r.released = make(chan struct{})
}

// End says that nothing more will be written, and why, if it is not that the
// capture was to end. What was written stays.
func (r *Ring) End(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ended {
		r.ended, r.err = true, err
		r.tell()
	}
}

// Close removes the files and the folder. A Write that waits comes back.
func (r *Ring) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed, r.ended = true, true
	for _, f := range r.files {
		r.leave(f)
	}
	r.files = nil
	r.wake()
	r.tell()
	r.folder.close()
	return nil
}

// tell wakes who follows the ring.
func (r *Ring) tell() {
	select {
	case r.grown <- struct{}{}:
	default:
	}
}

// spoolError is an error of a file without its path, which nobody asked for.
func spoolError(err error) error {
	if err == nil {
		return nil
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("spool: %w", err)
}
