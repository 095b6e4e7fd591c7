// Package truth holds an analysis against what the endpoints themselves logged.
//
//	X.truth.json ─► Load ─► Capture ─┐
//	X.pcap ─► analyzer ─► Record ────┴► Check ─► Report: facts checked, differences
//
// A truth file stands beside its capture and says what the two endpoints sent
// and received; it was never derived from the capture.
package truth

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
)

// Capture is one truth file.
type Capture struct {
	Scenario    string       `json:"scenario"`
	Description string       `json:"description"`
	File        string       `json:"capture"` // file name of the capture, beside the truth file
	Keys        string       `json:"keys"`    // file name of a TLS key log, or empty
	Connections []Connection `json:"connections"`
	// SnapLen is the snap length of the capture; nil when packets are whole.
	SnapLen *uint64 `json:"snaplen"`
	Network struct {
		MirrorLost int `json:"mirror_lost"` // frames that the mirror port dropped: holes
	} `json:"network"`
	// SplitByLibrary: the number of frames of a message was chosen by the
	// library and is not known to the endpoints.
	SplitByLibrary any `json:"library_fragmentation"`

	dir string
}

// Endpoint is an address and a TCP port.
type Endpoint struct {
	IP   string `json:"ip"`
	Port uint16 `json:"port"`
}

// String returns "ip:port", "[ip6]:port".
func (e Endpoint) String() string {
	ip, err := netip.ParseAddr(e.IP)
	if err != nil {
		return fmt.Sprintf("%s:%d", e.IP, e.Port)
	}
	return netip.AddrPortFrom(ip, e.Port).String()
}

// Connection is one TCP connection, or one HTTP/2 stream of it, as its endpoints saw it.
type Connection struct {
	ID     int      `json:"id"`
	Case   string   `json:"case"` // name of a scripted case
	Client Endpoint `json:"client"`
	Server Endpoint `json:"server"`
	// Kind is websocket, websocket-h2, http, http2-refused, tls or raw.
	Kind string `json:"kind"`
	// Incarnation orders connections that used the same addresses and ports.
	Incarnation int                  `json:"incarnation"`
	Handshake   *Handshake           `json:"handshake"`
	TLS         *TLS                 `json:"tls"`
	Messages    map[string][]Message `json:"messages"` // by "c2s", "s2c"
	Frames      map[string][]Frame   `json:"frames"`   // as built, scripted peers only
	Raw         map[string]Stream    `json:"raw"`
	Violations  []Violation          `json:"violations"`
	TCPEnd      string               `json:"tcp_end"`
}

// Handshake is the opening handshake.
type Handshake struct {
	Path        string  `json:"path"`
	Status      int     `json:"status"` // 0: not known
	Subprotocol string  `json:"subprotocol"`
	Extensions  string  `json:"extensions"`
	H2Stream    *uint32 `json:"h2_stream_key"`
}

// TLS is what carried the connection.
type TLS struct {
	Version string `json:"version"`
	ALPN    string `json:"alpn"`
}

// Message is one WebSocket message as an endpoint sent it.
type Message struct {
	Type      string `json:"type"` // text, binary, close, ping, pong
	Length    uint64 `json:"length"`
	SHA256    string `json:"sha256"`
	Code      *int   `json:"code"`
	Reason    string `json:"reason"`
	Fragments []int  `json:"fragments"` // lengths; nil: not told
	InCapture *bool  `json:"in_capture"`
}

// Frame is one frame as a scripted peer built it.
type Frame struct {
	Opcode     uint8  `json:"opcode"`
	Fin        bool   `json:"fin"`
	RSV        uint8  `json:"rsv"`
	Masked     bool   `json:"masked"`
	MaskKey    string `json:"mask_key"`
	Length     uint64 `json:"length"`
	LengthForm int    `json:"length_form"`  // 7, 16 or 64; 0: the shortest
	CutTo      *int   `json:"cut_to_bytes"` // only so many bytes of the frame were sent
	Sent       *int   `json:"payload_bytes_sent"`
}

// HeaderBytes is the length of the frame's header on the wire.
func (f *Frame) HeaderBytes() int {
	form := f.LengthForm
	switch {
	case form != 0:
	case f.Length < 126:
		form = 7
	case f.Length < 65536:
		form = 16
	default:
		form = 64
	}
	n := map[int]int{7: 2, 16: 4, 64: 10}[form]
	if f.Masked {
		n += 4
	}
	return n
}

// begun tells whether the frame's whole header was sent, but not its whole payload.
func (f *Frame) begun() bool { return f.Sent != nil || f.CutTo != nil && *f.CutTo >= f.HeaderBytes() }

// headerSent tells whether the whole header was sent.
func (f *Frame) headerSent() bool { return f.CutTo == nil || *f.CutTo >= f.HeaderBytes() }

// Stream is one direction's TCP payload.
type Stream struct {
	Bytes  uint64 `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Violation is a rule that a scripted peer broke on purpose.
type Violation struct {
	Dir     string `json:"dir"`
	Where   string `json:"where"` // handshake, frame, …
	Frame   int    `json:"frame"` // index from 0
	Section string `json:"section"`
	What    string `json:"what"`
}

// Load reads a truth file.
func Load(path string) (*Capture, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c := &Capture{dir: filepath.Dir(path)}
	if err := json.Unmarshal(b, c); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Path is where the capture file is.
func (c *Capture) Path() string { return filepath.Join(c.dir, c.File) }
