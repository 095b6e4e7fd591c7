package http1

import (
	"bytes"
	"errors"
)

// ErrHeadTooLarge says that no end of a head was found within Limits.HeadBytes.
var ErrHeadTooLarge = errors.New("http1: head larger than the limit")

// Scanner finds the end of a head in a prefix that grows. It remembers how far
// it looked, so the work for each call is proportional to the new bytes. The
// zero value is ready.
type Scanner struct {
	Limits Limits

	scanned int  // bytes of the prefix that were looked at
	line    int  // where the line begins that is not yet complete
	started bool // a line that is not empty was seen
}

// Scan looks for the end of a head at the start of b: an empty line after the
// start line (RFC 9112 §2.1). Each call gets the same bytes as the one before,
// and perhaps more after them, until n > 0: the head is then b[:n], empty line
// included, and the Scanner is ready for the next head. n == 0 without an error
// means that more bytes are needed. Lines may end in CRLF or bare LF; empty
// lines before the start line belong to the head (§2.2).
//
// The error is ErrHeadTooLarge, after which the Scanner is ready again too. It
// does not depend on how the bytes are divided over calls.
func (s *Scanner) Scan(b []byte) (n int, err error) {
	limit := s.Limits.headBytes()
	in := b[:min(len(b), limit)]
	for s.scanned < len(in) {
		i := bytes.IndexByte(in[s.scanned:], '\n')
		if i < 0 {
			s.scanned = len(in)
			break
		}
		end := s.scanned + i
		empty := isEmptyLine(in[s.line:end])
		s.scanned, s.line = end+1, end+1
		if empty && s.started {
			s.Reset()
			return end + 1, nil
		}
		s.started = s.started || !empty
	}
	if len(b) >= limit {
		s.Reset()
		return 0, ErrHeadTooLarge
	}
	return 0, nil
}

// Started tells whether the beginning of the head was looked at already.
func (s *Scanner) Started() bool { return s.scanned > 0 }

// Reset forgets what was scanned, so that the next call of Scan starts a new head.
func (s *Scanner) Reset() { s.scanned, s.line, s.started = 0, 0, false }

// isEmptyLine tells whether a line without its LF is empty.
func isEmptyLine(line []byte) bool {
	return len(line) == 0 || len(line) == 1 && line[0] == '\r'
}
