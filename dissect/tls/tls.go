// Package tls reads what TLS shows without keys (RFC 8446, RFC 5246): records,
// the hellos, alerts. It knows nothing of packets and decrypts nothing.
//
//	first bytes ─► LooksLikeTLS ─► Verdict
//	stream ─► ParseRecordHeader ─► record ─┬ handshake ─► Assembler ─► Message ─► ParseClientHello / ParseServerHello
//	                                       └ alert ─► ParseAlert
//
// Unknown numbers stay numbers; names are String methods. GREASE values
// (RFC 8701) are left out of all lists. Results of Parse functions are owned,
// except Message.Body, which is borrowed.
package tls

import "fmt"

// Sizes and limits.
const (
	// RecordHeaderLen is the length of a record's header in bytes (RFC 8446 §5.1).
	RecordHeaderLen = 5
	// MaxRecord is the largest length of a record's payload: 2^14 bytes and
	// what TLS 1.2 allows for expansion (RFC 5246 §6.2.3).
	MaxRecord = 1<<14 + 2048
	// MaxPlainRecord is the largest length of a record that is not encrypted.
	MaxPlainRecord = 1 << 14
	// MaxMessage is the largest handshake message that is assembled.
	MaxMessage = 64 << 10
)

// Verdict says what is known from a prefix of a stream.
type Verdict uint8

// Verdicts. No and Yes are final: more bytes never change them.
const (
	No    Verdict = iota // it is not TLS
	Maybe                // nothing speaks against it, more bytes are needed
	Yes                  // it is TLS
)

func (v Verdict) String() string {
	switch v {
	case No:
		return "no"
	case Maybe:
		return "maybe"
	case Yes:
		return "yes"
	}
	return fmt.Sprintf("verdict-%d", uint8(v))
}

// LengthError says that a field is longer than what holds it.
type LengthError struct {
	Message    string // "client hello", "server hello", …
	Field      string
	Offset     int // of the field in the message's body
	Need, Have int // bytes
}

func (e *LengthError) Error() string {
	return fmt.Sprintf("tls: %s: %s at byte %d needs %d bytes, has %d", e.Message, e.Field, e.Offset, e.Need, e.Have)
}

// isGREASE tells whether v is reserved for greasing: 0x0a0a, 0x1a1a, … (RFC 8701 §2).
func isGREASE(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }
