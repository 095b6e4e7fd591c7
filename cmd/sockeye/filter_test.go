package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/filter"
	"github.com/sockeye-dev/sockeye/dissect/query"
)

// object is a line of JSON output, as it stands and as it reads.
type object struct {
	line string
	m    map[string]any
}

func (o object) num(key string) float64 { n, _ := o.m[key].(float64); return n }
func (o object) str(key string) string  { s, _ := o.m[key].(string); return s }

// linesOf runs a command that prints JSON and returns its lines, the end apart.
func linesOf(t *testing.T, args ...string) (list []object, end object) {
	t.Helper()
	r := sockeye(t, append(args, "--json")...)
	if r.code != exitDone && r.code != exitFindings {
		t.Fatalf("%q: code %d: %s", args, r.code, r.stderr)
	}
	for i, m := range objects(t, r.stdout) {
		list = append(list, object{strings.Split(r.stdout, "\n")[i], m})
	}
	return list[:len(list)-1], list[len(list)-1]
}

func texts(list []object) []string {
	l := []string{}
	for _, o := range list {
		l = append(l, o.line)
	}
	return l
}

// TestDisplayFilter holds what passes -Y against picking from all results.
func TestDisplayFilter(t *testing.T) {
	type picks func(o, conn object) bool
	port := func(o object, key, port string) bool { return strings.HasSuffix(o.str(key), ":"+port) }
	for _, c := range []struct {
		command, file, expr string
		picks               picks
	}{
		{"messages", "websockets-plain.pcap", "opcode == text and length > 1k", func(o, _ object) bool { return o.str("opcode") == "text" && o.num("length") > 1024 }},
		{"messages", "socketio-aiohttp.pcap", "from == client", func(o, _ object) bool { return o.str("from") == "client" }},
		{"messages", "endings.pcap", "conn == 3", func(o, _ object) bool { return o.num("conn") == 3 }},
		{"frames", "endings.pcap", "port == 21172", func(_, conn object) bool { return port(conn, "server", "21172") }},
		{"frames", "endings.pcap", "port.src == 55344", func(o, conn object) bool { return o.str("from") == "client" && port(conn, "client", "55344") }},
		{"messages", "endings.pcap", "ip.addr == 127.0.0.0/8", func(object, object) bool { return true }},
		{"messages", "capture-forms-ipv6.pcap", "ip.addr == ::1", func(_, conn object) bool { return strings.HasPrefix(conn.str("client"), "[::1]:") }},
		{"messages", "endings.pcap", "close.code == 1000", func(o, _ object) bool {
			m, _ := o.m["close"].(map[string]any)
			return m["code"] == 1000.0
		}},
		{"messages", "endings.pcap", `text contains "hello /rst"`, func(o, _ object) bool { return strings.Contains(o.str("text"), "hello /rst") }},
		{"messages", "endings.pcap", `path == "/rst-by-client" or subprotocol`, func(_, conn object) bool {
			return conn.str("path") == "/rst-by-client" || conn.str("subprotocol") != ""
		}},
		{"messages", "socketio-aiohttp.pcap", `json[1].i in {1..2}`, func(o, _ object) bool {
			var list []json.RawMessage
			var arg struct{ I *int }
			text := strings.TrimLeft(o.str("text"), "0123456789")
			if json.Unmarshal([]byte(text), &list) != nil || len(list) < 2 || json.Unmarshal(list[1], &arg) != nil || arg.I == nil {
				return false
			}
			return *arg.I == 1 || *arg.I == 2
		}},
		{"messages", "hole-in-payload.pcap", "kind == gap", func(o, _ object) bool { return o.str("kind") == "gap" }},
		{"conns", "endings.pcap", "state == reset and closed_by == client", func(o, _ object) bool { return o.str("state") == "reset" && o.str("closed_by") == "client" }},
		{"conns", "misbehave-a.pcap", "errors > 0 and not midstream", func(o, _ object) bool { return o.num("errors") > 0 && o.m["midstream"] == false }},
		{"handshake", "misbehave-a.pcap", "status != 101", func(o, _ object) bool { return o.m["status"] != nil && o.num("status") != 101 }},
		{"follow", "endings.pcap", "from == server and conn in {2..4}", func(o, _ object) bool { return o.str("from") == "server" && o.num("conn") >= 2 && o.num("conn") <= 4 }},
		{"check", "misbehave-a.pcap", "finding == WS-MASK", func(o, _ object) bool { return o.str("rule") == "WS-MASK" }},
		{"check", "misbehave-a.pcap", "severity == warning and server == :21160 and conn > 10", func(o, conn object) bool {
			return o.str("severity") == "warning" && port(conn, "server", "21160") && o.num("conn") > 10
		}},
	} {
		for _, payload := range []string{"full", "preview", "none"} {
			if payload != "full" && c.command != "messages" {
				continue
			}
			t.Run(c.command+" "+c.expr+" "+payload, func(t *testing.T) {
				conns := map[float64]object{}
				list, _ := linesOf(t, "conns", pcap(c.file))
				for _, o := range list {
					conns[o.num("conn")] = o
				}
				args := []string{c.command, pcap(c.file)}
				whole, wholeEnd := linesOf(t, args...) // judged with all payload, printed with less
				if payload != "full" {
					args = append(args, "--payload", payload)
				}
				all, _ := linesOf(t, args...)
				want := []string{}
				for i, o := range whole {
					if c.picks(o, conns[o.num("conn")]) {
						want = append(want, all[i].line)
					}
				}
				if len(want) == 0 || len(want) == len(all) && !strings.HasPrefix(c.expr, "ip.addr") && c.expr != "port == 21172" {
					t.Fatalf("%d of %d are picked: it tests nothing", len(want), len(all))
				}
				args = append(args, "-Y", c.expr)
				got, end := linesOf(t, args...)
				if !slices.Equal(texts(got), want) {
					t.Errorf("got:\n%s\nwant:\n%s", strings.Join(texts(got), "\n"), strings.Join(want, "\n"))
				}
				if end.line != wholeEnd.line {
					t.Errorf("the totals differ: %s and %s", end.line, wholeEnd.line)
				}
				if n := len(want); n > 1 && c.expr != "kind == gap" { // the limit counts what passes; gaps are no results
					got, _ = linesOf(t, append(args, "-n", fmt.Sprint(n-1))...)
					if !slices.Equal(texts(got), want[:n-1]) {
						t.Errorf("-n %d printed %d", n-1, len(got))
					}
				}
			})
		}
	}
}

// TestDisplayFilterFacts holds what is known of connections while their messages
// go by against what is known of them in the end.
func TestDisplayFilterFacts(t *testing.T) {
	file := pcap("endings.pcap")
	conns, _ := linesOf(t, "conns", file)
	messages, _ := linesOf(t, "messages", file)
	for _, c := range conns {
		for _, expr := range []string{
			"client == " + c.str("client") + " and server == " + c.str("server"),
			"path == " + c.str("path") + " and status == 101 and protocol == websocket and rtt",
			`layers == websocket and layers contains "http" and host == "` + c.str("host") + `" and path == ` + c.str("path"),
		} {
			var want []string
			for _, m := range messages {
				if m.num("conn") == c.num("conn") {
					want = append(want, m.line)
				}
			}
			if got, _ := linesOf(t, "messages", file, "-Y", expr); !slices.Equal(texts(got), want) || len(want) == 0 {
				t.Errorf("%s: %d messages, not %d", expr, len(got), len(want))
			}
		}
	}
	// The rules of a connection's findings select the connection, too.
	var want, reset []string
	findings, _ := linesOf(t, "check", file)
	for _, f := range findings {
		if f.str("rule") == "TCP-RESET" {
			reset = append(reset, fmt.Sprint(f.num("conn")))
		}
	}
	for _, c := range conns {
		if slices.Contains(reset, fmt.Sprint(c.num("conn"))) {
			want = append(want, c.line)
		}
	}
	if got, _ := linesOf(t, "conns", file, "-Y", "finding == TCP-RESET"); !slices.Equal(texts(got), want) || len(want) == 0 {
		t.Errorf("finding == TCP-RESET: %d connections, not %d", len(got), len(want))
	}
}

// TestCheckFilter: the exit code is of the findings that pass.
func TestCheckFilter(t *testing.T) {
	file := pcap("misbehave-a.pcap")
	sockeye(t, "check", file).want(t, exitFindings)
	sockeye(t, "check", file, "-Y", "finding == WS-MASK").want(t, exitFindings, "1 error, 0 warnings, 0 info")
	sockeye(t, "check", file, "-Y", "severity == warning").want(t, exitDone, "0 errors")
	sockeye(t, "check", file, "-Y", "severity == warning", "--strict").want(t, exitFindings)
	sockeye(t, "check", file, "-Y", "finding == WS-MASK and conn == 2").want(t, exitDone, "no findings")
	r := sockeye(t, "check", file, "--format", "junit", "-Y", "finding == WS-MASK")
	if r.want(t, exitFindings); strings.Count(r.stdout, "<failure") != 1 {
		t.Errorf("not one failure: %s", r.stdout)
	}
}

// TestNothingPasses: who sees nothing is told why.
func TestNothingPasses(t *testing.T) {
	file := pcap("endings.pcap")
	const none = "note: no packet of 114 passed the capture filter\n"
	sockeye(t, "messages", "-f", "host 10.9.9.9", file).want(t, exitDone, "capture filter: 0 of 114 packets passed\n", none)
	sockeye(t, "check", "-f", "host 10.9.9.9", file).want(t, exitDone, none)
	sockeye(t, "stats", "-f", "host 10.9.9.9", file).want(t, exitDone, none)
	r := sockeye(t, "conns", "--json", "-f", "host 10.9.9.9", file)
	r.want(t, exitDone, none)
	if end := objects(t, r.stdout)[0]; end["packets"] != 0.0 || end["packets_read"] != 114.0 {
		t.Errorf("end: %v", end)
	}
	sockeye(t, "messages", "-Y", "length > 1G", file).want(t, exitDone, "note: nothing passed the display filter: length > 1G\n")
	if r := sockeye(t, "messages", "-q", "-Y", "length > 1G", "-f", "host 10.9.9.9", file); r.stdout+r.stderr != "" {
		t.Errorf("--quiet says %q", r.stdout+r.stderr)
	}
}

// TestCaptureFilter: packets keep their numbers, connections count anew.
func TestCaptureFilter(t *testing.T) {
	file := pcap("endings.pcap")
	all, _ := linesOf(t, "messages", file)
	got, end := linesOf(t, "messages", file, "-f", "tcp port 21172")
	if !slices.Equal(texts(got), texts(all)) || end.num("packets") != 114 || end.num("packets_read") != 114 {
		t.Errorf("what lets everything through changes the result: %d of %d, %s", len(got), len(all), end.line)
	}
	var want []string
	for _, o := range all {
		if o.num("conn") == 8 {
			want = append(want, strings.Replace(o.line, `"conn":8,`, `"conn":1,`, 1))
		}
	}
	got, _ = linesOf(t, "messages", file, "--bpf", "tcp port 55420 and not host 10.9.9.9")
	if !slices.Equal(texts(got), want) || len(want) != 4 {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(texts(got), "\n"), strings.Join(want, "\n"))
	}
	// Together, each does its part.
	got, _ = linesOf(t, "messages", file, "-f", "port 55420 or port 55430", "-Y", "conn == 2 and from == server")
	if len(got) != 1 || got[0].str("from") != "server" {
		t.Errorf("%d messages: %q", len(got), texts(got))
	}
	sockeye(t, "messages", "-f", "port 55420", file).want(t, exitDone, "capture filter: 14 of 114 packets passed\n")
}

// TestCaptureFilterLinkTypes runs one expression over every kind of link layer.
func TestCaptureFilterLinkTypes(t *testing.T) {
	for _, name := range []string{
		"capture-forms-any-sll1.pcap", "capture-forms-any-sll2.pcap", "capture-forms-ipv6.pcap", "capture-forms-nano.pcap",
		"capture-forms-ng.pcapng", "null-loopback.pcap", "ppp.pcap",
	} {
		t.Run(name, func(t *testing.T) {
			conns, whole := linesOf(t, "conns", pcap(name))
			server := conns[0].str("server")
			port := server[strings.LastIndex(server, ":")+1:]
			all, _ := linesOf(t, "frames", pcap(name))
			got, end := linesOf(t, "frames", pcap(name), "-f", "tcp port "+port)
			if !slices.Equal(texts(got), texts(all)) || len(all) == 0 {
				t.Errorf("port %s: %d frames, not %d", port, len(got), len(all))
			}
			_, not := linesOf(t, "frames", pcap(name), "-f", "not tcp port "+port)
			if end.num("packets")+not.num("packets") != whole.num("packets") {
				t.Errorf("%v and %v packets are not %v", end.num("packets"), not.num("packets"), whole.num("packets"))
			}
		})
	}
}

// TestCaptureFilterMixed: an expression may have a meaning on some packets only.
func TestCaptureFilterMixed(t *testing.T) {
	const expr = "not ether broadcast and tcp"
	ethernet, cooked := pcap("endings.pcap"), pcap("capture-forms-any-sll2.pcap")
	sockeye(t, "messages", "-f", expr, cooked).want(t, exitUsage, "Linux cooked v2 has no broadcasts\n")
	for _, files := range [][]string{{ethernet, cooked}, {cooked, ethernet}} {
		r := sockeye(t, append([]string{"messages", "-f", expr}, files...)...)
		r.want(t, exitDone, "note: the capture filter has no meaning on packets of link type linux-sll2: all left out\n", "capture filter: 114 of ")
	}
}

// TestRawCaptureFilter gives the compiled program in place of the expression.
func TestRawCaptureFilter(t *testing.T) {
	p, err := filter.Compile("tcp port 55420", capture.LinkEthernet, 0)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(name, []byte(p.Text()), 0o600); err != nil {
		t.Fatal(err)
	}
	file := pcap("endings.pcap")
	raw, end := linesOf(t, "messages", "--bpf-raw", name, file)
	want, wantEnd := linesOf(t, "messages", "-f", "tcp port 55420", file)
	if !slices.Equal(texts(raw), texts(want)) || len(raw) != 4 || end.line != wantEnd.line {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(texts(raw), "\n"), strings.Join(texts(want), "\n"))
	}
	if err := os.WriteFile(name, []byte("2\n40 0 0 12\n6 0 0 x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sockeye(t, "messages", "--bpf-raw", name, file).want(t, exitUsage, "program, line 3: not a number; ", "\n  2 40 0 0 12 6 0 0 x \n                    ^\n")
	sockeye(t, "messages", "--bpf-raw", name+"-not", file).want(t, exitUsage, "program-not: no such file")
	sockeye(t, "messages", "--bpf-raw", name, "-f", "tcp", file).want(t, exitUsage, "--bpf or --bpf-raw, not both")
}

// TestFilterErrors holds what is said of wrong expressions; no result is printed.
func TestFilterErrors(t *testing.T) {
	var all strings.Builder
	for _, args := range [][]string{
		{"messages", "-f", "tcp prot 80"},
		{"messages", "-f", "tcp port"},
		{"conns", "-f", "host example.com"},
		{"conns", "-f", "tcp and udp"},
		{"stats", "-f", "(tcp port 80"},
		{"stats", "-f", "tcp.port == 80"},
		{"messages", "-Y", "opcde == text"},
		{"messages", "-Y", "opcode == txt"},
		{"messages", "-Y", "length > "},
		{"frames", "--filter", `text matches "("`},
		{"check", "-Y", "finding == WS-MSK"},
		{"check", "-Y", "tcp port 80"},
		{"handshake", "-Y", "from = = client"},
		{"follow", "-Y", "a\x1b[31m == 1"},
	} {
		r := sockeye(t, append(args, pcap("endings.pcap"))...)
		r.want(t, exitUsage, "^", "Try: ")
		if r.stdout != "" || strings.ContainsRune(r.stderr, 0x1b) {
			t.Errorf("%q printed %q, %q", args, r.stdout, r.stderr)
		}
		plainWords(t, r.stderr)
		fmt.Fprintf(&all, "$ sockeye %q\n%s\n", args, r.stderr)
	}
	golden(t, "filter-errors", all.String())
	sockeye(t, "stats", "-Y", "conn == 1", pcap("endings.pcap")).want(t, exitUsage, "stats counts everything: it has no --filter")
	// A wrong filter is told before an input that is not there.
	sockeye(t, "messages", "-Y", "x ==", "nosuch.pcap").want(t, exitUsage)
}

func TestFields(t *testing.T) {
	r := sockeye(t, "fields")
	if r.want(t, exitDone); r.stdout != query.Table() {
		t.Errorf("not the table: %s", r.stdout)
	}
	r = sockeye(t, "fields", "--json")
	r.want(t, exitDone)
	lines := strings.Split(strings.TrimSuffix(r.stdout, "\n"), "\n")
	fields := query.Fields()
	if len(lines) != len(fields) {
		t.Fatalf("%d lines, %d fields", len(lines), len(fields))
	}
	for i, line := range lines {
		var f struct {
			Name, Type, Meaning             string
			Of, Operators, Values, Examples []string
		}
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if f.Name != fields[i].Name || f.Type != fields[i].Type.String() || f.Meaning == "" || len(f.Of) != len(fields[i].Applies) ||
			len(f.Operators) == 0 || !slices.Equal(f.Values, fields[i].Values) {
			t.Errorf("line %d: %s", i+1, line)
		}
		for _, example := range f.Examples {
			if _, err := query.Compile(example); err != nil {
				t.Errorf("%s: %v", example, err)
			}
		}
	}
	sockeye(t, "fields", "x").want(t, exitUsage, "fields takes no arguments: x")
}
