package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestJSONLines: every command's JSON is whole, of the kinds it is for, and ends in an end.
func TestJSONLines(t *testing.T) {
	for name, kinds := range map[string]string{
		"conns": "connection", "messages": "message gap", "frames": "frame gap", "follow": "data gap", "handshake": "handshake",
	} {
		for _, file := range []string{"endings.pcap", "misbehave-a.pcap", "lossy-v4.pcap", "capture-forms-ng.pcapng"} {
			r := sockeye(t, name, "--json", pcap(file))
			r.want(t, exitDone)
			if r.stderr != "" {
				t.Errorf("%s %s: on standard error: %s", name, file, r.stderr)
			}
			list := objects(t, r.stdout)
			if len(list) < 2 {
				t.Errorf("%s %s: nothing but an end", name, file)
			}
			for _, o := range list[:len(list)-1] {
				if !strings.Contains(" "+kinds+" ", " "+o["kind"].(string)+" ") {
					t.Fatalf("%s %s: kind %v", name, file, o["kind"])
				}
			}
			if end := list[len(list)-1]; end["truncated_input"] != false || end["schema"] != 1.0 {
				t.Errorf("%s %s: end %v", name, file, end)
			}
		}
	}
}

func TestConnAndLimit(t *testing.T) {
	list := objects(t, sockeye(t, "frames", "--json", "--conn", "8", pcap("endings.pcap")).stdout)
	if len(list) != 5 {
		t.Errorf("%d lines", len(list))
	}
	for _, o := range list[:len(list)-1] {
		if o["conn"] != 8.0 {
			t.Errorf("of connection %v", o["conn"])
		}
	}
	r := sockeye(t, "--conn", "11", pcap("endings.pcap"))
	r.want(t, exitDone, "note: there is no connection 11: the capture has 10")

	r = sockeye(t, "--limit", "7", pcap("websockets-plain.pcap"))
	r.want(t, exitDone, "note: stopped after 7 results (--limit)")
	if n := strings.Count(r.stdout, "\n"); n != 8 { // the headings too
		t.Errorf("%d lines", n)
	}
	whole := sockeye(t, pcap("websockets-plain.pcap"))
	if !strings.HasPrefix(whole.stdout, r.stdout) {
		t.Error("the limit changes what comes before it")
	}
	if n := len(objects(t, sockeye(t, "conns", "--json", "-n2", pcap("endings.pcap")).stdout)); n != 3 {
		t.Errorf("%d lines", n)
	}
	r = sockeye(t, "messages", pcap("raw-binary-line.pcap"))
	r.want(t, exitDone, "note: no WebSocket messages; sockeye conns shows what the connections spoke")
}

func TestPayload(t *testing.T) {
	file := pcap("websockets-plain.pcap")
	lengths := func(args ...string) (longest int, any bool) {
		for _, o := range objects(t, sockeye(t, append(args, "--json", file)...).stdout) {
			text, isText := o["text"].(string)
			data, isData := o["data"].(string)
			any = any || isText || isData
			raw, err := base64.StdEncoding.DecodeString(data)
			if err != nil {
				t.Fatal(err)
			}
			longest = max(longest, len(text), len(raw))
		}
		return longest, any
	}
	if _, any := lengths("--payload", "none"); any {
		t.Error("payload with --payload none")
	}
	if n, _ := lengths("--payload", "preview"); n != 512 {
		t.Errorf("a preview of %d bytes", n)
	}
	full, _ := lengths("--payload", "full")
	if byDefault, _ := lengths(); full < 65_536 || byDefault != full {
		t.Errorf("full %d bytes, by default %d", full, byDefault)
	}
	if n, _ := lengths("--max-message", "4k"); n != 4096 {
		t.Errorf("%d bytes with --max-message 4k", n)
	}
	for _, o := range objects(t, sockeye(t, "--json", "--max-message", "100", file).stdout) {
		length, _ := o["length"].(float64)
		truncated, _ := o["truncated"].(float64)
		if (o["opcode"] == "text" || o["opcode"] == "binary") && truncated != max(0, length-100) {
			t.Fatalf("length %v, truncated %v", length, truncated)
		}
	}
	text := sockeye(t, "--payload", "none", "-n", "20", file)
	if full := sockeye(t, "-n", "20", file); len(text.stdout) >= len(full.stdout) || strings.Contains(text.stdout, "…") {
		t.Errorf("text with --payload none:\n%s", text.stdout)
	}
}

func TestDecodeAs(t *testing.T) {
	speaks := func(file string, args ...string) string {
		got := map[string]bool{}
		for _, o := range objects(t, sockeye(t, append(args, "conns", "--json", pcap(file))...).stdout) {
			if p, ok := o["protocol"].(string); ok {
				got[p] = true
			}
		}
		return fmt.Sprint(got)
	}
	if got := speaks("endings.pcap", "--decode-as", "21172=raw"); got != "map[raw:true]" {
		t.Errorf("as raw: %s", got)
	}
	if got := speaks("endings.pcap", "--decode-as", "9=raw"); got != "map[websocket:true]" {
		t.Errorf("another port: %s", got)
	}
	if got := speaks("midstream.pcap", "--decode-as", "21171=websocket"); got != "map[websocket:true]" {
		t.Errorf("as websocket: %s", got)
	}
}

// TestFollowRaw: nothing but bytes, both directions in order, and holes told apart.
func TestFollowRaw(t *testing.T) {
	file := pcap("endings.pcap")
	r := sockeye(t, "follow", "--raw", "--conn", "8", file)
	r.want(t, exitDone)
	var want bytes.Buffer
	for _, o := range objects(t, sockeye(t, "follow", "--json", "--conn", "8", file).stdout) {
		text, _ := o["text"].(string)
		data, _ := o["data"].(string)
		raw, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			t.Fatal(err)
		}
		want.WriteString(text)
		want.Write(raw)
	}
	if r.stdout != want.String() || want.Len() < 300 || r.stderr != "" {
		t.Errorf("%d bytes, not %d; standard error %q", len(r.stdout), want.Len(), r.stderr)
	}
	sockeye(t, "follow", "--raw", file).want(t, exitDone, "note: these are the bytes of several connections, mixed; --conn N takes one")

	// Without packet 40, the message of 32 bytes that connection 4 sends.
	hole := filepath.Join(t.TempDir(), "hole.pcap")
	if err := os.WriteFile(hole, without(t, file, 40), 0o644); err != nil {
		t.Fatal(err)
	}
	r = sockeye(t, "follow", "--raw", "--conn", "4", hole)
	r.want(t, exitDone, "note: holes in these bytes: 1, together 32 bytes that were not captured\n")
	if whole := sockeye(t, "follow", "--raw", "--conn", "4", file); len(r.stdout) != len(whole.stdout)-32 {
		t.Errorf("%d bytes of %d", len(r.stdout), len(whole.stdout))
	}
	if quiet := sockeye(t, "follow", "--raw", "-q", "--conn", "4", hole); quiet.stderr != "" {
		t.Errorf("with --quiet: %q", quiet.stderr)
	}
	text := sockeye(t, "follow", "--conn", "4", hole)
	if !strings.Contains(text.stdout, "→ client ⚠ 32 bytes not captured (lost), at offset 161\n") {
		t.Errorf("no gap in:\n%s", text.stdout)
	}
}

// without returns a little-endian pcap file without its packet number n.
func without(t *testing.T, path string, n int) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := 24
	for i := 1; ; i++ {
		size := 16 + int(b[at+8]) | int(b[at+9])<<8
		if i == n {
			return append(b[:at:at], b[at+size:]...)
		}
		at += size
	}
}

func TestStandardError(t *testing.T) {
	file := pcap("endings.pcap")
	r := sockeye(t, "messages", file)
	r.want(t, exitDone, "114 packets, 10 connections, 25 messages")
	if quiet := sockeye(t, "messages", "-q", file); quiet.stderr != "" || quiet.stdout != r.stdout {
		t.Errorf("with --quiet: %q", quiet.stderr)
	}
	v := sockeye(t, "messages", "-v", "--max-message", "64k", file)
	v.want(t, exitDone, "input:     "+file, "format:    pcap\n", "interface: 0, link type ethernet", "packets:   114, ", "TCP 114, UDP 0", "64k kept (--max-message)")
	if v.stdout != r.stdout {
		t.Error("--verbose changes the results")
	}
	sockeye(t, "conns", "-v", pcap("capture-forms-ng.pcapng")).want(t, exitDone, "format:    pcapng", "name ")
	progress := sockeye(t, "--progress", "always", pcap("websockets-plain.pcap"))
	progress.want(t, exitDone)
	if strings.Contains(r.stderr, "\x1b") {
		t.Errorf("progress where there is no terminal: %q", r.stderr)
	}
}

func TestSeveralFiles(t *testing.T) {
	a, b := pcap("midstream.pcap"), pcap("endings.pcap")
	list := objects(t, sockeye(t, "--json", b, a).stdout)
	if end := list[len(list)-1]; end["packets"] != 174.0 || end["connections"] != 13.0 {
		t.Errorf("end: %v", end)
	}
	ab, ba := sockeye(t, "conns", a, b), sockeye(t, "conns", "-r", b, a)
	if ab.stdout != ba.stdout || len(ab.stdout) == 0 {
		t.Error("the order of arguments changes the results")
	}
	if r := sockeye(t, "-r", a); r.stdout != sockeye(t, a).stdout || r.code != 0 {
		t.Errorf("-r FILE: %+v", r)
	}
}

func TestColor(t *testing.T) {
	file := pcap("endings.pcap")
	if r := sockeye(t, file); strings.Contains(r.stdout, "\x1b") {
		t.Error("colour where there is no terminal")
	}
	if r := sockeye(t, "--color", "never", file); strings.Contains(r.stdout, "\x1b") {
		t.Error("colour with --color never")
	}
	plain := sockeye(t, file).stdout
	c := command("--color", "always", file)
	c.Env = append(c.Env, "NO_COLOR=1", "TERM=dumb") // the flag wins
	r := finish(t, c)
	if !strings.Contains(r.stdout, "\x1b[36m→ client\x1b[0m") || !strings.Contains(r.stdout, "\x1b[2mclose") {
		t.Errorf("no colour with --color always: %q", r.stdout[:200])
	}
	var bare []string
	for i, part := range strings.Split(r.stdout, "\x1b[") {
		if i > 0 {
			_, part, _ = strings.Cut(part, "m")
		}
		bare = append(bare, part)
	}
	if strings.Join(bare, "") != plain {
		t.Error("colours change the text")
	}
}
