package pcapfile

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/sockeye-dev/sockeye/capture"
)

// NgOptions describe a pcapng section. Empty fields are not written.
type NgOptions struct {
	Hardware, OS, Application string // what the capture was made with
	Comment                   string
}

// NgWriter writes a pcapng file of one section, little-endian
// (draft-ietf-opsawg-pcapng). All timestamps are in nanoseconds.
type NgWriter struct {
	w      *bufio.Writer
	ifaces []Interface
	block  []byte // the block being built; packet data goes past it
	zero   [3]byte
}

// Option codes that only the writer needs (§4.1, §4.6).
const (
	optHardware    = 2
	optOS          = 3
	optApplication = 4
)

// NewNgWriter writes the section header into a buffer before w; Flush empties it.
func NewNgWriter(w io.Writer, o NgOptions) (*NgWriter, error) {
	out := &NgWriter{w: bufio.NewWriterSize(w, writerBuffer)}
	out.begin(blockSection)
	out.u32(byteOrderMagic)
	out.u16(1)
	out.u16(0)
	out.u64(math.MaxUint64) // section length: not stated
	out.text(optHardware, o.Hardware)
	out.text(optOS, o.OS)
	out.text(optApplication, o.Application)
	out.text(optComment, o.Comment)
	return out, out.end()
}

// AddInterface declares an interface and returns its id for Packet.Interface.
// Its Offset is kept; Resolution is ignored: it is always nanoseconds.
func (w *NgWriter) AddInterface(i Interface) (id uint32, err error) {
	const reach = math.MaxInt64 / 1_000_000_000
	if i.Offset < -reach || i.Offset > reach {
		return 0, fmt.Errorf("pcapng: a time offset of %d s cannot be written", i.Offset)
	}
	if len(w.ifaces) >= MaxInterfaces || i.FCSLen > maxFCS {
		return 0, fmt.Errorf("pcapng: interface %d with a frame check sequence of %d bytes cannot be written", len(w.ifaces), i.FCSLen)
	}
	w.begin(blockInterface)
	w.u16(uint16(i.Link))
	w.u16(0)
	w.u32(i.SnapLen)
	w.text(optIfName, i.Name)
	w.text(optIfDescription, i.Description)
	w.option(optIfTsresol, []byte{byte(Nanoseconds)})
	if i.Filter != "" {
		w.text(optIfFilter, "\x00"+i.Filter)
	}
	w.text(optIfOS, i.OS)
	if i.FCSLen != 0 {
		w.option(optIfFCSLen, []byte{fcsOption(i.FCSLen)})
	}
	if i.Offset != 0 {
		w.option(optIfTsoffset, binary.LittleEndian.AppendUint64(nil, uint64(i.Offset)))
	}
	if err := w.end(); err != nil {
		return 0, err
	}
	w.ifaces = append(w.ifaces, i)
	return uint32(len(w.ifaces) - 1), nil
}

// WritePacket appends a packet of an interface that AddInterface returned.
func (w *NgWriter) WritePacket(p *capture.Packet) error { return w.WritePacketComment(p, "") }

// WritePacketComment appends a packet with a comment, of at most 65,535 bytes;
// the empty one is not written. Interface and link type must be declared, the
// packet at most MaxRecord bytes, and its time not before the interface's
// Offset (1970 without one); when not, nothing is written and the error says so.
func (w *NgWriter) WritePacketComment(p *capture.Packet, comment string) error {
	if uint64(p.Interface) >= uint64(len(w.ifaces)) {
		return fmt.Errorf("pcapng: packet %d is of interface %d, which was not added", p.Number, p.Interface)
	}
	i := &w.ifaces[p.Interface]
	if p.Link != i.Link {
		return fmt.Errorf("pcapng: packet %d is %v on an interface of %v", p.Number, p.Link, i.Link)
	}
	offset := i.Offset * 1_000_000_000
	if p.Time < offset {
		return fmt.Errorf("pcapng: packet %d: the time %v cannot be written", p.Number, p.Timestamp())
	}
	n := len(p.Data)
	if n > int(recordLimit(i.SnapLen)) && (i.SnapLen != 0 || n > MaxRecord) {
		return fmt.Errorf("pcapng: packet %d has %d bytes, more than its interface's snap length %d", p.Number, n, i.SnapLen)
	}
	ticks := uint64(p.Time) - uint64(offset) // right modulo 2^64, and not negative
	w.begin(blockPacket)
	w.u32(p.Interface)
	w.u32(uint32(ticks >> 32))
	w.u32(uint32(ticks))
	w.u32(uint32(n))
	w.u32(max(p.OrigLen, uint32(n)))
	fixed := len(w.block)
	w.text(optComment, comment)
	return w.endAround(fixed, p.Data)
}

// WriteSecrets appends a decryption secrets block. Readers want it before the
// packets that need it.
func (w *NgWriter) WriteSecrets(s Secret) error {
	if len(s.Data) > MaxSecrets-secretsMinimum-3 {
		return fmt.Errorf("pcapng: secrets of %d bytes are more than %d", len(s.Data), MaxSecrets)
	}
	w.begin(blockSecrets)
	w.u32(s.Type)
	w.u32(uint32(len(s.Data)))
	return w.endAround(len(w.block), s.Data)
}

// WriteStatistics appends an interface statistics block; at is the time of the
// counts in nanoseconds since the epoch, held at the interface's Offset if earlier.
func (w *NgWriter) WriteStatistics(s Statistics, at int64) error {
	if uint64(s.Interface) >= uint64(len(w.ifaces)) {
		return fmt.Errorf("pcapng: statistics of interface %d, which was not added", s.Interface)
	}
	offset := w.ifaces[s.Interface].Offset * 1_000_000_000
	time := func(at int64) (high, low uint32) {
		ticks := uint64(max(at, offset)) - uint64(offset)
		return uint32(ticks >> 32), uint32(ticks)
	}
	w.begin(blockStatistics)
	w.u32(s.Interface)
	high, low := time(at)
	w.u32(high)
	w.u32(low)
	for i, at := range [...]int64{s.Start, s.End} {
		if at != 0 {
			high, low := time(at)
			w.option(optStatsStart+uint16(i), binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, high), low))
		}
	}
	w.count(optStatsReceived, s.Received)
	w.count(optStatsDropped, s.Dropped)
	w.count(optStatsOSDrop, s.OSDropped)
	return w.end()
}

// Flush writes what is buffered.
func (w *NgWriter) Flush() error { return w.w.Flush() }

// begin starts a block; its length is filled in by endAround.
func (w *NgWriter) begin(typ uint32) {
	w.block = w.block[:0]
	w.u32(typ)
	w.u32(0)
}

func (w *NgWriter) end() error { return w.endAround(len(w.block), nil) }

// endAround writes the block with data, padded, inserted at offset at: the
// captured bytes are not copied into the block first. What goes on in one write
// are whole blocks, so that a crash between two leaves a whole file.
func (w *NgWriter) endAround(at int, data []byte) error {
	total := uint32(len(w.block) + padded(len(data)) + 4)
	binary.LittleEndian.PutUint32(w.block[4:], total)
	w.u32(total)
	if w.w.Available() < int(total) {
		if err := w.w.Flush(); err != nil {
			return err
		}
	}
	if int(total) <= w.w.Available() {
		b := append(w.w.AvailableBuffer(), w.block[:at]...)
		b = append(append(b, data...), w.zero[:padded(len(data))-len(data)]...)
		_, err := w.w.Write(append(b, w.block[at:]...)) // it is in its place already
		return err
	}
	for _, part := range [...][]byte{w.block[:at], data, w.zero[:padded(len(data))-len(data)], w.block[at:]} {
		if _, err := w.w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

func padded(n int) int { return (n + 3) &^ 3 }

func (w *NgWriter) u16(v uint16) { w.block = binary.LittleEndian.AppendUint16(w.block, v) }
func (w *NgWriter) u32(v uint32) { w.block = binary.LittleEndian.AppendUint32(w.block, v) }
func (w *NgWriter) u64(v uint64) { w.block = binary.LittleEndian.AppendUint64(w.block, v) }

// option appends one option. Values beyond the format's 65,535 bytes are cut.
func (w *NgWriter) option(code uint16, v []byte) {
	v = v[:min(len(v), math.MaxUint16)]
	w.u16(code)
	w.u16(uint16(len(v)))
	w.block = append(w.block, v...)
	for range padded(len(v)) - len(v) {
		w.block = append(w.block, 0)
	}
}

func (w *NgWriter) text(code uint16, v string) {
	if v != "" {
		w.option(code, []byte(v))
	}
}

func (w *NgWriter) count(code uint16, n int64) {
	if n >= 0 {
		w.option(code, binary.LittleEndian.AppendUint64(nil, uint64(n)))
	}
}
