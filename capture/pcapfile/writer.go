package pcapfile

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/sockeye-dev/sockeye/capture"
)

// DefaultSnapLen is the snap length written where none is given: tcpdump's.
const DefaultSnapLen = 262144

// writerBuffer is what a writer holds back until Flush or until it is full.
const writerBuffer = 256 << 10

// PacketWriter is what Writer and NgWriter have in common.
type PacketWriter interface {
	WritePacket(p *capture.Packet) error
	Flush() error
}

var (
	_ PacketWriter = (*Writer)(nil)
	_ PacketWriter = (*NgWriter)(nil)
)

// WriterOptions describe a pcap file.
type WriterOptions struct {
	// Link is the file's only link type.
	Link capture.LinkType
	// SnapLen cuts packets that are longer; 0 is DefaultSnapLen.
	SnapLen uint32
	// Resolution is Microseconds, or Nanoseconds (also when 0). Times are rounded down.
	Resolution Resolution
	// FCSLen is the number of bytes of frame check sequence at the end of each
	// frame: even, at most 30.
	FCSLen uint8
}

// Writer writes a pcap file, little-endian (draft-ietf-opsawg-pcap).
type Writer struct {
	w        *bufio.Writer
	link     capture.LinkType
	snaplen  int
	fraction int64 // nanoseconds of a unit
	header   [recordHeaderLen]byte
}

// NewWriter writes the file header into a buffer before w; Flush empties it.
func NewWriter(w io.Writer, o WriterOptions) (*Writer, error) {
	if o.SnapLen == 0 {
		o.SnapLen = DefaultSnapLen
	}
	magic, fraction := uint32(magicNano), int64(1)
	switch o.Resolution {
	case 0, Nanoseconds:
	case Microseconds:
		magic, fraction = magicMicro, 1000
	default:
		return nil, fmt.Errorf("pcap: timestamps in units of %v cannot be written", o.Resolution)
	}
	network := uint32(o.Link)
	if o.FCSLen != 0 {
		if o.FCSLen%2 != 0 || o.FCSLen > 30 {
			return nil, fmt.Errorf("pcap: a frame check sequence of %d bytes cannot be written", o.FCSLen)
		}
		network |= fcsPresent | uint32(o.FCSLen/2)<<28
	}
	out := &Writer{w: bufio.NewWriterSize(w, writerBuffer), link: o.Link, snaplen: int(min(o.SnapLen, MaxRecord)), fraction: fraction}
	var b [pcapHeaderLen]byte
	le := binary.LittleEndian
	le.PutUint32(b[0:], magic)
	le.PutUint16(b[4:], 2)
	le.PutUint16(b[6:], 4)
	le.PutUint32(b[16:], o.SnapLen)
	le.PutUint32(b[20:], network)
	_, err := out.w.Write(b[:])
	return out, err
}

// WritePacket appends a packet. Its link type must be the file's, and its time
// between 1970 and 2106, which is what the format holds; when not, nothing is
// written and the error says so.
func (w *Writer) WritePacket(p *capture.Packet) error {
	if p.Link != w.link {
		return fmt.Errorf("pcap: packet %d is %v in a file of %v; pcapng can hold both", p.Number, p.Link, w.link)
	}
	sec, frac := p.Time/1e9, p.Time%1e9
	if p.Time < 0 || sec > 1<<32-1 {
		return fmt.Errorf("pcap: packet %d: the time %v cannot be written", p.Number, p.Timestamp())
	}
	data := p.Data[:min(len(p.Data), w.snaplen)]
	le := binary.LittleEndian
	le.PutUint32(w.header[0:], uint32(sec))
	le.PutUint32(w.header[4:], uint32(frac/w.fraction))
	le.PutUint32(w.header[8:], uint32(len(data)))
	le.PutUint32(w.header[12:], max(p.OrigLen, uint32(len(p.Data))))
	if _, err := w.w.Write(w.header[:]); err != nil {
		return err
	}
	_, err := w.w.Write(data)
	return err
}

// Flush writes what is buffered.
func (w *Writer) Flush() error { return w.w.Flush() }
