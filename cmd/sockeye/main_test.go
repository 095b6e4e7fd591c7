package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files of this package")

// binary is the program, built once for all tests.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "sockeye")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "sockeye.exe")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// result is what a run of the program left.
type result struct {
	code           int
	stdout, stderr string
}

// pcap is the path of a sample capture, relative to the directory that commands run in.
func pcap(name string) string { return filepath.Join("..", "..", "pcaps", name) }

// command is the program, in an environment without settings of the user's.
func command(args ...string) *exec.Cmd {
	c := exec.Command(binary, args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "NO_COLOR=") && !strings.HasPrefix(v, "TERM=") && !strings.HasPrefix(v, "SOCKEYE_") {
			c.Env = append(c.Env, v)
		}
	}
	c.Env = append(c.Env, "TERM=xterm-256color", "XDG_CONFIG_HOME="+filepath.Dir(binary))
	return c
}

// hangs is how long a program runs that does not end by itself: much longer than
// any takes on a slow and busy machine.
const hangs = 5 * time.Minute

// sockeye runs the program to its end.
func sockeye(t *testing.T, args ...string) result {
	t.Helper()
	return finish(t, command(args...))
}

func finish(t *testing.T, c *exec.Cmd) result {
	t.Helper()
	var out, errs bytes.Buffer
	if c.Stdout == nil {
		c.Stdout = &out
	}
	if c.Stderr == nil {
		c.Stderr = &errs
	}
	timer := time.AfterFunc(hangs, func() { c.Process.Kill() })
	defer timer.Stop()
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

// want checks a run's exit code and all that it should have said.
func (r result) want(t *testing.T, code int, stderr ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, not %d; standard error:\n%s", r.code, code, r.stderr)
	}
	for _, s := range stderr {
		if !strings.Contains(r.stderr, s) {
			t.Errorf("standard error lacks %q:\n%s", s, r.stderr)
		}
	}
}

// objects parses JSON Lines and checks that the last one is the end.
func objects(t *testing.T, s string) []map[string]any {
	t.Helper()
	if !strings.HasSuffix(s, "}\n") {
		t.Fatalf("does not end in a whole line: %q", s[max(0, len(s)-80):])
	}
	var list []map[string]any
	for _, line := range strings.Split(strings.TrimSuffix(s, "\n"), "\n") {
		var o map[string]any
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		list = append(list, o)
	}
	for i, o := range list {
		if last := i == len(list)-1; (o["kind"] == "end") != last {
			t.Fatalf("line %d of %d is of kind %v", i+1, len(list), o["kind"])
		}
	}
	return list
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update rewrites it); got:\n%s", path, got)
	}
}

func TestGolden(t *testing.T) {
	for name, args := range map[string][]string{
		"endings-messages":      {"messages", pcap("endings.pcap")},
		"endings-messages-json": {"messages", "--json", "--payload", "preview", pcap("endings.pcap")},
		"endings-conns":         {"conns", pcap("endings.pcap")},
		"endings-conns-json":    {"conns", "-o", "json", pcap("endings.pcap")},
		"endings-handshake":     {"handshake", "--conn", "8", pcap("endings.pcap")},
		"endings-follow-hex":    {"follow", "--conn", "8", "--hex", pcap("endings.pcap")},
		"midstream-conns":       {"conns", pcap("midstream.pcap")},
		"midstream-messages":    {"messages", "--payload", "none", pcap("midstream.pcap")},
		"line-follow":           {"follow", "--conn", "2", "-n", "16", pcap("raw-binary-line.pcap")},
		"line-follow-json":      {"follow", "--conn", "2", "-n", "8", "--json", pcap("raw-binary-line.pcap")},
		"binary-follow":         {"follow", "--conn", "1", "-n", "12", "--payload", "preview", pcap("raw-binary-line.pcap")},
		"misbehave-messages":    {"messages", "-n", "20", pcap("misbehave-a.pcap")},
		"misbehave-frames":      {"frames", "-n", "20", pcap("misbehave-a.pcap")},
		"misbehave-frames-json": {"frames", "-n", "20", "--json", pcap("misbehave-a.pcap")},
		"misbehave-follow":      {"follow", "--conn", "2", pcap("misbehave-a.pcap")},
	} {
		t.Run(name, func(t *testing.T) {
			r := sockeye(t, args...)
			r.want(t, exitDone)
			golden(t, name, r.stdout)
		})
	}
}

// TestHelp holds every command's help, and that each shows examples and fits 80 columns.
func TestHelp(t *testing.T) {
	golden(t, "help", sockeye(t, "--help").stdout)
	for _, name := range []string{"tui", "conns", "messages", "frames", "follow", "handshake", "check", "stats", "capture", "interfaces", "explain", "fields", "version", "completion", "help"} {
		t.Run(name, func(t *testing.T) {
			r := sockeye(t, name, "--help")
			r.want(t, exitDone)
			golden(t, "help-"+name, r.stdout)
			if !strings.Contains(r.stdout, "\nExamples:\n  ") {
				t.Error("no examples")
			}
			if by := sockeye(t, "help", name); by != r {
				t.Errorf("help %s differs from %s --help:\n%s", name, name, by.stdout)
			}
			for _, line := range strings.Split(r.stdout, "\n") {
				if n := len([]rune(line)); n > 80 {
					t.Errorf("%d columns: %s", n, line)
				}
			}
		})
	}
}

func TestNoArguments(t *testing.T) {
	r := sockeye(t)
	r.want(t, exitDone)
	if r.stdout != sockeye(t, "--help").stdout || r.stderr != "" {
		t.Errorf("not the help:\n%s%s", r.stdout, r.stderr)
	}
}

func TestVersionAndCompletion(t *testing.T) {
	if r := sockeye(t, "version"); r.code != 0 || !strings.HasPrefix(r.stdout, "sockeye "+version+" go") {
		t.Errorf("version: %+v", r)
	}
	for shell, sign := range map[string]string{"bash": "complete -o", "zsh": "#compdef sockeye", "fish": "complete -c sockeye", "powershell": "Register-ArgumentCompleter"} {
		if r := sockeye(t, "completion", shell); r.code != 0 || !strings.Contains(r.stdout, sign) {
			t.Errorf("completion %s: code %d, no %q", shell, r.code, sign)
		}
	}
	for typed, want := range map[string][]string{
		"messages --payload ":         {"none", "preview", "full"},
		"--color ":                    {"auto", "always", "never"},
		"conns -o ":                   {"text", "json"},
		"frames --decode-as 80=":      {"80=websocket", "80=raw", "80=http", "80=tls"},
		"help ":                       {"messages", "follow"},
		"follow --progress ":          {"auto"},
		"messages --decode-as 80=web": {"80=websocket"},
		"messages -Y opc":             {"opcode"},
		"conns --filter state==re":    {"state==reset"},
		"frames -Y rsv>0&&opcode==te": {"rsv>0&&opcode==text"},
	} {
		args := strings.Split(typed, " ")
		out := "\n" + sockeye(t, append([]string{"__complete"}, args...)...).stdout
		for _, w := range want {
			if !strings.Contains(strings.ReplaceAll(out, "\t", "\n"), "\n"+w+"\n") {
				t.Errorf("%q is not completed with %s: %q", typed, w, out)
			}
		}
	}
}
