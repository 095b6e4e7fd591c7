package pcapfile

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/pierrec/lz4/v4"
)

// Magic numbers of the lz4 frame format. Legacy frames are refused: they have
// no end mark, so one that was cut short looks whole.
const (
	lz4Frame         = 0x184d2204
	lz4Skippable     = 0x184d2a50 // and the 15 numbers after it
	lz4SkippableMask = 0xfffffff0
)

// lz4Reader decompresses concatenated lz4 frames. The library reads one frame,
// and takes the end of the file for the end of a frame; here it is an error.
type lz4Reader struct {
	src     *bufio.Reader
	frame   *lz4.Reader
	inFrame bool
	atEnd   bool // the library asked for bytes beyond the end of src
}

func openLz4(src *bufio.Reader) (io.Reader, func() error, error) {
	l := &lz4Reader{src: src}
	l.frame = lz4.NewReader(nil)
	if err := l.frame.Apply(lz4.ConcurrencyOption(1)); err != nil {
		return nil, nil, err
	}
	return l, nil, nil
}

func (l *lz4Reader) Read(p []byte) (int, error) {
	for {
		if !l.inFrame {
			if err := l.nextFrame(); err != nil {
				return 0, err
			}
		}
		n, err := l.frame.Read(p)
		switch {
		case err == nil:
			return n, nil
		case l.atEnd:
			return n, io.ErrUnexpectedEOF
		case err != io.EOF:
			return n, err
		}
		l.inFrame = false
		if n > 0 {
			return n, nil
		}
	}
}

// nextFrame passes over skippable frames and begins the next real one, or
// returns io.EOF when there is none.
func (l *lz4Reader) nextFrame() error {
	for {
		head, err := l.src.Peek(8)
		if len(head) == 0 {
			return err
		}
		if len(head) < 8 {
			return io.ErrUnexpectedEOF
		}
		switch magic := binary.LittleEndian.Uint32(head); {
		case magic == lz4Frame:
			l.frame.Reset((*lz4Source)(l))
			l.inFrame = true
			return nil
		case magic&lz4SkippableMask == lz4Skippable:
			size := 8 + int64(binary.LittleEndian.Uint32(head[4:]))
			if n, err := io.CopyN(io.Discard, l.src, size); n < size {
				return noEOF(err)
			}
		default:
			return fmt.Errorf("frame begins with %s", hexBytes(head[:4]))
		}
	}
}

// lz4Source is what the library reads from.
type lz4Source lz4Reader

func (s *lz4Source) Read(p []byte) (int, error) {
	n, err := s.src.Read(p)
	if err == io.EOF {
		s.atEnd = true
	}
	return n, err
}

// noEOF turns io.EOF, where more bytes were due, into io.ErrUnexpectedEOF.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
