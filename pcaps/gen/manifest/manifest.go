// Package manifest says what is in a generated capture, so that a test can hold
// an analyzer's results against it.
//
// A manifest NAME.manifest.json stands beside the capture NAME.pcap. Its
// figures come from what the generator sent, never from reading the capture.
package manifest

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
)

// Schema is the version of the format.
const Schema = 1

// Manifest describes one capture.
type Manifest struct {
	Schema      int    `json:"schema"`
	Capture     string `json:"capture,omitempty"` // file name, without a directory
	Profile     string `json:"profile"`           // the profile, or "scene"
	Description string `json:"description,omitempty"`
	// Expect says in words what an analyzer should make of it. Scenes only.
	Expect []string `json:"expect,omitempty"`
	Seed   uint64   `json:"seed"`
	Detail string   `json:"detail"` // "totals", "connections" or "messages"
	// Connections are sorted by ID. Empty with detail "totals".
	Connections []Connection `json:"connections"`
	Totals      Totals       `json:"totals"`
}

// Totals sums up a capture.
type Totals struct {
	Packets     uint64 `json:"packets"`
	FileBytes   int64  `json:"file_bytes"`
	Connections uint64 `json:"connections"` // TCP connections, the raw ones included
	WebSockets  uint64 `json:"websockets"`
	UDPPackets  uint64 `json:"udp_packets"`
	C2S         Sums   `json:"c2s"`
	S2C         Sums   `json:"s2c"`
}

// Sums are the totals of one direction of all connections.
type Sums struct {
	StreamBytes      uint64 `json:"stream_bytes"`
	LostBytes        uint64 `json:"lost_bytes"`
	Frames           uint64 `json:"frames"`
	Messages         uint64 `json:"messages"`
	MessageBytes     uint64 `json:"message_bytes"`
	MessagesAffected uint64 `json:"messages_affected"` // those of Messages that are not whole in the capture
}

// Connection is one TCP connection.
type Connection struct {
	// ID counts from 1 in order of first packet in the capture.
	ID     uint64 `json:"id"`
	Client string `json:"client"` // "ip:port", "[ip6]:port"
	Server string `json:"server"`
	// Protocol is "websocket", "http", "tls" or "raw".
	Protocol string `json:"protocol"`
	// Extensions are those the server accepted, as in its header.
	Extensions string `json:"extensions,omitempty"`
	// State is "open", "half-open", "closed" or "reset".
	State string `json:"state"`
	// ClosedBy is "client" or "server": who sent the first FIN or the RST.
	ClosedBy string `json:"closed_by,omitempty"`
	// Midstream is true when the capture holds no SYN of the connection.
	Midstream bool `json:"midstream,omitempty"`
	// Tags name the accidents on it, e.g. "retransmission", "vlan".
	Tags []string `json:"tags,omitempty"`
	// Rules are IDs of findings that the accidents call for. There may be others. Scenes only.
	Rules   []string  `json:"rules,omitempty"`
	Packets uint64    `json:"packets"`
	C2S     Direction `json:"c2s"`
	S2C     Direction `json:"s2c"`
}

// Direction is what one side sent.
type Direction struct {
	// StreamBytes and StreamSHA256 are of the TCP payload in order, as sent:
	// bytes that the capture lost are included. In midstream they begin with the
	// first captured byte; where nothing was captured, both are zero.
	StreamBytes  uint64 `json:"stream_bytes"`
	StreamSHA256 string `json:"stream_sha256,omitempty"`
	Frames       uint64 `json:"frames,omitempty"` // WebSocket frames of the complete messages
	// Messages counts complete WebSocket messages, control messages included, and
	// MessageSHA256 is of their payloads (unmasked, inflated), concatenated in the
	// order in which they were completed: a ping between fragments comes before
	// the fragmented message.
	Messages      uint64 `json:"messages,omitempty"`
	MessageBytes  uint64 `json:"message_bytes,omitempty"`
	MessageSHA256 string `json:"message_sha256,omitempty"`
	// Incomplete is 1 when the capture ends inside a message (which Messages and
	// the digest leave out).
	Incomplete uint64 `json:"incomplete,omitempty"`
	// LostBytes counts stream bytes of which the capture holds no copy; Lost are their ranges.
	LostBytes uint64 `json:"lost_bytes,omitempty"`
	Lost      []Hole `json:"lost,omitempty"`
	// Conflicts are stream ranges of which a later copy with other bytes is in
	// the capture. The digests are of the first copy.
	Conflicts []Range `json:"conflicts,omitempty"`
	// List holds every complete message in order of completion, where the
	// direction lost bytes or detail is "messages".
	List []Message `json:"list,omitempty"`
}

// Affected returns the numbers of the listed messages that are not whole in the capture.
func (d *Direction) Affected() []uint64 {
	var n []uint64
	for i := range d.List {
		if !d.List[i].Whole {
			n = append(n, d.List[i].Number)
		}
	}
	return n
}

// Range is a range of stream bytes.
type Range struct {
	Offset uint64 `json:"offset"`
	Length uint64 `json:"length"`
}

// Hole is a range of stream bytes that the capture lacks.
type Hole struct {
	Range
	Cause string `json:"cause"` // "lost" or "snaplen"
}

// Message is one WebSocket message.
type Message struct {
	// Number counts from 1 in order of first frames, in the direction; in
	// midstream, from the first message that ends within the capture.
	Number uint64 `json:"number"`
	Type   string `json:"type"`   // text, binary, close, ping, pong
	Length uint64 `json:"length"` // decoded payload
	SHA256 string `json:"sha256"` // of the decoded payload
	Frames uint64 `json:"frames"`
	// Offset is that of its first frame's header in the stream. It is negative
	// where the message began before a midstream capture did.
	Offset     int64 `json:"offset"`
	Compressed bool  `json:"compressed,omitempty"`
	// Whole is true when at least one copy of each of its bytes, headers
	// included, is in the capture.
	Whole bool `json:"whole"`
}

// Load reads a manifest.
func Load(path string) (*Manifest, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m := new(Manifest)
	if err := json.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if m.Schema != Schema {
		return nil, fmt.Errorf("%s: schema %d, want %d", path, m.Schema, Schema)
	}
	sort.Slice(m.Connections, func(i, j int) bool { return m.Connections[i].ID < m.Connections[j].ID })
	return m, nil
}
