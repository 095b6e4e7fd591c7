// Package capture is the ground floor of the packet path: what a captured
// packet is, and where packets come from.
//
//	file, standard input ─ pcapfile.Reader ─┐
//	interface ─────────── live.Handle ──────┼─ Source.Next ─► Packet ─► packet.Decode
//	several of them ───── pcapfile.Merge ───┘
//
// Byte ownership is stated with three words throughout the project.
// Borrowed: valid until the call returns, or until the next Next. Aliases: the
// result shares the argument's array. Owned: the caller's for ever.
package capture

import (
	"fmt"
	"time"
)

// Packet is one captured frame, as the container or the interface delivered it.
type Packet struct {
	// Number counts packets from 1 in the order in which the source delivers them.
	Number uint64
	// Time is the capture time in nanoseconds since the Unix epoch.
	Time int64
	// OrigLen is the length on the wire in bytes. It is at least len(Data),
	// unless the container lied; then it is set to len(Data).
	OrigLen uint32
	// Interface is the index of the capturing interface within the source.
	Interface uint32
	// Link says how Data begins.
	Link LinkType
	// FCSLen is the number of bytes of frame check sequence at the end of the
	// frame on the wire (0 to 15), where the container declares it.
	FCSLen uint8
	// Direction is that of the packet at the capturing interface, where it is known.
	Direction Direction
	// Data is the captured part of the frame, borrowed until the next Next.
	Data []byte
}

// Direction says whether a packet came in at the capturing interface or went out.
type Direction uint8

// The directions.
const (
	NoDirection Direction = iota // the source does not say
	Inbound                      // received by the capturing host, or seen in promiscuous mode
	Outbound                     // sent by the capturing host
)

// Timestamp returns the capture time in UTC.
func (p *Packet) Timestamp() time.Time { return time.Unix(0, p.Time).UTC() }

// Source delivers packets one by one.
//
// Next returns io.EOF only at a true end. Input that is damaged or cut short
// ends in an *InputError, after every whole packet before the damage was
// delivered. After an error, Next returns the same error again. The packet's
// Data is borrowed until the next call.
type Source interface {
	Next() (Packet, error)
}

// InputError says that an input could not be read to its end: where, and why.
type InputError struct {
	// Name is the file's name, or "standard input".
	Name string
	// Offset is the byte offset of the damage in the (decompressed) input, or
	// negative where no offset applies.
	Offset int64
	// Truncated is true when the input ends inside a record: it was cut short.
	// Otherwise its content is damaged, or it is no capture at all.
	Truncated bool
	// Err is the cause.
	Err error
}

func (e *InputError) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("%s: %v", e.Name, e.Err)
	}
	return fmt.Sprintf("%s: byte %d: %v", e.Name, e.Offset, e.Err)
}

// Unwrap returns the cause.
func (e *InputError) Unwrap() error { return e.Err }
