package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUsageErrors(t *testing.T) {
	file := pcap("endings.pcap")
	for _, c := range []struct {
		args string // words; FILE is a capture
		says string
		try  string
	}{
		{"conns", "no input: name a capture file, or - for standard input, or an interface with -i", "conns --help"},
		{"conns -i lo FILE", "-i captures live and ../../pcaps/endings.pcap is a file: one of them", "conns --help"},
		{"stats --duration 3s FILE", "--duration is for live capture: it goes with -i", "stats --help"},
		{"check -w FILE FILE", "-w ../../pcaps/endings.pcap: it is one of the inputs, which would be lost", ""},
		{"check -w - FILE", "standard output is for the results", ""},
		{"messages -i lo, ", `-i/--interface "lo,": it takes the names of interfaces`, ""},
		{"messages -i lo --duration 0", `--duration "0": it takes a time`, ""},
		{"messages -i lo --snaplen 262145", "it takes a number of bytes from 1 to 262144", ""},
		{"messages -i lo -w -", "standard output is for the results", ""},
		{"capture -i lo", "no file: name one with -w", "capture --help"},
		{"capture -w x.pcapng", "no interface: name one with -i", ""},
		{"capture -i lo -w x.pcapng tcp", "capture takes no arguments: tcp; a filter goes to -f", ""},
		{"capture -i lo -w x.pcapng --keep 3", "--keep says how many files --rotate leaves", ""},
		{"capture -i lo -w x.pcapng --rotate 10", `--rotate "10": it takes a size with a capital letter`, ""},
		{"capture -i lo -w - --rotate 10M", "--rotate is for files", ""},
		{"interfaces lo", "interfaces takes no arguments: lo", ""},
		{"--json", "no input", "sockeye --help"},
		{"--foo FILE", "there is no flag --foo\n", "sockeye --help"},
		{"messages --jsno FILE", "there is no flag --jsno; did you mean --json?", "messages --help"},
		{"-Z FILE", "there is no flag -Z", ""},
		{"mesages FILE", `"mesages" is neither a command nor a file; did you mean messages?`, ""},
		{"gibberish", `"gibberish" is neither a command nor a file` + "\n", ""},
		{"help mesages", `there is no command "mesages"; did you mean messages?`, ""},
		{"help nosuch", `there is no command "nosuch"`, ""},
		{"version x", "version takes no arguments: x", "version --help"},
		{"completion", "completion takes a shell: bash, zsh, fish or powershell", ""},
		{"completion csh", "completion takes a shell", ""},
		{"--decode-as 80 FILE", `--decode-as "80": it takes PORT=PROTOCOL`, ""},
		{"--decode-as 80=smtp FILE", "http", ""},
		{"--decode-as 65536=raw FILE", "a port from 1 to 65535", ""},
		{"--decode-as 80=raw --decode-as 80=http FILE", "port 80 is decoded as raw already", ""},
		{"--payload some FILE", `--payload "some": it takes none, preview or full`, ""},
		{"--max-message 0 FILE", `--max-message "0": it takes a number of bytes from 1`, ""},
		{"--max-message -1 FILE", `--max-message "-1"`, ""},
		{"--max-message 2000G FILE", `--max-message "2000G"`, ""},
		{"--max-message 9223372036854775807k FILE", "--max-message", ""},
		{"--max-message 5x FILE", "--max-message", ""},
		{"--color red FILE", `--color "red": it takes auto, always or never`, ""},
		{"--progress x FILE", `--progress "x"`, ""},
		{"-n x FILE", `-n/--limit "x": it takes a whole number from 1`, ""},
		{"-n 0 FILE", `-n/--limit "0"`, ""},
		{"--conn -3 FILE", `--conn "-3"`, ""},
		{"--conn", "--conn needs a value: --conn N", ""},
		{"--json=perhaps FILE", `--json "perhaps": it is true or false`, ""},
		{"-o xml FILE", `-o/--output "xml": it takes text, json or csv` + "\n", ""},
		{"stats -o csv FILE", "totals are no table: stats takes -o text or json", "stats --help"},
		{"stats --fields time FILE", "stats counts everything: it has no --fields", ""},
		{"messages --fields time,form FILE", "--fields: there is no field form; did you mean from?\n  time,form\n       ^~~~", "sockeye fields"},
		{"messages --fields time, FILE", "here comes the name of a field", ""},
		{"messages --fields time;conn FILE", "fields", ""},
		{"follow --raw -o csv FILE", "--hex and --raw are forms of text output", ""},
		{"check --format sarif --fields time FILE", "--format sarif or columns, not both", ""},
		{"follow --json --raw FILE", "--hex and --raw are forms of text output", ""},
		{"follow --hex --raw FILE", "--hex or --raw, not both", ""},
		{"messages --hex FILE", "there is no flag --hex", ""},
		{"-q -v FILE", "--quiet or --verbose, not both", ""},
		{"conns --follow FILE FILE", "--follow takes one file; 2 were named", ""},
		{"conns --follow -i lo", "--follow is for files", ""},
		{"- -", "standard input can be read only once", ""},
	} {
		t.Run(c.args, func(t *testing.T) {
			r := sockeye(t, strings.Fields(strings.ReplaceAll(c.args, "FILE", file))...)
			r.want(t, exitUsage, c.says, "Try: sockeye", c.try)
			if r.stdout != "" {
				t.Errorf("printed results: %q", r.stdout)
			}
			plainWords(t, r.stderr)
		})
	}
}

// plainWords checks that an error is said once, and not in the words of a library.
func plainWords(t *testing.T, s string) {
	t.Helper()
	if strings.Count(s, "sockeye: ") != 1 {
		t.Errorf("not one error: %q", s)
	}
	for _, jargon := range []string{"strconv", "lstat", "open ", "unexpected EOF", "invalid argument", "%!", "<nil>", "goroutine"} {
		if strings.Contains(s, jargon) {
			t.Errorf("%q in %q", jargon, s)
		}
	}
}

func TestUnreadableInput(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := pcap("endings.pcap")
	missing := filepath.Join(dir, "missing.pcap")
	for _, c := range []struct {
		name  string
		files []string
		says  string
	}{
		{"wrong file", []string{missing}, "sockeye: " + missing + ": no such file or directory\n"},
		{"directory", []string{dir}, "sockeye: " + dir + ": is a directory; name capture files in it, as in " + filepath.Join(dir, "*.pcap") + "\n"},
		{"empty file", []string{file("empty", "")}, ": is empty: not a capture file\n"},
		{"no capture", []string{file("text", "hello, world\n")}, ": not a capture file: begins with 68 65 6c 6c; expected pcap or pcapng, perhaps compressed"},
		{"one of several", []string{good, missing}, missing + ": no such file or directory\n"},
		{"command last", []string{good, "conns"}, "a command comes first: sockeye conns FILE\n"},
		{"hostile name", []string{good, "./\x1b]0;owned\x07"}, `./\x1b]0;owned\x07: no such file`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, with := range [][]string{nil, {"--json"}, {"messages"}} {
				r := sockeye(t, append(with, c.files...)...)
				r.want(t, exitInput)
				if r.stdout != "" {
					t.Errorf("printed results: %q", r.stdout)
				}
				plainWords(t, r.stderr)
				if !strings.Contains(r.stderr, c.says) || strings.Count(r.stderr, "\n") != 1 {
					t.Errorf("said %q, not %q", r.stderr, c.says)
				}
			}
		})
	}
}

func TestCutInput(t *testing.T) {
	whole, err := os.ReadFile(pcap("endings.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write(whole)
	z.Close()
	all := objects(t, sockeye(t, "--json", pcap("endings.pcap")).stdout)
	for name, content := range map[string][]byte{
		"cut.pcap":    whole[:10_000],
		"cut.pcap.gz": zipped.Bytes()[:zipped.Len()/2],
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(path, content, 0o644); err != nil {
				t.Fatal(err)
			}
			r := sockeye(t, "--json", path)
			r.want(t, exitInput, path+": byte ", " cut after ", "packets before it were read")
			plainWords(t, r.stderr)
			list := objects(t, r.stdout)
			end := list[len(list)-1]
			if end["truncated_input"] != true || end["packets"].(float64) < 30 || len(list) < 10 {
				t.Errorf("%d lines, end %v", len(list), end)
			}
			for i, o := range list[:8] { // before the cut nothing changes
				if o["time"] != all[i]["time"] || o["text"] != all[i]["text"] {
					t.Errorf("line %d: %v, not %v", i+1, o, all[i])
				}
			}
			text := sockeye(t, path)
			text.want(t, exitInput, "the input is damaged or cut short", ": byte ")
			if !strings.Contains(text.stdout, "hello /rst-by-client") {
				t.Errorf("what came before the cut is not there: %q", text.stdout)
			}
			// The other file is read to its end.
			both := objects(t, sockeye(t, "--json", path, pcap("midstream.pcap")).stdout)
			if n := both[len(both)-1]["packets"].(float64); n != end["packets"].(float64)+60 {
				t.Errorf("%v packets of both", n)
			}
		})
	}
}
