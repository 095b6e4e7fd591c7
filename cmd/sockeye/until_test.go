package main

import (
	"strings"
	"testing"
)

// TestUntil: the result that matches is the last one printed.
func TestUntil(t *testing.T) {
	file := pcap("endings.pcap")
	all := strings.SplitAfter(sockeye(t, "messages", "--json", file).stdout, "\n")
	nth := 0 // the first close from a server
	for nth < len(all) && !(strings.Contains(all[nth], `"from":"server"`) && strings.Contains(all[nth], `"opcode":"close"`)) {
		nth++
	}
	if nth == 0 || nth >= len(all)-3 {
		t.Fatalf("the capture has no close in the middle: message %d of %d", nth, len(all))
	}
	r := sockeye(t, "messages", "--json", "--until", "opcode == close and from == server", file)
	r.want(t, exitDone, "note: stopped where --until matched\n")
	if got := body(r.stdout); got != strings.Join(all[:nth+1], "") {
		t.Errorf("printed\n%s\nnot\n%s", got, strings.Join(all[:nth+1], ""))
	}
	if end := lastObject(t, r.stdout); end["truncated_input"] != false || end["messages"].(float64) >= float64(len(all)-2) {
		t.Errorf("end %v", end)
	}

	// -Y hides what --until sees; what a command does not print, --until does not see.
	r = sockeye(t, "messages", "--json", "-Y", "opcode == text", "--until", "opcode == close", file)
	r.want(t, exitDone, "stopped where --until matched")
	for _, o := range objects(t, r.stdout) {
		if o["kind"] == "message" && o["opcode"] != "text" {
			t.Errorf("printed %v", o)
		}
	}
	sockeye(t, "frames", "--until", "kind == message", file).want(t, exitDone, "note: nothing matched --until: ")
	r = sockeye(t, "messages", "--until", "length > 1G", file)
	r.want(t, exitDone, "note: nothing matched --until: length > 1")
	if r.stdout != sockeye(t, "messages", file).stdout {
		t.Errorf("printed %q", r.stdout)
	}
	sockeye(t, "messages", "--until", "opcode => close", file).want(t, exitUsage, "sockeye: --until: column 8: ")
}

// TestUntilTotals: stats tells what there was until then, whatever it was.
func TestUntilTotals(t *testing.T) {
	file := pcap("endings.pcap")
	whole := lastObject(t, sockeye(t, "stats", "--json", file).stdout)["packets"].(float64)
	before := 0.0
	for _, expr := range []string{"kind == handshake", "kind == frame", "kind == message and opcode == close", "finding", "kind == connection"} {
		r := sockeye(t, "stats", "--json", "--until", expr, file)
		r.want(t, exitDone)
		n := lastObject(t, r.stdout)["packets"].(float64)
		if n <= 3 || n > whole {
			t.Errorf("%s: after %v packets of %v", expr, n, whole)
		}
		if strings.HasPrefix(expr, "kind == h") || strings.HasPrefix(expr, "kind == f") {
			if n <= before || n > 20 {
				t.Errorf("%s: after %v packets", expr, n)
			}
			before = n
		}
	}
	r := sockeye(t, "check", "--json", "--until", "finding == WS-NO-CLOSE", file)
	r.want(t, exitDone)
	list := objects(t, r.stdout)
	if len(list) < 2 || list[len(list)-2]["rule"] != "WS-NO-CLOSE" || strings.Count(r.stdout, `"rule":"WS-NO-CLOSE"`) != 1 {
		t.Errorf("printed %s", r.stdout)
	}
	r = sockeye(t, "conns", "--until", "state == reset", file)
	r.want(t, exitDone)
	if lines := strings.Split(strings.TrimSpace(r.stdout), "\n"); !strings.Contains(lines[len(lines)-1], "reset") {
		t.Errorf("printed %s", r.stdout)
	}
}
