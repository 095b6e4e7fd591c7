package pcapfile

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// xzReader reads the .xz container (version 1.2.1 of the format) and leaves
// the LZMA2 data in its blocks to the library. The library's own container
// reader allocates whatever dictionary a file declares, up to 4 GiB a block.
//
//	stream header ─ block … block ─ index ─ footer ─ padding ─ next stream …
type xzReader struct {
	src       *bufio.Reader
	at        int64 // bytes consumed
	state     func() error
	checkType byte
	flags     [2]byte

	data    *lzma.Reader2 // of the block being read; nil between blocks
	sum     hash.Hash
	header  int64 // length of the block's header
	began   int64 // at, where the block's data began
	blocks  uint64
	streams int
	output  int64 // bytes decompressed
	dicts   int64 // bytes of dictionaries allocated
}

var xzMagic = []byte{0xfd, '7', 'z', 'X', 'Z', 0}

// A dictionary is allocated for each block. Blocks that are small throughout
// do not earn large ones: what all dictionaries may need together is
// dictBudget, and dictRatio for each byte of output.
const (
	dictBudget = 1 << 30
	dictRatio  = 1 << 10
)

func openXz(src *bufio.Reader) (io.Reader, func() error, error) {
	x := &xzReader{src: src}
	x.state = x.streamHeader
	return x, nil, nil
}

// Read returns data of the block being read, or goes on to the next one.
func (x *xzReader) Read(p []byte) (int, error) {
	for x.data == nil {
		if err := x.state(); err != nil {
			return 0, err
		}
	}
	n, err := x.data.Read(p)
	x.output += int64(n)
	if x.sum != nil {
		x.sum.Write(p[:n])
	}
	if err == io.EOF {
		err = x.blockEnd()
	}
	return n, err
}

// streamHeader reads a stream header (§2.1.1), or returns io.EOF where there
// are no more streams.
func (x *xzReader) streamHeader() error {
	var b [12]byte
	for {
		n, err := io.ReadFull((*xzSource)(x), b[:4])
		if n == 0 && x.streams > 0 {
			return err
		}
		if err != nil {
			return noEOF(err)
		}
		if x.streams == 0 || !bytes.Equal(b[:4], []byte{0, 0, 0, 0}) { // stream padding (§2.2)
			break
		}
	}
	if err := x.full(b[4:]); err != nil {
		return err
	}
	if !bytes.Equal(b[:6], xzMagic) || crc32.ChecksumIEEE(b[6:8]) != binary.LittleEndian.Uint32(b[8:]) {
		return errors.New("damaged stream header")
	}
	if b[6] != 0 || b[7] > 15 {
		return fmt.Errorf("stream flags %s are not supported", hexBytes(b[6:8]))
	}
	x.flags, x.checkType = [2]byte(b[6:8]), b[7]
	x.streams++
	x.blocks = 0
	x.state = x.blockHeader
	return nil
}

// blockHeader reads a block header (§3.1) or, at its place, the index.
func (x *xzReader) blockHeader() error {
	start := x.at
	size, err := (*xzSource)(x).ReadByte()
	if err != nil {
		return noEOF(err)
	}
	if size == 0 {
		return x.index(start)
	}
	b := make([]byte, (int(size)+1)*4)
	b[0] = size
	if err := x.full(b[1:]); err != nil {
		return err
	}
	body := b[:len(b)-4]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return errors.New("damaged block header")
	}
	dict, err := xzDictionary(body)
	if err != nil {
		return err
	}
	if x.dicts += int64(dict); x.dicts > dictBudget+dictRatio*x.output {
		return errors.New("large dictionaries for next to no data")
	}
	x.header, x.began = int64(len(b)), x.at
	x.sum = newXzCheck(x.checkType)
	x.data, err = lzma.Reader2Config{DictCap: dict}.NewReader2((*xzSource)(x))
	return err
}

// xzDictionary reads a block header's fields: the dictionary's size, limited
// by the block's data size where that is declared.
func xzDictionary(b []byte) (int, error) {
	flags, r := b[1], bytes.NewReader(b[2:])
	var uncompressed uint64
	var err error
	if flags&0x40 != 0 {
		_, err = xzNumber(r)
	}
	if flags&0x80 != 0 && err == nil {
		uncompressed, err = xzNumber(r)
	}
	var filter [3]byte
	if err == nil {
		_, err = io.ReadFull(r, filter[:])
	}
	switch {
	case err != nil:
		return 0, errors.New("damaged block header")
	case flags&0x3f != 0 || filter[0] != 0x21 || filter[1] != 1:
		return 0, errors.New("filters other than LZMA2 are not supported")
	}
	dict, err := lzma.DecodeDictCap(filter[2])
	if err != nil {
		return 0, err
	}
	if flags&0x80 != 0 && uncompressed < uint64(dict) {
		dict = int64(uncompressed)
	}
	if dict > maxWindow {
		return 0, fmt.Errorf("dictionary of %d bytes is more than the limit of %d", dict, maxWindow)
	}
	return int(max(dict, lzma.MinDictCap)), nil
}

// blockEnd reads a block's padding and check (§3.3, §3.4).
func (x *xzReader) blockEnd() error {
	x.data = nil
	x.blocks++
	var b [3 + 64]byte
	pad := int(-(x.header + x.at - x.began) & 3)
	// 0, 4, 8, 16, 32 and 64 bytes, three check types each after the first (§2.1.1.2).
	size := 0
	if x.checkType > 0 {
		size = 4 << ((x.checkType - 1) / 3)
	}
	if err := x.full(b[:pad+size]); err != nil {
		return err
	}
	if x.sum != nil && !bytes.Equal(x.sum.Sum(nil), b[pad:pad+size]) {
		return errors.New("checksum does not match")
	}
	return nil
}

// index reads the index after its first byte (§4), and the footer (§2.1.2).
func (x *xzReader) index(start int64) error {
	src := (*xzSource)(x)
	n, err := xzNumber(src)
	if err != nil {
		return noEOF(err)
	}
	if n != x.blocks {
		return fmt.Errorf("index of %d blocks after %d", n, x.blocks)
	}
	for range 2 * n { // each record's sizes: not needed
		if _, err := xzNumber(src); err != nil {
			return noEOF(err)
		}
	}
	var b [3 + 4 + 12]byte
	b2 := b[:int(-(x.at-start)&3)+4+12]
	if err := x.full(b2); err != nil {
		return err
	}
	footer := b2[len(b2)-12:]
	if footer[10] != 'Y' || footer[11] != 'Z' || [2]byte(footer[8:10]) != x.flags {
		return errors.New("damaged stream footer")
	}
	x.state = x.streamHeader
	return nil
}

func (x *xzReader) full(b []byte) error {
	_, err := io.ReadFull((*xzSource)(x), b)
	return noEOF(err)
}

// newXzCheck returns nil for checks that are not verified.
func newXzCheck(typ byte) hash.Hash {
	switch typ {
	case 1:
		return littleEndian{crc32.NewIEEE()}
	case 4:
		return littleEndian{crc64.New(crc64.MakeTable(crc64.ECMA))}
	case 10:
		return sha256.New()
	}
	return nil
}

// littleEndian reverses a sum: hash/crc32 and hash/crc64 give it big-endian.
type littleEndian struct{ hash.Hash }

func (l littleEndian) Sum(b []byte) []byte {
	at := len(b)
	b = l.Hash.Sum(b)
	for i, j := at, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return b
}

// xzNumber reads a variable-length integer (§1.2): at most 9 bytes of 7 bits.
func xzNumber(r io.ByteReader) (uint64, error) {
	var v uint64
	for i := range 9 {
		b, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			return v, nil
		}
	}
	return 0, errors.New("number of more than 9 bytes")
}

// xzSource counts what is consumed.
type xzSource xzReader

func (s *xzSource) Read(p []byte) (int, error) {
	n, err := s.src.Read(p)
	s.at += int64(n)
	return n, err
}

func (s *xzSource) ReadByte() (byte, error) {
	b, err := s.src.ReadByte()
	if err == nil {
		s.at++
	}
	return b, err
}
