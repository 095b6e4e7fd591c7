package dissect

import (
	"sort"

	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// input is the unconsumed prefix of one direction.
type input struct {
	buf    []byte
	at     reassembly.At // of buf[0]
	tail   reassembly.At // of buf[tailAt], where the newest segment begins
	tailAt int
	// starts are the stream offsets at which segments begin: the places where a
	// frame header is likeliest after a hole.
	starts []uint64
}

// at returns where byte i of the prefix comes from. Bytes of a prefix of many
// segments are attributed to the first or to the newest of them.
func (in *input) atByte(i int) reassembly.At {
	at := in.at
	if i >= in.tailAt {
		at = in.tail
	}
	at.Offset = in.at.Offset + uint64(i)
	return at
}

// drop forgets the first n bytes.
func (in *input) drop(n int) {
	if n == 0 {
		return
	}
	in.at = in.atByte(n)
	in.tailAt = max(0, in.tailAt-n)
	gone := sort.Search(len(in.starts), func(i int) bool { return in.starts[i] >= in.at.Offset })
	in.starts = in.starts[:copy(in.starts, in.starts[gone:])]
	in.buf = in.buf[:copy(in.buf, in.buf[n:])]
}

// charge is what the prefix takes, its bookkeeping included.
func (in *input) charge() int64 { return int64(len(in.buf) + 8*len(in.starts)) }

// inputs recycles the buffers of unconsumed bytes: a connection has one only
// while it waits for something.
type inputs struct {
	free []*input
	held int64 // charge of all that are in use
}

const (
	maxFreeInputs = 256
	maxFreeBuffer = 16 << 10 // a larger buffer is not worth keeping for a connection that waits for 14 bytes
)

func (p *inputs) get() *input {
	if n := len(p.free); n > 0 {
		in := p.free[n-1]
		p.free = p.free[:n-1]
		return in
	}
	return &input{}
}

func (p *inputs) put(in *input) {
	if len(p.free) < maxFreeInputs && cap(in.buf) <= maxFreeBuffer && cap(in.starts) <= maxFreeBuffer/8 {
		*in = input{buf: in.buf[:0], starts: in.starts[:0]}
		p.free = append(p.free, in)
	}
}

// heldBytes returns the bytes of a direction that were not consumed, borrowed.
func (k *Conn) heldBytes(dir packet.Dir) []byte {
	if in := k.in[dir]; in != nil {
		return in.buf
	}
	return nil
}

// heldAt returns where the first of them comes from.
func (k *Conn) heldAt(dir packet.Dir) reassembly.At {
	if in := k.in[dir]; in != nil {
		return in.at
	}
	return reassembly.At{}
}

// heldSegment returns where the first segment begins of which bytes are held.
func (k *Conn) heldSegment(dir packet.Dir) uint64 {
	if in := k.in[dir]; in != nil && len(in.starts) > 0 {
		return in.starts[0]
	}
	return k.a.segment
}

// hold keeps bytes that were not consumed.
func (k *Conn) hold(dir packet.Dir, b []byte, at reassembly.At) {
	in := k.in[dir]
	if in == nil {
		in = k.a.inputs.get()
		in.at, k.in[dir] = at, in
	}
	k.a.inputs.held -= in.charge()
	in.tail, in.tailAt = at, len(in.buf)
	if at.Offset == k.a.segment { // else its beginning was consumed
		in.starts = append(in.starts, at.Offset)
	}
	in.buf = append(in.buf, b...)
	k.a.inputs.held += in.charge()
}

// smallInput is the charge up to which a prefix is left alone when all of them
// take too much: ordinary connections wait for the rest of a header.
const smallInput = 4 << 10

// giveUp makes the bytes held of a direction a gap, where all that is held of
// all connections is too much: a capture can leave something unfinished on each.
func (k *Conn) giveUp(dir packet.Dir) {
	in := k.in[dir]
	if in == nil || in.charge() <= smallInput {
		return
	}
	at, n := in.at, uint64(len(in.buf))
	k.drop(dir, len(in.buf))
	k.a.totals.Bounded++
	if k.wants(event.KindGap) {
		k.emitGap(dir, n, reassembly.Limit, at)
	}
	if !k.d.Gap(k, dir, nil, n, at) {
		k.lost()
	}
}

// drop forgets the first n of the bytes held.
func (k *Conn) drop(dir packet.Dir, n int) {
	in := k.in[dir]
	switch {
	case in == nil || n == 0:
	case n == len(in.buf):
		k.a.inputs.held -= in.charge()
		k.in[dir] = nil
		k.a.inputs.put(in)
	default:
		k.a.inputs.held -= in.charge()
		in.drop(n)
		k.a.inputs.held += in.charge()
	}
}
