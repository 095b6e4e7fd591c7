//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// growing starts a program that follows a copy of the beginning of a capture,
// and returns what it prints first.
func growing(t *testing.T, capture []byte, start int) (p *piped, file, first string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "grows.pcap")
	if err := os.WriteFile(file, capture[:start], 0o644); err != nil {
		t.Fatal(err)
	}
	p = startPiped(t, "messages", "--json", "--follow", file)
	first, err := p.out.ReadString('\n') // while there is no more
	if err != nil {
		t.Fatalf("%v, %s", err, &p.errs)
	}
	return p, file, first
}

// TestFollowGrowing holds that a file which is written bit by bit gives what it
// gives when it is read whole.
func TestFollowGrowing(t *testing.T) {
	capture, err := os.ReadFile(pcap("endings.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	want := sockeye(t, "messages", "--json", pcap("endings.pcap")).stdout
	lines := strings.SplitAfter(strings.TrimSuffix(want, "\n"), "\n")
	p, file, got := growing(t, capture, 3000)
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for rest := capture[3000:]; len(rest) > 0; { // records are cut anywhere
		n := min(len(rest), 997)
		if _, err := f.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	for range lines[1 : len(lines)-2] { // all but the end, and a message that is never whole
		line, err := p.out.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		got += line
	}
	p.Process.Signal(syscall.SIGINT)
	end, err := io.ReadAll(p.out)
	if err != nil {
		t.Fatal(err)
	}
	p.Wait()
	if got += string(end); got != want {
		t.Errorf("got\n%s\nread whole\n%s", got, want)
	}
	if code := p.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d, %s", code, &p.errs)
	}
}

// TestFollowCut: a file that becomes shorter is not what it was.
func TestFollowCut(t *testing.T) {
	capture, err := os.ReadFile(pcap("endings.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	p, file, _ := growing(t, capture, 3000)
	if err := os.Truncate(file, 100); err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(p.out)
	if err != nil {
		t.Fatal(err)
	}
	p.Wait()
	if code := p.ProcessState.ExitCode(); code != exitInput || !bytes.Contains(p.errs.Bytes(), []byte("was cut to 100 bytes while it was followed")) {
		t.Errorf("exit code %d, %s", code, &p.errs)
	}
	if !strings.Contains(string(out), `"truncated_input":true`) {
		t.Errorf("printed %q", out)
	}
}
