package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/pcaps/gen/manifest"
	"github.com/sockeye-dev/sockeye/pcaps/gen/profile"
	"github.com/sockeye-dev/sockeye/pcaps/gen/track"
	"github.com/sockeye-dev/sockeye/pcaps/gen/ws"
)

// made is one capture and its manifest as bytes.
func made(t *testing.T, cfg profile.Config) (pcap, man []byte) {
	t.Helper()
	var p, m bytes.Buffer
	if _, err := profile.Run(cfg, &p, &m); err != nil {
		t.Fatal(err)
	}
	return p.Bytes(), m.Bytes()
}

func load(t *testing.T, b []byte) *manifest.Manifest {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.manifest.json")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSameSeedSameBytes(t *testing.T) {
	for _, p := range profile.Profiles() {
		cfg := profile.Config{Profile: p.Name, Seed: 9, Size: 1e6, Detail: track.Connections}
		pcap, man := made(t, cfg)
		pcap2, man2 := made(t, cfg)
		if !bytes.Equal(pcap, pcap2) || !bytes.Equal(man, man2) {
			t.Errorf("%s: two runs of a seed differ", p.Name)
		}
		cfg.Seed = 10
		if other, _ := made(t, cfg); bytes.Equal(pcap, other) {
			t.Errorf("%s: two seeds give the same capture", p.Name)
		}
	}
}

func TestPacketsLimit(t *testing.T) {
	pcap, man := made(t, profile.Config{Profile: "chat", Packets: 5000})
	_, n := readCapture(t, pcap)
	if m := load(t, man); n != m.Totals.Packets || int64(len(pcap)) != m.Totals.FileBytes || n < 4700 || n > 5050 {
		t.Errorf("%d packets, %d bytes in the capture; manifest says %+v", n, len(pcap), m.Totals)
	}
}

// TestManifests reads captures of every profile, and every kept one, with a
// second decoder and holds the result against the manifest.
func TestManifests(t *testing.T) {
	for _, p := range profile.Profiles() {
		size := map[string]int64{"bulk": 12e6, "messy": 4e6}[p.Name]
		t.Run(p.Name, func(t *testing.T) {
			pcap, man := made(t, profile.Config{Profile: p.Name, Seed: 4, Size: max(size, 2e6), Detail: track.Connections})
			compare(t, pcap, load(t, man))
		})
	}
	for _, g := range generated() {
		t.Run(g.name, func(t *testing.T) {
			var p, m bytes.Buffer
			if err := g.write(&p, &m); err != nil {
				t.Fatal(err)
			}
			compare(t, p.Bytes(), load(t, m.Bytes()))
		})
	}
}

func compare(t *testing.T, pcap []byte, m *manifest.Manifest) {
	t.Helper()
	var tags []string
	for i := range m.Connections {
		tags = append(tags, m.Connections[i].Tags...)
	}
	flows, packets := readCapture(t, pcap, tags...)
	if packets != m.Totals.Packets || len(flows) != len(m.Connections) {
		t.Fatalf("%d packets, %d connections; manifest says %d, %d", packets, len(flows), m.Totals.Packets, len(m.Connections))
	}
	for i, f := range flows {
		c := &m.Connections[i]
		if c.ID != uint64(i+1) {
			t.Fatalf("connection %d has ID %d", i+1, c.ID)
		}
		if f.ends[0] != c.Client { // the server's packet came first
			f.ends[0], f.ends[1] = f.ends[1], f.ends[0]
			f.dirs[0], f.dirs[1] = f.dirs[1], f.dirs[0]
		}
		if f.ends != [2]string{c.Client, c.Server} || f.packets != c.Packets {
			t.Fatalf("connection %d: %v with %d packets, manifest says %s %s %d", c.ID, f.ends, f.packets, c.Client, c.Server, c.Packets)
		}
		for dir, d := range []*manifest.Direction{&c.C2S, &c.S2C} {
			compareDir(t, c, dir, d, &f.dirs[dir])
		}
	}
}

func compareDir(t *testing.T, c *manifest.Connection, dir int, d *manifest.Direction, s *side) {
	t.Helper()
	at := func(format string, args ...any) {
		t.Helper()
		t.Errorf("connection %d %v direction %d: "+format, append([]any{c.ID, c.Tags, dir}, args...)...)
	}
	if uint64(len(s.data)) > d.StreamBytes {
		at("%d bytes, manifest says %d", len(s.data), d.StreamBytes)
		return
	}
	if lost := s.lost(d.StreamBytes); lost != d.LostBytes {
		at("%d bytes lost, manifest says %d: %v", lost, d.LostBytes, d.Lost)
	}
	for _, h := range d.Lost {
		for k := h.Offset; k < h.Offset+h.Length; k++ {
			if k < uint64(len(s.have)) && s.have[k] {
				at("byte %d is there, manifest says it is lost", k)
			}
		}
	}
	if conflict := len(d.Conflicts) > 0; conflict != (s.differ > 0) && !hasTag(c, "keep-alive") {
		at("%d differing bytes, manifest lists %v", s.differ, d.Conflicts)
	}
	compareList(t, c, d, s, dir)
	if d.LostBytes > 0 || d.StreamBytes == 0 {
		return
	}
	if got := digest(s.data); got != d.StreamSHA256 {
		at("stream digest %s, manifest says %s", got, d.StreamSHA256)
	}
	if c.Protocol != "websocket" || c.Midstream {
		return
	}
	bits, fresh := agreed(c.Extensions, dir)
	list, frames, err := readMessages(s.data, bits, fresh)
	if err != nil {
		at("%v", err)
		return
	}
	var all []byte
	for _, m := range list {
		all = append(all, m.payload...)
	}
	if d.Incomplete == 0 && (uint64(len(list)) != d.Messages || frames != d.Frames) {
		at("%d messages, %d frames; manifest says %d, %d", len(list), frames, d.Messages, d.Frames)
	}
	if d.Messages > 0 && (digest(all) != d.MessageSHA256 || uint64(len(all)) != d.MessageBytes) {
		at("the messages' digest differs")
	}
}

// compareList looks each uncompressed message of a list up at its offset.
func compareList(t *testing.T, c *manifest.Connection, d *manifest.Direction, s *side, dir int) {
	t.Helper()
	for _, m := range d.List {
		if m.Frames != 1 || m.Compressed || m.Offset < 0 {
			continue
		}
		if m.Offset >= int64(len(s.data)) {
			if m.Whole {
				t.Errorf("connection %d: message %d lies beyond the capture, yet is whole", c.ID, m.Number)
			}
			continue
		}
		_, _, op, payload, size := readFrame(s.data[m.Offset:])
		whole := size > 0
		for k := m.Offset; whole && k < m.Offset+int64(size); k++ {
			whole = s.have[k]
		}
		// A hole may give a header that reads otherwise: then nothing is whole either.
		if m.Whole && !whole || m.Whole && (ws.Name(op) != m.Type || uint64(len(payload)) != m.Length || digest(payload) != m.SHA256) {
			t.Errorf("connection %d direction %d: message %+v is not at its offset", c.ID, dir, m)
		}
		if !m.Whole && whole && digest(payload) == m.SHA256 {
			t.Errorf("connection %d direction %d: message %+v is whole", c.ID, dir, m)
		}
	}
}

func hasTag(c *manifest.Connection, tag string) bool {
	for _, t := range c.Tags {
		if t == tag {
			return true
		}
	}
	return false
}

// agreed reads window bits and context takeover of a direction out of the answer.
func agreed(extensions string, dir int) (bits int, fresh bool) {
	side := [...]string{"client", "server"}[dir]
	bits = 15
	for _, v := range []struct {
		text string
		bits int
	}{{"9", 9}, {"10", 10}, {"12", 12}} {
		if strings.Contains(extensions+";", side+"_max_window_bits="+v.text+";") {
			bits = v.bits
		}
	}
	return bits, strings.Contains(extensions, side+"_no_context_takeover")
}

// TestAccidents holds that the messy profile has every accident it promises.
func TestAccidents(t *testing.T) {
	_, man := made(t, profile.Config{Profile: "messy", Seed: 1, Size: 12e6, Detail: track.Connections})
	m := load(t, man)
	seen := map[string]int{}
	for i := range m.Connections {
		c := &m.Connections[i]
		for _, tag := range c.Tags {
			seen[tag]++
		}
		if c.Midstream {
			seen["midstream"]++
		}
		if c.Extensions != "" {
			seen["compressed"]++
		}
		seen[c.State]++
	}
	for _, tag := range []string{"network-loss", "retransmission", "resegmented", "reordering", "duplicate", "capture-loss",
		"overlap-conflict", "keep-alive", "rst-out-of-window", "fin-before-data", "snaplen", "tcp-fast-open", "port-reuse",
		"vlan", "qinq", "ipv6", "rst", "abandoned", "no-close-frame", "midstream", "compressed", "open", "closed", "reset"} {
		if seen[tag] == 0 {
			t.Errorf("no connection with %s", tag)
		}
	}
	if m.Totals.C2S.MessagesAffected == 0 || m.Totals.C2S.MessagesAffected > m.Totals.C2S.Messages/10 {
		t.Errorf("%d of %d messages affected by loss", m.Totals.C2S.MessagesAffected, m.Totals.C2S.Messages)
	}
}

// TestFilesAreWhatTheGeneratorMakes compares the kept captures with what is made now.
func TestFilesAreWhatTheGeneratorMakes(t *testing.T) {
	for _, g := range generated() {
		var p, m bytes.Buffer
		if err := g.write(&p, &m); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string][]byte{g.name + ".pcap": p.Bytes(), g.name + ".manifest.json": m.Bytes()} {
			got, err := os.ReadFile(filepath.Join("..", name))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("pcaps/%s is not what the generator makes: run make pcaps", name)
			}
		}
	}
}

func TestTshark(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed: nothing to compare with")
	}
	path := filepath.Join("..", "chat-small.pcap")
	run := func(args ...string) string {
		cmd := exec.Command(tshark, append([]string{"-n", "-r", path, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"}, args...)...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("tshark: %v", err)
		}
		return string(out)
	}
	if bad := run("-Y", "ip.checksum.status == 0 || tcp.checksum.status == 0 || tcp.analysis.flags"); bad != "" {
		t.Errorf("tshark complains of:\n%s", bad)
	}
	m, err := manifest.Load(filepath.Join("..", "chat-small.manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.FieldsFunc(run("-Y", "websocket", "-T", "fields", "-e", "websocket.opcode"), func(r rune) bool { return r == '\n' || r == ',' })
	if want := m.Totals.C2S.Frames + m.Totals.S2C.Frames; uint64(len(fields)) != want {
		t.Errorf("tshark sees %d frames, manifest says %d", len(fields), want)
	}
}

func TestParseSize(t *testing.T) {
	for in, want := range map[string]int64{"": 0, "64MB": 64e6, "1.5GiB": 3 << 29, "1000": 1000, "10 kB": 10e3, "2g": 2e9} {
		if got, err := ParseSize(in); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"MB", "-1", "0", "1XB", "NaN", "1e300"} {
		if got, err := ParseSize(in); err == nil {
			t.Errorf("ParseSize(%q) = %d, want an error", in, got)
		}
	}
}

// TestDirectory holds that every capture has its truth and its line in the
// README, and that the directory stays small.
func TestDirectory(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	var size int64
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || e.IsDir() {
			continue
		}
		size += info.Size()
		ext := filepath.Ext(e.Name())
		if ext != ".pcap" && ext != ".pcapng" {
			continue
		}
		if !bytes.Contains(readme, []byte("`"+e.Name()+"`")) {
			t.Errorf("README.md does not mention %s", e.Name())
		}
		base := filepath.Join("..", strings.TrimSuffix(e.Name(), ext))
		_, err1 := os.Stat(base + ".truth.json")
		_, err2 := os.Stat(base + ".manifest.json")
		if err1 != nil && err2 != nil {
			t.Errorf("%s has neither truth nor manifest", e.Name())
		}
	}
	if size > 15e6 {
		t.Errorf("%d bytes: more than 15 MB", size)
	}
}

// TestCommand runs the command as a user does.
func TestCommand(t *testing.T) {
	dir := t.TempDir()
	man := filepath.Join(dir, "m.json")
	run := func(args ...string) (stdout []byte, err error) {
		var out, errs bytes.Buffer
		cmd := command(args)
		cmd.SetOut(&out)
		cmd.SetErr(&errs)
		err = cmd.Execute()
		return out.Bytes(), err
	}
	pcap, err := run("-profile", "chat", "-size", "300kB", "-seed", "3", "-o", "-", "-manifest", man, "-manifest-detail=totals")
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Load(man)
	if err != nil {
		t.Fatal(err)
	}
	if m.Totals.FileBytes != int64(len(pcap)) || len(m.Connections) != 0 || m.Totals.C2S.Messages == 0 {
		t.Errorf("%d bytes written; manifest says %+v", len(pcap), m.Totals)
	}
	for _, args := range [][]string{{"-o", "-"}, {"--size", "x", "-o", "-"}, {"--profile", "none", "--size", "1MB", "-o", "-"},
		{"--size", "1MB", "-o", "-", "--manifest-detail", "some"}, {"--size", "1MB"}, {"--size", "1MB", "-o", dir}} {
		if _, err := run(args...); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
