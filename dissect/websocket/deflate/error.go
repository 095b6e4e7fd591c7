package deflate

import (
	"errors"
	"fmt"
)

// Cause is why a message does not inflate.
type Cause uint8

// Causes.
const (
	BlockType      Cause = iota + 1 // BTYPE 11, RFC 1951 §3.2.3
	StoredLength                    // LEN and NLEN disagree, §3.2.4
	CodeCount                       // more than 286 literal/length or 30 distance codes, §3.2.7
	Oversubscribed                  // a code set with more codes than its lengths can hold, §3.2.2
	Incomplete                      // a code set that leaves bit patterns unused (one single code of one bit is allowed)
	NoEndOfBlock                    // a code set without symbol 256
	Repeat                          // a code length repeated before the first, or past the last
	Symbol                          // a bit pattern without a symbol, length symbols 286 and 287, distance symbols 30 and 31
	TooFar                          // a distance beyond the first byte of the history
	UnknownHistory                  // a distance into history that was not captured or did not inflate
	Truncated                       // the payload ended inside a block
	OutputLimit                     // more output than Limits.MaxOutput
	RatioLimit                      // more output for so little input than Limits.Ratio
	NoMessage                       // Write or End without Begin, or after Lost
)

var causeText = [...]string{
	"unknown cause", "block type 3", "stored length and its complement disagree", "too many codes in the block header",
	"over-subscribed code set", "incomplete code set", "code set without end of block", "code length repeat out of place",
	"invalid symbol", "distance beyond the beginning of the history", "distance into unknown history",
	"payload ends inside a block", "message inflates to more than the limit", "compression ratio above the limit",
	"no message begun",
}

func (c Cause) String() string {
	if int(c) < len(causeText) {
		return causeText[c]
	}
	return fmt.Sprintf("cause %d", uint8(c))
}

// Errors to test for with errors.Is; the errors returned are *Error.
var (
	ErrLimit          = errors.New("deflate: limit exceeded")    // OutputLimit, RatioLimit
	ErrUnknownHistory = errors.New("deflate: history not known") // UnknownHistory
	ErrTruncated      = errors.New("deflate: payload truncated") // Truncated
)

// Error says what is wrong with a message and where. It is owned.
type Error struct {
	Cause    Cause
	Bit      uint64 // offset in the compressed payload, in bits: of the block, code set or symbol at fault; its byte is Bit/8
	Output   uint64 // bytes inflated before it; they are right and were delivered
	Distance int    // TooFar, UnknownHistory: the distance, 1 to 32768
	Known    int    // TooFar, UnknownHistory: bytes of history at that point, those of this message included
}

func (e *Error) Error() string {
	s := fmt.Sprintf("deflate: %v at byte %d bit %d of the payload, after %d bytes of output", e.Cause, e.Bit/8, e.Bit%8, e.Output)
	if e.Cause == TooFar || e.Cause == UnknownHistory {
		s += fmt.Sprintf(": distance %d, known %d", e.Distance, e.Known)
	}
	return s
}

// Is makes the package's Err values match their causes.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrLimit:
		return e.Cause == OutputLimit || e.Cause == RatioLimit
	case ErrUnknownHistory:
		return e.Cause == UnknownHistory
	case ErrTruncated:
		return e.Cause == Truncated
	}
	return false
}
