package dissect_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"testing"

	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/pcaps/gen/manifest"
	"github.com/sockeye-dev/sockeye/pcaps/gen/profile"
	"github.com/sockeye-dev/sockeye/pcaps/gen/track"
	"github.com/sockeye-dev/sockeye/pcaps/truth"
)

// figures sum up what was compared with a manifest.
type figures struct {
	conns, wholeDirs, lossyDirs int
	messages                    int // in directions without loss
	whole, recovered, marked    int // in directions with loss: whole ones; found true; found and marked
	midstream                   int
	few                         int // in midstream with too little in them to be recognised
}

func (n *figures) String() string {
	return fmt.Sprintf("%d connections (%d in midstream, %d more unrecognisable); %d directions without loss, %d messages in them; %d with loss, %d whole messages in them, %d recovered (%.2f %%), %d more marked",
		n.conns, n.midstream, n.few, n.wholeDirs, n.messages, n.lossyDirs, n.whole, n.recovered, 100*float64(n.recovered)/float64(max(1, n.whole)), n.marked)
}

// TestManifests holds the analysis of generated captures against what was generated.
func TestManifests(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(pcaps, "*.manifest.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no manifest in %s: %v", pcaps, err)
	}
	for _, path := range files {
		t.Run(baseName(path, ".manifest.json"), func(t *testing.T) {
			m, err := manifest.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			// The snap length of messy-small leaves many frames alone between holes.
			holdManifest(t, m, filepath.Join(pcaps, m.Capture), 99)
		})
	}
}

// TestLargeManifests generates captures that are too large to keep.
func TestLargeManifests(t *testing.T) {
	if testing.Short() {
		t.Skip("large captures are generated and analysed: not with -short")
	}
	for _, c := range []profile.Config{
		{Profile: "messy", Seed: 77, Size: 20e6},
		{Profile: "deflate", Seed: 78, Size: 4e6},
		{Profile: "chat", Seed: 79, Size: 4e6},
		{Profile: "manyconn", Seed: 80, Connections: 2000},
	} {
		t.Run(c.Profile, func(t *testing.T) {
			c.Capture, c.Detail = c.Profile+".pcap", track.Messages
			dir := t.TempDir()
			pcap, list := filepath.Join(dir, c.Capture), filepath.Join(dir, c.Profile+".manifest.json")
			var files [2]*os.File
			for i, path := range []string{pcap, list} {
				f, err := os.Create(path)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				files[i] = f
			}
			if _, err := profile.Run(c, files[0], files[1]); err != nil {
				t.Fatal(err)
			}
			m, err := manifest.Load(list)
			if err != nil {
				t.Fatal(err)
			}
			holdManifest(t, m, pcap, 99)
		})
	}
}

// holdManifest demands a share of the messages that are whole although their
// direction has holes, in percent, and everything where there are none.
func holdManifest(t *testing.T, m *manifest.Manifest, capture string, share int) {
	t.Helper()
	r := analyzeFile(t, capture)
	if len(r.Order) != len(m.Connections) {
		t.Errorf("%d connections, want %d", len(r.Order), len(m.Connections))
	}
	if len(m.Connections) == 0 {
		t.Fatal("the manifest lists no connection")
	}
	var n figures
	for i := range m.Connections {
		if i%50 == 0 && t.Failed() {
			t.Fatalf("given up after %d connections", i)
		}
		w := &m.Connections[i]
		c := r.Conns[w.ID]
		if c == nil || c.Connection == nil {
			t.Errorf("connection %d was not found", w.ID)
			continue
		}
		n.conns++
		if w.Midstream {
			n.midstream++
		}
		if messages := w.C2S.Messages + w.S2C.Messages; w.Midstream && messages < 3 && c.Connection.Protocol == "raw" {
			n.few++ // a frame or two prove nothing: raw is no lie
			continue
		}
		holdConnection(t, w, c)
		for side, d := range []*manifest.Direction{&w.C2S, &w.S2C} {
			holdDirection(t, w, d, c, event.Side(side), &n)
		}
	}
	t.Log(&n)
	if n.recovered*100 < n.whole*share {
		t.Errorf("want %d %% of the messages that are whole in the capture", share)
	}
}

func holdConnection(t *testing.T, w *manifest.Connection, c *truth.Conn) {
	t.Helper()
	g := c.Connection
	protocol := w.Protocol
	if w.C2S.StreamBytes+w.S2C.StreamBytes == 0 {
		protocol = "raw" // nothing was said
	}
	for _, f := range []struct{ what, got, want string }{
		{"client", g.Client, w.Client}, {"server", g.Server, w.Server}, {"protocol", g.Protocol, protocol},
		{"state", g.State, w.State}, {"closed by", g.ClosedBy.String(), w.ClosedBy},
		{"midstream", fmt.Sprint(g.Midstream), fmt.Sprint(w.Midstream)}, {"packets", fmt.Sprint(g.Packets), fmt.Sprint(w.Packets)},
	} {
		if f.got != f.want {
			t.Errorf("connection %d %v: %s is %q, want %q", w.ID, w.Tags, f.what, f.got, f.want)
		}
	}
}

func holdDirection(t *testing.T, w *manifest.Connection, d *manifest.Direction, c *truth.Conn, side event.Side, n *figures) {
	t.Helper()
	at := fmt.Sprintf("connection %d %v, %v", w.ID, w.Tags, side)
	stream := c.Stream(side)
	if got := uint64(len(stream)) + c.Connection.Missing[side]; got != d.StreamBytes {
		t.Errorf("%s: %d bytes and holes, want %d", at, got, d.StreamBytes)
	}
	if c.Connection.Missing[side] != d.LostBytes {
		t.Errorf("%s: %d bytes missing, want %d", at, c.Connection.Missing[side], d.LostBytes)
	}
	if d.LostBytes == 0 {
		n.wholeDirs++
		if d.StreamBytes > 0 && sum(stream) != d.StreamSHA256 {
			t.Errorf("%s: the stream's digest differs", at)
		}
		if !w.Midstream {
			holdWhole(t, at, d, c, side)
			n.messages += int(d.Messages)
			return
		}
	} else {
		n.lossyDirs++
	}
	if len(d.List) > 0 || d.Messages == 0 {
		holdList(t, at, d, c, side, n)
	}
}

// holdWhole demands every message of a direction, byte for byte.
func holdWhole(t *testing.T, at string, d *manifest.Direction, c *truth.Conn, side event.Side) {
	t.Helper()
	var digest hash.Hash = sha256.New()
	complete, incomplete, length := uint64(0), uint64(0), uint64(0)
	for _, m := range c.Messages[side] {
		if !m.D.Complete {
			incomplete++
			continue
		}
		complete++
		length += m.D.Length
		digest.Write(m.D.Payload)
		if m.D.Missing != 0 || m.D.Undecoded != "" || m.D.Truncated != 0 {
			t.Errorf("%s: message %d is marked without loss: %s", at, m.D.Number, messageLine(m.D))
		}
	}
	if complete != d.Messages || incomplete != d.Incomplete || length != d.MessageBytes {
		t.Errorf("%s: %d messages of %d bytes, %d incomplete; want %d of %d, %d", at, complete, length, incomplete, d.Messages, d.MessageBytes, d.Incomplete)
	} else if complete > 0 && hex.EncodeToString(digest.Sum(nil)) != d.MessageSHA256 {
		t.Errorf("%s: the digest of all messages differs", at)
	}
}

// holdList demands that every message of a direction with loss is true or
// marked, and counts those that are whole in the capture.
func holdList(t *testing.T, at string, d *manifest.Direction, c *truth.Conn, side event.Side, n *figures) {
	t.Helper()
	want := map[int64]*manifest.Message{}
	for i := range d.List {
		want[d.List[i].Offset] = &d.List[i]
	}
	found := map[int64]*event.Message{}
	for _, m := range c.Messages[side] {
		m := m.D
		found[int64(m.Offset)] = m
		if !m.Complete || m.Missing > 0 || m.Undecoded != "" {
			continue
		}
		w := want[int64(m.Offset)]
		if w == nil && c.Connection.Midstream && (len(d.List) == 0 || int64(m.Offset) < d.List[0].Offset) {
			continue // sent before the capture began, captured all the same: not listed
		}
		if w == nil || w.Length != m.Length || w.SHA256 != sum(m.Payload) || w.Type != opcodeName(m.Opcode) {
			t.Errorf("%s: a message that was not sent, or not so: %s, want %+v", at, messageLine(m), w)
		}
	}
	for offset, w := range want {
		if !w.Whole || offset < 0 {
			continue
		}
		n.whole++
		switch m := found[offset]; {
		case m == nil:
			t.Logf("%s: not found: %+v", at, *w)
		case m.Undecoded != "" && w.Compressed:
			n.recovered++ // found; its window is not
			n.marked++
		case m.Complete && m.Missing == 0:
			n.recovered++
		}
	}
}

func opcodeName(op uint8) string {
	return map[uint8]string{1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}[op]
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// TestPayloadWanted runs with previews only: events keep no more than asked for.
func TestPayloadWanted(t *testing.T) {
	whole := analyzeFile(t, filepath.Join(pcaps, "websockets-plain.pcap"))
	for _, p := range []event.Payload{event.PayloadNone, event.PayloadPreview} {
		f, err := pcapfile.Open(filepath.Join(pcaps, "websockets-plain.pcap"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		part, limit := analyzeWanting(t, f, p), map[event.Payload]int{event.PayloadPreview: event.PreviewBytes}[p]
		compared := 0
		for n, c := range whole.Conns {
			for side := range c.Messages {
				for i, m := range c.Messages[side] {
					g := part.Conns[n].Messages[side][i].D
					compared++
					keep := min(len(m.D.Payload), max(limit, controlLimit(m.D.Opcode)))
					if !bytes.Equal(g.Payload, m.D.Payload[:keep]) || g.Length != m.D.Length || g.Text != m.D.Text {
						t.Errorf("conn %d %v message %d: %d of %d bytes kept, want %d", n, event.Side(side), m.D.Number, len(g.Payload), g.Length, keep)
					}
				}
			}
		}
		if compared == 0 {
			t.Error("nothing was compared")
		}
	}
}

func controlLimit(op uint8) int {
	if op >= 8 {
		return 125
	}
	return 0
}
