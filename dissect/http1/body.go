package http1

import (
	"errors"
	"fmt"
	"strings"
)

// BodyKind is how the end of a body is found.
type BodyKind uint8

// Kinds of bodies.
const (
	NoBody     BodyKind = iota // the message ends with its head
	Length                     // Content-Length bytes
	Chunked                    // chunks, then trailers
	UntilClose                 // everything until the connection ends
)

func (k BodyKind) String() string {
	switch k {
	case NoBody:
		return "none"
	case Length:
		return "length"
	case Chunked:
		return "chunked"
	case UntilClose:
		return "until-close"
	}
	return fmt.Sprintf("body-%d", uint8(k))
}

// ErrOutOfSync says that a gap hid where the body's framing goes on.
var ErrOutOfSync = errors.New("http1: body framing lost in a gap")

// Body finds the end of a message's body in a stream, whatever its
// segmentation. It holds no bytes, and nothing of the head. Make one with RequestBody or ResponseBody;
// the zero value is a message without body.
type Body struct {
	Kind   BodyKind
	Length uint64 // declared, for Kind Length
	// Problems of the framing, at most MaxProblems. Those found while the body
	// is read are added.
	Problems []Problem
	// DataBytes is how much of the body proper was seen or skipped: without
	// chunk sizes, extensions and trailers.
	DataBytes uint64

	pos   uint64 // bytes of the stream since the head
	rest  uint64 // data bytes that are left of the body, or of the chunk
	state chunkState
	line  int // length so far of the chunk-size line, or of the trailers
	digit bool
	err   error
}

// Done tells whether the message is complete. A body that lasts until close never is.
func (b *Body) Done() bool {
	switch b.Kind {
	case NoBody:
		return true
	case Length:
		return b.rest == 0
	case Chunked:
		return b.state == chunkEnd
	}
	return false
}

// Err returns the error that ended the framing, or nil.
func (b *Body) Err() error { return b.err }

// Step takes the next piece from the start of p: n bytes, of which data are
// body data. data aliases p and may be empty. n is 0 only when p is empty, the
// message is done, or the framing failed. The error is a *SyntaxError or
// ErrOutOfSync, and stays.
func (b *Body) Step(p []byte) (n int, data []byte, err error) {
	if b.err != nil || b.Done() || len(p) == 0 {
		return 0, nil, b.err
	}
	switch {
	case b.Kind == UntilClose:
		data, n = p, len(p)
	case b.Kind == Length || b.state == chunkData:
		n = len(p)
		if uint64(n) > b.rest {
			n = int(b.rest)
		}
		data = p[:n]
		b.take(uint64(n))
	default:
		n = b.control(p)
		b.pos += uint64(n)
		return n, nil, b.err
	}
	b.pos += uint64(n)
	b.DataBytes += uint64(n)
	return n, data, nil
}

// Consume takes as much of p as belongs to the message: n bytes. done says that
// the message ended with them; p[n:] is what follows. Errors are those of Step.
func (b *Body) Consume(p []byte) (n int, done bool, err error) {
	for {
		k, _, err := b.Step(p[n:])
		n += k
		if k == 0 || err != nil {
			return n, b.err == nil && b.Done(), err
		}
	}
}

// Skip passes over a gap of n bytes that were not captured. in is how many of
// them are known to belong to this message. sync says that the framing is
// known after the gap: the gap lies within data of known length, or exactly
// reaches its end, or also covers the line end after a chunk's data. A gap that
// goes beyond the end of a message with Content-Length leaves that message
// done. When any other gap breaks the framing, Step returns ErrOutOfSync from
// then on.
func (b *Body) Skip(n uint64) (in uint64, sync bool) {
	switch {
	case n == 0:
		return 0, b.err == nil
	case b.err != nil:
		return 0, false
	case b.Kind == UntilClose:
		in = n
		b.DataBytes += in
	case b.Done():
		return 0, false
	case b.Kind == Length || b.state == chunkData:
		in = min(n, b.rest)
		b.DataBytes += in
		b.take(in)
		if b.Kind == Chunked {
			in += b.skipLineEnd(n - in)
		}
	case b.state == chunkDataEnd || b.state == chunkDataLF:
		in = b.skipLineEnd(n)
	}
	b.pos += in
	if in < n && b.Kind == Chunked {
		b.err = ErrOutOfSync
	}
	return in, in == n
}

// take counts n ≤ rest bytes of data.
func (b *Body) take(n uint64) {
	b.rest -= n
	if b.Kind == Chunked && b.rest == 0 {
		b.state = chunkDataEnd
	}
}

// skipLineEnd passes over up to n bytes of the CRLF after a chunk's data, when
// that is where the body stands.
func (b *Body) skipLineEnd(n uint64) (in uint64) {
	for in < n {
		switch b.state {
		case chunkDataEnd:
			b.state = chunkDataLF
		case chunkDataLF:
			b.startChunk()
		default:
			return in
		}
		in++
	}
	return in
}

func (b *Body) problem(k ProblemKind, text string) {
	if len(b.Problems) < MaxProblems {
		b.Problems = append(b.Problems, Problem{Kind: k, Offset: b.pos, Text: strings.Clone(text[:min(len(text), MaxProblemText)])})
	}
}
