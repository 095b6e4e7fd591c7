package session

import (
	"bytes"
	"context"
	"errors"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/capture/spool"
)

// walk goes through a connection's packets in the order in which they are to be
// analyzed, as far as they are known now; next goes on where it stopped.
type walk struct {
	s       *Session
	number  uint64 // of the connection
	from    int64  // Since of who walks: packets before this offset are left out
	w       places
	behind  bool // packets fell out of the ring that were next
	records *recordReader
	scan    *scan // behind the index's bound; nil: not there yet
}

func (s *Session) walk(number uint64, since Since) *walk {
	return &walk{s: s, number: number, from: int64(since), records: newRecordReader(s)}
}

// Since is where reading a connection began: 0 at its first packet, or else,
// because that fell out of the ring of a live capture, at an offset in the ring.
// What is read from the same Since on has the same numbers of messages and frames.
type Since int64

// Beginning, for a Query, is the connection's first packet and nothing later.
const Beginning Since = -1

// since returns from where on a connection can be read now, and how many of its
// packets fell out before.
func (s *Session) since(number uint64) (Since, uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	from := s.files[0].from()
	if from == 0 || number == 0 || number > s.count {
		return 0, 0
	}
	x := &s.entry(number).index
	var w places
	n := uint64(0)
	if !w.take(x) {
		n = x.gone.packets
	}
	for p, ok := w.next(); ok && p.offset < from; p, ok = w.next() {
		n++
	}
	if n == 0 {
		return 0, 0
	}
	return Since(from), n
}

// Lost returns how many of a connection's packets fell out of the ring of a live
// capture: all that is read of it now lacks them.
func (s *Session) Lost(number uint64) uint64 {
	_, n := s.since(number)
	return n
}

// knows looks how far the connection is known now: it returns whether nothing
// more will come.
func (w *walk) knows() (final bool, last uint64, cut bool) {
	w.s.mu.RLock()
	defer w.s.mu.RUnlock()
	c := w.s.entry(w.number)
	if !w.w.take(&c.index) && w.from < c.index.gone.before {
		w.behind = true
	}
	return c.Final || w.s.progress.Done, c.LastPacket, c.index.cut
}

// next returns the next packet, its data borrowed, and the analyzer's clock
// after it; false when there is no more for now.
func (w *walk) next(ctx context.Context) (p capture.Packet, clock int64, ok bool, err error) {
	if w.behind {
		return p, 0, false, spool.ErrGone
	}
	if at, more := w.place(); more {
		p, err = w.records.read(at)
		return p, p.Time + at.skew, err == nil, err
	}
	if w.scan == nil {
		_, _, cut := w.knows()
		if !cut {
			return p, 0, false, nil
		}
		if w.w.pos < len(w.w.buf) {
			return w.next(ctx)
		}
		w.scan = w.s.newScan(w.number)
	}
	p, ok, err = w.scan.next(ctx)
	return p, w.scan.clock, ok, err
}

// place returns the next packet of the index that is not left out.
func (w *walk) place() (at place, ok bool) {
	for at, ok = w.w.next(); ok && at.offset < w.from; at, ok = w.w.next() {
	}
	return at, ok
}

// scan finds a connection's packets behind the bound of the index by reading the
// files again.
type scan struct {
	s       *Session
	number  uint64
	src     *source
	filter  PacketFilter // nil: all packets pass
	decoder *packet.Decoder
	d       packet.Decoded
	flow    packet.Flow
	from    uint64 // number of the last packet in the index
	clock   int64
}

// scannable tells whether reading the files again gives the same order of
// packets: not when several files are followed, whose packets come as they are written.
// Nor is the ring of a live capture: its beginning is gone, and the index no larger than it allows.
func (s *Session) scannable() bool {
	return s.files[0].ring == nil && (len(s.files) == 1 || !s.opt.Follow)
}

func (s *Session) newScan(number uint64) *scan {
	s.mu.RLock()
	defer s.mu.RUnlock()
	o := s.analyzerOptions()
	var filter PacketFilter
	if s.opt.Packets != nil {
		filter = s.opt.Packets()
	}
	return &scan{
		s: s, filter: filter, number: number, src: newSource(s.files), flow: s.entry(number).flow, from: s.indexCut,
		decoder: packet.NewDecoder(o.Packet()),
	}
}

// next returns the connection's next packet up to the last one that the list knows.
func (c *scan) next(ctx context.Context) (capture.Packet, bool, error) {
	row, _ := c.s.Row(c.number)
	var p capture.Packet
	for c.src.number < row.LastPacket {
		if c.src.number%1024 == 0 && ctx.Err() != nil {
			return p, false, ctx.Err()
		}
		if _, got := c.src.next(&p); got != gotPacket {
			return p, false, errors.Join(errors.New("the file was changed"), c.src.err)
		}
		if c.filter != nil {
			if ok, err := c.filter.Pass(&p, c.src); err != nil {
				return p, false, err
			} else if !ok {
				continue
			}
		}
		c.clock = max(c.clock, p.Time)
		if p.Number <= c.from || p.Number < row.FirstPacket {
			continue // in the index, or of an earlier connection of the same ports
		}
		c.decoder.Decode(&p, &c.d)
		f := &c.d.Flow
		switch {
		case c.d.IsTCP() && *f == c.flow:
			return p, true, nil
		case c.d.Fragment && f.Lo == c.flow.Lo && f.Hi == c.flow.Hi:
			return p, true, nil
		}
	}
	return p, false, nil
}

// Packets returns the numbers of a connection's packets, as far as they are
// known now, indexed and still there, in the order in which they are analyzed: IP fragments
// come together. cut says that the index ends before the connection does.
func (s *Session) Packets(number uint64) (numbers []uint64, cut bool) {
	if _, ok := s.Row(number); !ok {
		return nil, false
	}
	w := &walk{s: s, number: number, from: s.files[0].from()}
	_, _, cut = w.knows()
	for {
		at, ok := w.place()
		if !ok {
			return numbers, cut
		}
		numbers = append(numbers, at.number)
	}
}

// ErrNoPacket is what Packet returns for a packet that is not the connection's.
var ErrNoPacket = errors.New("the connection has no packet of this number")

// Packet reads one packet of a connection by its number; its Data is owned.
func (s *Session) Packet(ctx context.Context, conn, number uint64) (capture.Packet, error) {
	if _, ok := s.Row(conn); !ok {
		return capture.Packet{}, ErrNoConnection
	}
	since, _ := s.since(conn)
	w := s.walk(conn, since)
	w.knows()
	for {
		at, ok := w.place()
		if !ok {
			break
		}
		if at.number == number {
			p, err := w.records.read(at)
			p.Data = bytes.Clone(p.Data)
			return p, err
		}
	}
	for {
		p, _, ok, err := w.next(ctx)
		if err != nil || !ok {
			return capture.Packet{}, errors.Join(err, ErrNoPacket)
		}
		if p.Number == number {
			p.Data = bytes.Clone(p.Data)
			return p, nil
		}
	}
}
