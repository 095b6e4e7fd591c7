// Package event defines what the analyzer tells the world, and prints it.
//
//	dissector ─► Event{Detail} ─► Sink: JSON printer, text printer, statistics, inspector, tests
//
// An Event is owned, so that a sink may keep it for ever, unless the sink's Want
// says otherwise. Nothing in it refers to packet memory.
package event

import (
	"github.com/sockeye-dev/sockeye/capture/packet"
)

// Side is an endpoint's role in its connection.
type Side uint8

// The sides. Client is who sent the SYN, or who speaks as a client where no SYN was captured.
const (
	Client Side = iota
	Server
	NoSide // the event concerns the connection as a whole
)

func (s Side) String() string { return [...]string{"client", "server", "", ""}[s&3] }

// Other returns the peer.
func (s Side) Other() Side { return s ^ 1 }

// Kind is the kind of an event's detail, named in JSON's "kind".
type Kind uint8

// Kinds of events.
const (
	KindConnection Kind = iota
	KindHandshake
	KindFrame
	KindMessage
	KindData
	KindGap
	KindFinding
	NumKinds
)

func (k Kind) String() string {
	return [...]string{"connection", "handshake", "frame", "message", "data", "gap", "finding", "kind-7"}[k&7]
}

// Event is one thing that happened on a connection.
type Event struct {
	Time    int64     // ns since the epoch, of the packet that completed it
	Conn    uint64    // connection number, from 1 in order of first packet
	Stream  uint32    // HTTP/2 stream, 0 otherwise
	From    Side      // who sent it; of a finding: who is at fault
	Packets [2]uint64 // first and last packet that carried it; zero where it does not apply
	Detail  Detail
}

// Detail is one of *Connection, *Handshake, *Frame, *Message, *Data, *Gap, *Finding.
type Detail interface{ Kind() Kind }

// Sink takes events in order. It may keep them, but see Want.Borrowed.
type Sink interface{ Event(*Event) }

// SinkFunc is a function as a Sink.
type SinkFunc func(*Event)

// Event calls f.
func (f SinkFunc) Event(e *Event) { f(e) }

// Payload says how much payload a sink needs.
type Payload uint8

// Needs of a sink.
const (
	PayloadNone    Payload = iota // lengths and verdicts only
	PayloadPreview                // the first PreviewBytes of each message
	PayloadFull                   // all, up to the message limit
)

// PreviewBytes is how much payload is kept of a message for PayloadPreview.
const PreviewBytes = 512

// Want tells the analyzer what a sink will look at, so that nothing else is made.
type Want struct {
	Kinds   [NumKinds]bool
	Payload Payload
	// Borrowed says that the sink keeps no frame and no message, nor a message's
	// payload, once Event has returned: they are then made in memory that is used
	// again for the next one. Events of other kinds are owned all the same.
	Borrowed bool
	// EventsOnly says that the sink looks at nothing but its events, not at the
	// connections that they are of: then no more is noted of these than events need.
	EventsOnly bool
}

// Connection is one TCP connection, reported when it leaves the connection
// table: all its figures are final. Kind KindConnection.
type Connection struct {
	Start, End     int64  // capture times of its first and last packet, ns
	Client, Server string // "ip:port", "[ip6]:port"
	Protocol       string // raw, http, tls, websocket
	Layers         []string
	Guess          string
	State          string // open, half-open, closed, reset
	ClosedBy       Side   // NoSide while open
	Midstream      bool
	Packets        uint64
	Bytes          [2]uint64 // by Side: reassembled stream bytes
	Missing        [2]uint64 // by Side: stream bytes not captured
	Messages       [2]uint64 // by Side
	HasMessages    bool      // the connection is WebSocket: Messages apply
	Host, Path     string
	Status         int
	Subprotocol    string
	SNI, ALPN      string
	RTT            int64 // of the TCP handshake, ns; 0: not seen
	Errors         uint64
	Warnings       uint64
}

// Header is one HTTP header field as it stood on the wire, name and value trimmed.
type Header struct{ Name, Value string }

// Handshake is one WebSocket opening handshake, or an attempt that was refused.
// Kind KindHandshake.
type Handshake struct {
	Method, Target, HTTPVersion string // HTTPVersion as in "1.1"
	RequestHeaders              []Header
	Status                      int
	Reason                      string
	ResponseHeaders             []Header
	Accepted                    bool
	Key, Accept, AcceptExpected string
	Version, Origin, Host       string
	SubprotocolsOffered         []string
	Subprotocol                 string
	ExtensionsOffered           string // values joined with ", "
	Extensions                  string
	// The rest of the head was not captured: headers that are not here may have been sent.
	RequestCut, ResponseCut bool
	// Verdicts per HS rule, for people: rule, ok, what was seen. Empty until judged.
	Verdicts []Verdict
}

// Verdict is the outcome of one handshake rule.
type Verdict struct {
	Rule string
	OK   bool
	Text string
}

// Frame is one WebSocket frame (RFC 6455 §5.2). Kind KindFrame.
type Frame struct {
	Number       uint64 // from 1, per connection and direction
	Offset       uint64 // of its header in the direction's stream
	Fin          bool
	RSV          uint8 // 0 to 7; RSV1 is 4
	Opcode       uint8 // 0 to 15
	Masked       bool
	Mask         [4]byte
	Length       uint64 // declared payload length
	HeaderLength int
	Message      uint64 // the message it belongs to; 0: none
	Missing      uint64 // payload bytes not captured
}

// Message is one WebSocket message, data or control. Kind KindMessage.
type Message struct {
	Number     uint64 // from 1, per connection and direction, in order of first frames
	Opcode     uint8  // 1 text, 2 binary, 8 close, 9 ping, 10 pong
	Length     uint64 // payload after unmasking and inflating; includes Missing
	WireLength uint64
	Frames     uint64
	Masked     bool
	Compressed bool
	// Payload is what was kept of the payload: all of it, or up to the message
	// limit or the preview size. Missing bytes are zero.
	Payload []byte
	// Text is true for a text message whose whole payload is valid UTF-8,
	// whether or not all of it was kept.
	Text      bool
	Missing   uint64 // bytes not captured
	Truncated uint64 // bytes beyond the message limit: counted, not kept
	Complete  bool
	Undecoded string // why it could not be decompressed; Payload then is what was on the wire
	Type      string // what the payload is: subprotocol_type
	Latency   int64  // of a pong: ns since its ping; -1: not known
	Offset    uint64 // stream offset of its first frame's header
}

// CloseCode returns the status code of a close message and its reason; ok is
// false for any other message and for a close without a whole code (RFC 6455 §5.5.1).
func (m *Message) CloseCode() (code uint16, reason []byte, ok bool) {
	if m.Opcode != 8 || len(m.Payload) < 2 || m.Missing > 0 || m.Undecoded != "" {
		return 0, nil, false
	}
	return uint16(m.Payload[0])<<8 | uint16(m.Payload[1]), m.Payload[2:], true
}

// Data is a piece of a direction's stream, in order. Kind KindData.
type Data struct {
	Offset uint64
	Bytes  []byte
}

// Gap is a hole in a direction's stream. Kind KindGap.
type Gap struct {
	Offset, Length uint64
	Cause          string // lost, snaplen, limit, midstream
}

// Severity of a finding.
type Severity uint8

// Severities, as named in JSON.
const (
	Info Severity = iota
	Warning
	Error
)

func (s Severity) String() string { return [...]string{"info", "warning", "error", ""}[s&3] }

// Finding is one breach of a rule. Kind KindFinding.
type Finding struct {
	Rule      string
	Severity  Severity
	Frame     uint64 // 0: none
	Message   uint64 // 0: none
	Text      string // one sentence with the values seen
	Reference string // "RFC 6455 §5.1"
	Evidence  string
	Advice    string
}

// End is the last line of every JSON output.
type End struct {
	Packets, Connections, Messages, Findings uint64
	TruncatedInput                           bool
	Dropped                                  uint64
	// PacketsRead counts those that a capture filter kept from being analyzed, too;
	// 0: there was no such filter, Packets are all.
	PacketsRead uint64
}

// Kind implements Detail.
func (*Connection) Kind() Kind { return KindConnection }

// Kind implements Detail.
func (*Handshake) Kind() Kind { return KindHandshake }

// Kind implements Detail.
func (*Frame) Kind() Kind { return KindFrame }

// Kind implements Detail.
func (*Message) Kind() Kind { return KindMessage }

// Kind implements Detail.
func (*Data) Kind() Kind { return KindData }

// Kind implements Detail.
func (*Gap) Kind() Kind { return KindGap }

// Kind implements Detail.
func (*Finding) Kind() Kind { return KindFinding }

// FromDir maps a flow direction to a side, given the direction in which the client sends.
func FromDir(dir, client packet.Dir) Side {
	if dir == client {
		return Client
	}
	return Server
}
