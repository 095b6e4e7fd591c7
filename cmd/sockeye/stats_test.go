package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStatsGolden(t *testing.T) {
	for name, args := range map[string][]string{
		"endings-stats":      {pcap("endings.pcap")},
		"endings-stats-json": {"--json", pcap("endings.pcap")},
		"deflate-stats":      {pcap("deflate-small.pcap")},
		"messy-stats":        {pcap("messy-small.pcap")},
		"messy-stats-json":   {"-o", "json", pcap("messy-small.pcap")},
		"raw-stats":          {pcap("raw-small.pcap")},
		"midstream-stats":    {pcap("midstream.pcap")},
	} {
		t.Run(name, func(t *testing.T) {
			r := sockeye(t, append([]string{"stats"}, args...)...)
			r.want(t, exitDone)
			if r.stderr != "" {
				t.Errorf("on standard error: %s", r.stderr)
			}
			for _, line := range strings.Split(r.stdout, "\n") {
				if strings.HasSuffix(line, " ") || !strings.HasPrefix(line, "{") && len([]rune(line)) > 80 {
					t.Errorf("%q", line)
				}
			}
			golden(t, name, r.stdout)
		})
	}
}

// TestStatsAddUp: the shares of the bytes are all of them, and the totals are
// what the other commands show one by one.
func TestStatsAddUp(t *testing.T) {
	files, err := filepath.Glob(pcap("*.pcap*"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d captures, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			list := objects(t, sockeye(t, "stats", "--json", file).stdout)
			if len(list) != 2 {
				t.Fatalf("%d lines", len(list))
			}
			got, end := list[0], list[1]
			n := func(key string) float64 {
				v, ok := got[key].(float64)
				if !ok {
					t.Errorf("%s is %v", key, got[key])
				}
				return v
			}
			sum := func(keys ...string) (all float64) {
				for _, k := range keys {
					all += n(k)
				}
				return all
			}
			equal := func(what string, a, b float64) {
				t.Helper()
				if math.Abs(a-b) > 1e-12*math.Abs(b) { // a declared length of 2^63 leaves a float no units
					t.Errorf("%s: %v, not %v", what, a, b)
				}
			}
			equal("bytes", sum("link_bytes", "header_bytes", "frame_header_bytes", "websocket_bytes", "other_stream_bytes", "surplus_bytes", "other_bytes"), n("bytes"))
			for _, key := range []string{"packets", "connections", "messages", "findings"} {
				equal(key, n(key), end[key].(float64))
			}
			equal("by protocol", sum("websocket_connections", "http_connections", "tls_connections", "raw_connections"), n("connections"))
			equal("by state", sum("open_connections", "half_open_connections", "closed_connections", "reset_connections"), n("connections"))
			want := map[string]float64{}
			for _, o := range objects(t, sockeye(t, "messages", "--json", file).stdout) {
				if o["kind"] != "message" {
					continue
				}
				from, opcode := o["from"].(string), o["opcode"].(string)
				want[from+"_"+opcode]++
				want[from+"_messages"]++
				want[from+"_length"] += o["length"].(float64)
				want[from+"_wire_length"] += o["wire_length"].(float64)
			}
			for _, from := range []string{"client", "server"} {
				for _, key := range []string{"text", "binary", "close", "ping", "pong", "messages", "length", "wire_length"} {
					equal(from+"_"+key, n(from+"_"+key), want[from+"_"+key])
				}
			}
			streams := map[string]float64{}
			for _, o := range objects(t, sockeye(t, "conns", "--json", file).stdout) {
				for _, key := range []string{"client_bytes", "server_bytes", "client_missing", "server_missing"} {
					v, _ := o[key].(float64)
					streams[key] += v
				}
			}
			for key, v := range streams {
				equal(key, n(key), v)
			}
		})
	}
}

// TestStatsOfDamage: a capture that is cut short is counted up to there, and says so.
func TestStatsOfDamage(t *testing.T) {
	whole, err := os.ReadFile(pcap("endings.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.pcap")
	if err := os.WriteFile(cut, whole[:10_000], 0o644); err != nil {
		t.Fatal(err)
	}
	r := sockeye(t, "stats", cut)
	r.want(t, exitInput, "cut after")
	if !strings.Contains(r.stdout, "What the capture cannot show\n") || !strings.Contains(r.stdout, "the input is damaged or cut short") {
		t.Errorf("said nothing of it:\n%s", r.stdout)
	}
	empty := filepath.Join(t.TempDir(), "empty.pcap")
	if err := os.WriteFile(empty, whole[:24], 0o644); err != nil {
		t.Fatal(err)
	}
	r = sockeye(t, "stats", empty)
	r.want(t, exitDone)
	if !strings.Contains(r.stdout, "packets"+strings.Repeat(" ", 38)+"0\n") {
		t.Errorf("without packets:\n%s", r.stdout)
	}
	hole := filepath.Join(t.TempDir(), "hole.pcap")
	if err := os.WriteFile(hole, without(t, pcap("endings.pcap"), 40), 0o644); err != nil {
		t.Fatal(err)
	}
	if r = sockeye(t, "stats", hole); !strings.Contains(r.stdout, "\n  holes in the streams: 1, together 32 B not captured\n") {
		t.Errorf("no hole in:\n%s", r.stdout)
	}
}

func TestStatsFlags(t *testing.T) {
	file := pcap("endings.pcap")
	for args, says := range map[string]string{
		"--conn 3":          "stats counts everything: it has no --conn",
		"-n 3":              "stats counts everything: it has no --limit",
		"--limit 3":         "stats counts everything: it has no --limit",
		"--payload full":    "stats counts everything: it has no --payload",
		"--max-message 64k": "stats counts everything: it has no --max-message",
		"--jsno":            "there is no flag --jsno; did you mean --json?",
		"-q -v":             "--quiet or --verbose, not both",
	} {
		r := sockeye(t, append(append([]string{"stats"}, strings.Fields(args)...), file)...)
		r.want(t, exitUsage, says, "Try: sockeye stats --help")
		plainWords(t, r.stderr)
	}
	sockeye(t, "stats").want(t, exitUsage, "no input")
	plain := sockeye(t, "stats", file)
	bold := sockeye(t, "stats", "--color", "always", file)
	if got := strings.NewReplacer("\x1b[1m", "", "\x1b[0m", "").Replace(bold.stdout); got != plain.stdout || !strings.Contains(bold.stdout, "\x1b[1mCapture\x1b[0m\n") {
		t.Errorf("with colour:\n%s", bold.stdout)
	}
}
