//go:build unix

package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestStandardInput(t *testing.T) {
	want := sockeye(t, "--json", pcap("endings.pcap"))
	for name, open := range map[string]func() io.Reader{
		"file": func() io.Reader {
			f, err := os.Open(pcap("endings.pcap"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
			return f
		},
		"pipe": func() io.Reader {
			b, err := os.ReadFile(pcap("endings.pcap"))
			if err != nil {
				t.Fatal(err)
			}
			return bytes.NewReader(b)
		},
	} {
		for _, args := range [][]string{{"--json", "-"}, {"--json", "-r", "-"}} {
			c := command(args...)
			c.Stdin = open()
			if got := finish(t, c); got != want {
				t.Errorf("%s: code %d, %s", name, got.code, got.stderr)
			}
		}
	}
	c := command("-")
	c.Stdin = strings.NewReader("hello, world")
	finish(t, c).want(t, exitInput, "sockeye: standard input: not a capture file")

	// A mistake in a file's name shows before anything is waited for.
	c = command("-", "nosuch.pcap")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	c.Stdin = r
	finish(t, c).want(t, exitInput, "sockeye: nosuch.pcap: no such file or directory")
}

func TestNamedPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(pcap("endings.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	go os.WriteFile(path, b, 0)
	got, want := sockeye(t, "--json", path), sockeye(t, "--json", pcap("endings.pcap"))
	if got != want {
		t.Errorf("code %d, %s", got.code, got.stderr)
	}
}

// TestClosedOutput: a reader that has enough ends the program quietly.
func TestClosedOutput(t *testing.T) {
	for _, args := range [][]string{{"--json"}, {"follow", "--hex"}, {"follow", "--raw"}, {"messages", "--payload", "full"}} {
		c := command(append(args, pcap("websockets-plain.pcap"))...)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		var errs bytes.Buffer
		c.Stdout, c.Stderr = w, &errs
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		if _, err := bufio.NewReaderSize(r, 16).ReadByte(); err != nil {
			t.Fatal(err)
		}
		r.Close()
		if err := c.Wait(); err != nil || errs.Len() > 0 {
			t.Errorf("%v: %v, standard error %q", args, err, &errs)
		}
	}
}

func TestFullOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no device that is full: %v", err)
	}
	defer full.Close()
	for _, args := range [][]string{{"messages"}, {"--json"}, {"follow", "--raw", "--conn", "1"}} {
		c := command(append(args, pcap("endings.pcap"))...)
		c.Stdout = full
		r := finish(t, c)
		r.want(t, exitIncomplete)
		if r.stderr != "sockeye: standard output: no space left on device; the results are incomplete\n" {
			t.Errorf("%v: %q", args, r.stderr)
		}
	}
}

// piped is the program reading from a pipe that stays open.
type piped struct {
	*exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	errs bytes.Buffer
}

func startPiped(t *testing.T, args ...string) *piped {
	t.Helper()
	p := &piped{Cmd: command(args...)}
	p.Cmd.Stderr = &p.errs
	in, err := p.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.in, p.out = in, bufio.NewReader(out)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(hangs, func() { p.Process.Kill() })
	t.Cleanup(func() { timer.Stop(); p.Process.Kill(); in.Close() })
	return p
}

// TestInterrupt: results come as they are seen; an interrupt while waiting for
// more prints the rest and the end.
func TestInterrupt(t *testing.T) {
	capture, err := os.ReadFile(pcap("endings.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		p := startPiped(t, "--json", "-")
		if _, err := p.in.Write(capture[:10_000]); err != nil {
			t.Fatal(err)
		}
		first, err := p.out.ReadString('\n') // while the pipe is open
		if err != nil || !strings.Contains(first, `"text":"hello /rst-by-client"`) {
			t.Fatalf("%v: %q", err, first)
		}
		p.Process.Signal(sig)
		p.Process.Signal(sig) // as timeout(1) does it
		rest, err := io.ReadAll(p.out)
		if err != nil {
			t.Fatal(err)
		}
		p.Wait()
		if code := p.ProcessState.ExitCode(); code != exitInterrupted || p.errs.Len() > 0 {
			t.Errorf("%v: exit code %d, standard error %q", sig, code, &p.errs)
		}
		list := objects(t, first+string(rest))
		if end := list[len(list)-1]; end["packets"] != 70.0 || end["truncated_input"] != false {
			t.Errorf("%v: end %v", sig, end)
		}
		if len(list) < 14 {
			t.Errorf("%v: %d lines", sig, len(list))
		}
	}
}
