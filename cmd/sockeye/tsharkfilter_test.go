package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Where an event of a command stands in the capture, as tshark numbers packets.
const (
	lastPacket  = 1 // what completes a frame, a message or an answer
	firstPacket = 0 // a request
)

// common are filters that mean the same to tshark. Those with a %s go with each
// of the capture's own values.
var common = []struct {
	file    string
	command string // of sockeye
	among   string // what tshark is asked about, besides the filter
	packet  int
	filters []string
}{
	{"websockets-plain.pcap", "frames", "websocket", lastPacket, []string{
		"websocket.opcode == 1", "websocket.opcode == 2", "websocket.opcode != 1", "websocket.opcode >= 8", "websocket.opcode in {8, 9, 10}",
		"websocket.opcode in {0..2}", "not websocket.opcode == 1", "!(websocket.opcode == 1)", "websocket.fin == 1", "websocket.fin == 0",
		"websocket.mask == 1", "websocket.mask == 0", "websocket.rsv == 4", "websocket.rsv == 0", "websocket.payload_length > 125",
		"websocket.payload_length <= 1", "websocket.payload_length == 0", "websocket.payload_length in {1..10}",
		"websocket.opcode == 1 and websocket.mask == 1", "websocket.opcode == 1 && websocket.mask == 0",
		"websocket.opcode == 9 or websocket.opcode == 10", "websocket.opcode == 8 || websocket.fin == 0",
		"(websocket.opcode == 1 or websocket.opcode == 2) and not websocket.mask == 1",
		"websocket.opcode == 1 or websocket.opcode == 2 and websocket.mask == 1",
		"tcp.stream == 0", "tcp.stream == 1", "tcp.stream in {1..3}", "frame.number > 20", "frame.number <= 30",
		"ip.addr == 127.0.0.1", "ip.addr == 10.0.0.0/8", "ip.src == 127.0.0.0/8", "ip.addr != 127.0.0.1", "ip.dst == 10.0.0.2",
		"tcp.port == %s", "tcp.srcport == %s", "tcp.dstport == %s", "tcp.srcport != %s", "tcp.port == %s and websocket.opcode == 1",
	}},
	{"misbehave-a.pcap", "messages", "websocket && websocket.fin == 1 && websocket.opcode != 0", lastPacket, []string{
		"websocket.payload.close.status_code == 1000", "websocket.payload.close.status_code != 1000", "websocket.payload.close.status_code > 1000",
		"websocket.payload.close.status_code in {1000, 1001}",
	}},
	{"misbehave-a.pcap", "handshake", "http.request", firstPacket, []string{
		"http.request.method == \"GET\"", "http.request.method != \"GET\"", "http.host contains \"1\"", "http.request.uri contains \"/\"",
		"http.request.uri == \"/\"", "http.request.uri matches \"^/.*[0-9]\"", "http.user_agent contains \"ython\"", "not http.user_agent contains \"ython\"",
		"http.sec_websocket_key contains \"==\"", "http.sec_websocket_version == \"13\"", "http.upgrade == \"websocket\"",
	}},
	{"misbehave-a.pcap", "handshake", "http.response", lastPacket, []string{
		"http.response.code == 101", "http.response.code != 101", "http.response.code >= 400", "http.response.phrase contains \"Switching\"",
	}},
}

// TestFiltersAgainstTshark holds that filters which both understand select the same packets.
func TestFiltersAgainstTshark(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed: there is nothing to compare filters with")
	}
	if version, err := exec.Command(tshark, "--version").Output(); err != nil {
		t.Skipf("tshark does not run: %v", err)
	} else if first, _, _ := strings.Cut(string(version), "\n"); first != "" {
		t.Log(first)
	}
	if testing.Short() {
		t.Skip("tshark starts once a filter, which takes a minute")
	}
	for _, c := range common {
		t.Run(c.command+" "+c.file, func(t *testing.T) {
			port := serverPort(t, c.file)
			// Packets with several frames are left out: tshark's filters are about packets.
			ours, theirs := eventsAt(t, c.file, c.command, "", c.packet), packetsOf(t, tshark, c.file, c.among)
			var both []int
			for n, count := range ours {
				if count == 1 && theirs[n] {
					both = append(both, n)
				}
			}
			slices.Sort(both)
			if len(both)*10 < len(ours)*8 {
				t.Errorf("of %d packets, only %d can be compared", len(ours), len(both))
			}
			matched := 0
			for _, f := range c.filters {
				if strings.Contains(f, "%s") {
					f = fmt.Sprintf(f, port)
				}
				mine, its := eventsAt(t, c.file, c.command, f, c.packet), packetsOf(t, tshark, c.file, "("+c.among+") && ("+f+")")
				for _, n := range both {
					if (mine[n] > 0) != its[n] {
						t.Errorf("-Y '%s': packet %d: %v, with tshark %v", f, n, mine[n] > 0, its[n])
						break
					}
					if its[n] {
						matched++
					}
				}
			}
			if matched == 0 {
				t.Error("no filter matched anything")
			}
			t.Logf("%d filters, %d packets, %d matches", len(c.filters), len(both), matched)
		})
	}
}

// eventsAt counts a command's events by the packet that they stand at.
func eventsAt(t *testing.T, name, command, filter string, packet int) map[int]int {
	t.Helper()
	args := []string{command, "--json", "--payload", "none"}
	if filter != "" {
		args = append(args, "-Y", filter)
	}
	r := sockeye(t, append(args, pcap(name))...)
	r.want(t, exitDone)
	out := map[int]int{}
	for l := range strings.Lines(r.stdout) {
		if strings.HasPrefix(l, `{"kind":"end"`) {
			continue
		}
		var e struct{ Packets [2]int }
		if err := json.Unmarshal([]byte(l), &e); err != nil {
			t.Fatal(err)
		}
		out[e.Packets[packet]]++
	}
	return out
}

// packetsOf lists the packets that pass a filter of tshark.
func packetsOf(t *testing.T, tshark, name, filter string) map[int]bool {
	t.Helper()
	out, err := exec.Command(tshark, "-n", "-r", pcap(name), "-Y", filter, "-T", "fields", "-e", "frame.number").Output()
	if err != nil {
		t.Fatalf("tshark -Y '%s': %v", filter, err)
	}
	list := map[int]bool{}
	for _, s := range strings.Fields(string(out)) {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		list[n] = true
	}
	return list
}

// serverPort returns the port of the server of a capture's first connection.
func serverPort(t *testing.T, name string) string {
	t.Helper()
	r := sockeye(t, "conns", "--json", "-n", "1", pcap(name))
	first, _, _ := strings.Cut(r.stdout, "\n")
	var c struct{ Server string }
	if err := json.Unmarshal([]byte(first), &c); err != nil {
		t.Fatal(err)
	}
	return c.Server[strings.LastIndexByte(c.Server, ':')+1:]
}
