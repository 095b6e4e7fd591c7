package dissect_test

import (
	"bytes"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// against are the captures that are read with tshark too, and where it is known
// to go wrong: then a difference is expected, and its absence is logged.
var against = []struct{ file, wrong string }{
	{"websockets-plain.pcap", ""},
	{"capture-forms-ipv6.pcap", ""},
	{"capture-forms-nano.pcap", ""},
	{"capture-forms-ng.pcapng", ""},
	{"capture-forms-any-sll1.pcap", ""},
	{"capture-forms-any-sll2.pcap", ""},
	{"endings.pcap", ""},
	{"midstream.pcap", "a connection without its handshake is not recognised as WebSocket"},
	{"websockets-deflate-takeover.pcap", ""},
	{"websockets-deflate-no-takeover.pcap", ""},
	{"websockets-deflate-bits.pcap", ""},
	{"websockets-deflate-offer-declined.pcap", ""},
	{"websockets-deflate-client-nct-only.pcap", "4.0 binds the inflation of the client's messages to the server's parameters"},
	{"socketio-aiohttp.pcap", ""},
	{"lossy-v4.pcap", "reordered frames are lost with default preferences"},
}

// Where tshark 4.0 goes wrong message by message; what it shows then is counted
// and not held against.
const (
	emptyIsNUL = "an empty compressed message is shown as one NUL"
	lostWindow = "compressed fragments that end in an empty frame are not inflated: with context takeover, what follows refers to them"
)

// shark is a frame as tshark shows it.
type shark struct {
	from, to string // endpoints
	fin      bool
	opcode   uint8
	payload  []byte
}

// TestAgainstTshark compares the opcode and the payload, unmasked and
// decompressed, of each message of one frame, in order. Fragmented messages are
// left out: tshark 4.0 never shows one that ends in an empty frame.
func TestAgainstTshark(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed: there is nothing to compare with")
	}
	version, err := exec.Command(tshark, "--version").Output()
	if err != nil {
		t.Skipf("tshark does not run: %v", err)
	}
	first, _, _ := strings.Cut(string(version), "\n")
	t.Log(first)
	for _, a := range against {
		t.Run(a.file, func(t *testing.T) {
			path := filepath.Join(pcaps, a.file)
			out, err := exec.Command(tshark, "-n", "-r", path, "-Y", "websocket", "-T", "pdml").Output()
			if err != nil {
				t.Skipf("tshark does not read it: %v", err)
			}
			frames, err := readPDML(bytes.NewReader(out))
			if err != nil {
				t.Fatal(err)
			}
			compared, known, differ := compareWithTshark(t, path, frames)
			for what, n := range known {
				t.Logf("%d times: %s", n, what)
			}
			switch {
			case a.wrong == "":
				for _, d := range differ {
					t.Error(d)
				}
				if compared == 0 {
					t.Error("nothing was compared")
				}
			case len(differ) == 0:
				t.Logf("no difference with this tshark, though: %s", a.wrong)
			default:
				t.Logf("%d differences, as expected: %s", len(differ), a.wrong)
			}
			t.Logf("%d messages compared", compared)
		})
	}
}

// compareWithTshark returns how many messages there are, how many of them differ
// for known reasons, and what else differs.
func compareWithTshark(t *testing.T, path string, frames []shark) (compared int, known map[string]int, differ []string) {
	known = map[string]int{}
	shown := map[string][]shark{}
	for _, f := range frames {
		if f.fin && f.opcode != 0 {
			shown[f.from+" > "+f.to] = append(shown[f.from+" > "+f.to], f)
		}
	}
	for _, c := range analyzeFile(t, path).Conns {
		ends := [2]string{c.Connection.Client, c.Connection.Server}
		for side := range ends {
			theirs := shown[ends[side]+" > "+ends[1-side]]
			ours := c.Messages[side]
			i, fragmented := 0, false
			for _, m := range ours {
				fragmented = fragmented || m.D.Compressed && m.D.Frames > 1
				if m.D.Frames != 1 || !m.D.Complete {
					continue
				}
				compared++
				at := fmt.Sprintf("conn %d %v message %d", c.Number, event.Side(side), m.D.Number)
				if i == len(theirs) {
					differ = append(differ, at+": not shown")
					continue
				}
				s := theirs[i]
				i++
				switch {
				case s.opcode == m.D.Opcode && bytes.Equal(s.payload, m.D.Payload):
				case m.D.Compressed && m.D.Length == 0 && string(s.payload) == "\x00":
					known[emptyIsNUL]++
				case m.D.Compressed && fragmented && s.opcode == m.D.Opcode:
					known[lostWindow]++
				default:
					differ = append(differ, fmt.Sprintf("%s: opcode %d, %d bytes %.40x; tshark: opcode %d, %d bytes %.40x",
						at, m.D.Opcode, len(m.D.Payload), m.D.Payload, s.opcode, len(s.payload), s.payload))
				}
			}
			if i < len(theirs) {
				differ = append(differ, fmt.Sprintf("conn %d %v: tshark shows %d more", c.Number, event.Side(side), len(theirs)-i))
			}
		}
	}
	return compared, known, differ
}

// readPDML takes the WebSocket frames from tshark's XML: fields stand in the
// order of the packet, and a frame's payload behind its header.
func readPDML(r io.Reader) ([]shark, error) {
	var out []shark
	var ip, port [2]string
	for d := xml.NewDecoder(r); ; {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("tshark's PDML: %w", err)
		}
		start, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		a := map[string]string{}
		for _, at := range start.Attr {
			a[at.Name.Local] = at.Value
		}
		switch {
		case start.Name.Local == "proto" && a["name"] == "websocket":
			out = append(out, shark{from: join(ip[0], port[0]), to: join(ip[1], port[1])})
		case start.Name.Local != "field":
		case a["name"] == "ip.src", a["name"] == "ipv6.src":
			ip[0] = a["show"]
		case a["name"] == "ip.dst", a["name"] == "ipv6.dst":
			ip[1] = a["show"]
		case a["name"] == "tcp.srcport":
			port[0] = a["show"]
		case a["name"] == "tcp.dstport":
			port[1] = a["show"]
		case len(out) > 0:
			if err := out[len(out)-1].field(a); err != nil {
				return nil, err
			}
		}
	}
}

func join(ip, port string) string {
	if strings.Contains(ip, ":") {
		ip = "[" + ip + "]"
	}
	return ip + ":" + port
}

// field adds what a field says to the frame.
func (s *shark) field(a map[string]string) error {
	switch a["name"] {
	case "websocket.fin":
		s.fin = a["show"] == "1" || a["show"] == "True"
	case "websocket.opcode":
		op, err := strconv.ParseUint(a["show"], 10, 8)
		s.opcode = uint8(op)
		return err
	case "websocket.payload.text", "websocket.payload.ping", "websocket.payload.pong", "data.data",
		"websocket.payload.close.status_code", "websocket.payload.close.reason":
		b, err := hex.DecodeString(a["value"])
		s.payload = append(s.payload, b...)
		return err
	}
	return nil
}
