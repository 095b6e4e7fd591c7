package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/capture/pcapfile"
)

// dropping is a capture whose interfaces say that they lost packets.
func dropping(t *testing.T, stats ...pcapfile.Statistics) string {
	t.Helper()
	src, err := pcapfile.Open(pcap("chat-small.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var out bytes.Buffer
	w, err := pcapfile.NewNgWriter(&out, pcapfile.NgOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var last int64
	for {
		p, err := src.Next()
		if err != nil {
			break
		}
		if last == 0 {
			for _, name := range []string{"eth0", "eth1"} {
				if _, err := w.AddInterface(pcapfile.Interface{Link: p.Link, Name: name}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.WritePacket(&p); err != nil {
			t.Fatal(err)
		}
		last = p.Time
	}
	for _, s := range stats {
		if err := w.WriteStatistics(s, last); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "dropping.pcapng")
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCheckDropped(t *testing.T) {
	file := dropping(t, pcapfile.Statistics{Interface: 0, Received: 940, Dropped: 3, OSDropped: 4},
		pcapfile.Statistics{Interface: 1, Received: -1, Dropped: 0, OSDropped: -1})
	r := sockeye(t, "check", file)
	r.want(t, exitDone, "0 errors, 1 warning, 0 info in 9 connections\n")
	if want := file + " warning CAP-DROPPED: 7 packets dropped while capturing, says the capture: conversations, or parts of them, may be missing\n"; r.stdout != want {
		t.Errorf("text %q", r.stdout)
	}
	sockeye(t, "check", "--strict", file).want(t, exitFindings)

	list := objects(t, sockeye(t, "check", "--json", file).stdout)
	f, end := list[0], list[1]
	for _, key := range []string{"conn", "from", "packets", "frame", "message", "reference"} {
		if v, ok := f[key]; ok {
			t.Errorf("%s is %v", key, v)
		}
	}
	if f["rule"] != "CAP-DROPPED" || f["severity"] != "warning" || f["evidence"] != "interface 0 (eth0): 940 received, 3 dropped by the interface, 4 dropped by the operating system" {
		t.Errorf("finding %v", f)
	}
	if end["dropped"] != 7.0 || end["findings"] != 1.0 {
		t.Errorf("end %v", end)
	}
	conns := objects(t, sockeye(t, "conns", "--json", file).stdout)
	if time := conns[len(conns)-2]["time"].(string); f["time"].(string) < time {
		t.Errorf("found at %v, before the last packet at %v", f["time"], time)
	}

	gh := sockeye(t, "check", "--format", "github", file).stdout
	if strings.Count(gh, "\n") != 1 || !strings.Contains(gh, ",title=CAP-DROPPED::7 packets dropped") {
		t.Errorf("github %q", gh)
	}
	if n := checkSARIF(t, sockeye(t, "check", "--format", "sarif", file).stdout); n != 1 {
		t.Errorf("SARIF: %d results", n)
	}
	for _, args := range [][]string{{"--ignore", "CAP-DROPPED"}, {"--severity", "error"}, {"--rule", "WS-"}} {
		if r := sockeye(t, append([]string{"check", file}, args...)...); r.stdout != "" || r.code != exitDone {
			t.Errorf("%v: %d, %q", args, r.code, r.stdout)
		}
	}
	// Statistics without losses are no finding.
	none := dropping(t, pcapfile.Statistics{Interface: 0, Received: 940, Dropped: 0, OSDropped: 0})
	if r := sockeye(t, "check", "--strict", none); r.stdout != "" || r.code != exitDone {
		t.Errorf("without losses: %d, %q", r.code, r.stdout)
	}
}
