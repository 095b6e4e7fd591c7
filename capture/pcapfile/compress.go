package pcapfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A compressed file that was cut short yields what its library decodes before
// the cut: gzip all of it, the others up to the last whole block (zstd 128 KiB,
// lz4 64 KiB to 4 MiB, xz chunks of up to 2 MiB).

// compressions lists the recognised compressions. Zstd and lz4 share the magic
// numbers of skippable frames (RFC 8878 §3.1.2); pzstd begins files with one.
var compressions = [...]struct {
	name  string
	magic []byte
	open  func(*bufio.Reader) (io.Reader, func() error, error)
}{
	{"gzip", []byte{0x1f, 0x8b}, openGzip},
	{"zstd", []byte{0x28, 0xb5, 0x2f, 0xfd}, openZstd},
	{"zstd", []byte{0x50, 0x2a, 0x4d, 0x18}, openZstd},
	{"lz4", []byte{0x04, 0x22, 0x4d, 0x18}, openLz4},
	{"xz", xzMagic, openXz},
}

// decompress returns src, or what decompresses it and the compression's name.
func (r *Reader) decompress(src io.Reader) (io.Reader, string, error) {
	var head [6]byte
	n, err := io.ReadFull(src, head[:])
	if err != nil && !cutShort(err) {
		return nil, "", inputError(r.name, err)
	}
	whole := io.MultiReader(bytes.NewReader(head[:n]), src)
	for _, c := range compressions {
		if m := c.magic[:min(len(c.magic), max(n, 4))]; !bytes.HasPrefix(head[:n], m) {
			continue // of fewer than 6 bytes, xz may be cut in its magic number
		}
		d := &decompressor{name: c.name}
		var closer func() error
		err := guard(func() (err error) {
			d.src, closer, err = c.open(bufio.NewReaderSize(whole, compressedBlock))
			return err
		})
		if err != nil {
			return nil, "", r.fail(0, cutShort(err), fmt.Errorf("%s: %w", c.name, err))
		}
		if closer != nil {
			r.closers = append(r.closers, closer)
		}
		return d, c.name, nil
	}
	return whole, "", nil
}

func openGzip(src *bufio.Reader) (io.Reader, func() error, error) {
	z, err := gzip.NewReader(src)
	if err != nil {
		return nil, nil, err
	}
	return z, z.Close, nil
}

func openZstd(src *bufio.Reader) (io.Reader, func() error, error) {
	z, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, nil, err
	}
	return z, func() error { z.Close(); return nil }, nil
}

// decompressor names the compression in errors, and turns a panic of a
// decompression library into one.
type decompressor struct {
	name string
	src  io.Reader
}

func (d *decompressor) Read(p []byte) (n int, err error) {
	err = guard(func() (err error) {
		n, err = d.src.Read(p)
		return err
	})
	switch {
	case err == nil || err == io.EOF:
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = cutShortError(d.name)
	default:
		err = fmt.Errorf("%s: %w", d.name, err)
	}
	return n, err
}

// cutShortError is io.ErrUnexpectedEOF of a compressed stream, in words for people.
type cutShortError string

func (e cutShortError) Error() string        { return string(e) + " stream cut short" }
func (e cutShortError) Is(target error) bool { return target == io.ErrUnexpectedEOF }

func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("decompression failed: %v", p)
		}
	}()
	return f()
}

// beginsLikeCapture tells whether b, shorter than 4 bytes, begins a magic number.
func beginsLikeCapture(b []byte) bool {
	for _, m := range [...]string{
		"\xa1\xb2\xc3\xd4", "\xa1\xb2\x3c\x4d", "\xa1\xb2\xcd\x34",
		"\xd4\xc3\xb2\xa1", "\x4d\x3c\xb2\xa1", "\x34\xcd\xb2\xa1",
		"\x0a\x0d\x0d\x0a", "\x1f\x8b", "\x28\xb5\x2f\xfd", "\x04\x22\x4d\x18", "\xfd7zX",
	} {
		if len(b) > 0 && len(b) < len(m) && m[:len(b)] == string(b) {
			return true
		}
	}
	return false
}
