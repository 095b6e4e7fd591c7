package pcapfile

import (
	"errors"
	"io"
)

// input is the block buffer between an io.Reader and the record parsers.
// buf[pos:end] is unread; packets are slices of it, so a packet's bytes stay in
// place until the next need or skip.
type input struct {
	src   io.Reader
	buf   []byte
	pos   int
	end   int
	base  int64 // offset of buf[0] in the (decompressed) input
	block int   // size of the buffer when no record is larger
	err   error // what src ended with; the bytes before it are still in buf
}

func newInput(src io.Reader, block int) input {
	return input{src: src, buf: make([]byte, block), block: block}
}

// offset returns the offset of the next unread byte in the input.
func (in *input) offset() int64 { return in.base + int64(in.pos) }

// unread returns the bytes at hand.
func (in *input) unread() []byte { return in.buf[in.pos:in.end] }

// need makes at least n unread bytes available, or returns what the source
// ended with. The unread bytes that there are stay available then.
func (in *input) need(n int) error {
	for in.end-in.pos < n {
		if in.err != nil {
			return in.err
		}
		in.makeRoom(n)
		in.read()
	}
	return nil
}

// makeRoom moves the unread bytes to the front and leaves room behind them.
// The buffer doubles only when it is full, so its size is at most twice what
// was really read, whatever n a file claims.
func (in *input) makeRoom(n int) {
	rest := in.unread()
	dst := in.buf
	switch {
	case len(in.buf) > in.block && n <= in.block:
		dst = make([]byte, in.block) // the large record is over
	case len(rest) == len(in.buf):
		dst = make([]byte, 2*len(in.buf))
	}
	copy(dst, rest)
	in.base += int64(in.pos)
	in.buf, in.pos, in.end = dst, 0, len(rest)
}

// read fills the room behind the unread bytes with one read that gets anything.
func (in *input) read() {
	for range 100 {
		n, err := in.src.Read(in.buf[in.end:])
		in.end += n
		in.err = err
		if n > 0 || err != nil {
			return
		}
	}
	in.err = io.ErrNoProgress
}

// skip drops n bytes without keeping them, or returns what the source ended
// with; done is the number dropped.
func (in *input) skip(n int64) (done int64, err error) {
	for done < n {
		k := min(int64(in.end-in.pos), n-done)
		in.pos += int(k)
		done += k
		if done < n {
			if err := in.need(1); err != nil {
				return done, err
			}
		}
	}
	return done, nil
}

// stop drops what is unread, so that no fast path finds a record any more.
func (in *input) stop() { in.end = in.pos }

// cutShort tells whether err means that an input ended too early.
func cutShort(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
