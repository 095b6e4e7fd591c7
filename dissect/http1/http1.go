// Package http1 reads HTTP/1.x messages (RFC 9112) from bytes that somebody
// else's client and server exchanged. It knows nothing of packets.
//
//	first bytes ─► LooksLikeRequest / LooksLikeResponse ─► Verdict
//	growing prefix ─► Scanner.Scan ─► head ─► ParseRequest / ParseResponse ─► Request / Response
//	                                              └ Problems: what the sender should not have written
//	                     └ Parser.WholeRequest / WholeResponse: the same at once, of heads in which nothing is wrong
//	Request / Response ─► RequestBody / ResponseBody ─► Body ─► Step, Consume, Skip ─► end of the message
//
// A wrong message is still read wherever its meaning is clear: parsing comes
// first, judgement second. What RFC 9112 forbids is kept as a Problem.
//
// Results are owned: nothing in a Request or Response refers to the bytes it
// was parsed from. Only the data that Body.Step returns aliases its argument.
package http1

import "fmt"

// Verdict says what is known from a prefix of a stream.
type Verdict uint8

// Verdicts. No and Yes are final: more bytes never change them.
const (
	No    Verdict = iota // it is not this protocol
	Maybe                // nothing speaks against it, more bytes are needed
	Yes                  // it is
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

// Request is the head of a request.
type Request struct {
	Method       string // as written; methods are case-sensitive (RFC 9110 §9.1)
	Target       string // as written: origin, absolute, authority or asterisk form (RFC 9112 §3.2)
	Major, Minor int    // of the HTTP version, 0 to 9 each
	Head
}

// Response is the head of a response.
type Response struct {
	Major, Minor int    // of the HTTP version, 0 to 9 each
	Status       int    // 100 to 999
	Reason       string // as written, trimmed; often empty
	Head
}

// Head is what requests and responses have in common.
type Head struct {
	Headers Headers
	// Problems lists what is wrong with the head's syntax, in the order of the
	// lines; at most MaxProblems of them.
	Problems []Problem
	// MoreProblems counts those that were not kept.
	MoreProblems int

	names names // of Headers, as they were parsed
}

// ProblemKind says what a message's syntax or framing does that RFC 9112 forbids.
type ProblemKind uint8

// Kinds of problems.
const (
	LeadingEmptyLine  ProblemKind = iota // empty line before the start line (RFC 9112 §2.2)
	BareLF                               // line ends in LF without CR (§2.2)
	BareCR                               // CR that is not followed by LF (§2.2)
	StartLineSpace                       // start line not divided by single spaces, or a target with white space (§3, §3.2)
	SpaceAfterStart                      // white space between the start line and the first field (§2.2)
	ObsFold                              // field value folded over several lines (§5.2)
	SpaceBeforeColon                     // white space between field name and colon (§5.1)
	NoColon                              // field line without a colon (§5)
	BadName                              // field name empty or not a token (§5, RFC 9110 §5.6.2)
	BadValue                             // control character in a field value (RFC 9110 §5.5)
	LengthAndEncoding                    // Content-Length beside Transfer-Encoding (§6.2)
	LengthRepeated                       // Content-Length several times with equal values (§6.3)
	LengthConflict                       // Content-Length several times with other values (§6.3)
	LengthInvalid                        // Content-Length is no number, or above 2^64-1 (§6.3)
	EncodingNotFinal                     // Transfer-Encoding whose last coding is not chunked, or chunked twice (§6.1, §6.3)
	EncodingVersion                      // Transfer-Encoding in HTTP/1.0 (§6.1)
	EncodingForbidden                    // Transfer-Encoding in a 1xx or 204 response (§6.1)
	numProblemKinds   = iota
)

var problemNames = [numProblemKinds]string{
	"empty line before the start line", "bare LF", "bare CR", "white space in the start line",
	"white space after the start line", "folded field value", "white space before the colon",
	"field line without colon", "field name is no token", "control character in a field value",
	"Content-Length beside Transfer-Encoding", "Content-Length repeated", "Content-Length values in conflict",
	"Content-Length is no number", "Transfer-Encoding does not end in chunked",
	"Transfer-Encoding in HTTP/1.0", "Transfer-Encoding where no body is allowed",
}

func (k ProblemKind) String() string {
	if int(k) < len(problemNames) {
		return problemNames[k]
	}
	return fmt.Sprintf("problem-%d", uint8(k))
}

// Problem is one thing that the sender should not have written.
type Problem struct {
	Kind ProblemKind
	// Line counts from 1 in the head, empty lines before the start line
	// included; 0 for problems of the body.
	Line int
	// Offset of the line's first byte in the head; of a problem within a body,
	// of the byte itself, counted from the head's end.
	Offset uint64
	// Text is the line, without its end, or its first MaxProblemText bytes;
	// for lengths and codings the field's value.
	Text string
}

func (p Problem) String() string {
	if p.Line == 0 {
		return fmt.Sprintf("%v: %q", p.Kind, p.Text)
	}
	return fmt.Sprintf("line %d: %v: %q", p.Line, p.Kind, p.Text)
}

// SyntaxError says why a head or a body could not be read.
type SyntaxError struct {
	Part   string // "request line", "status line", "chunk size", …
	Offset uint64 // of the offending byte, in the head or in the body
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("http1: %s at byte %d: %s", e.Part, e.Offset, e.Reason)
}
