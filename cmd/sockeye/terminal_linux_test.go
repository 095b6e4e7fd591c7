package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// terminal opens a pseudo-terminal that is width columns wide.
func terminal(t testing.TB, width, height uint16) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Skipf("no pseudo-terminals: %v", err)
	}
	n, err := unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	if err != nil {
		t.Skipf("no pseudo-terminals: %v", err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals: %v", err)
	}
	t.Cleanup(func() { slave.Close() })
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: height, Col: width}); err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// onTerminal runs the program with its standard output on a terminal.
func onTerminal(t *testing.T, width uint16, env []string, args ...string) (screen, stderr string) {
	t.Helper()
	master, slave := terminal(t, width, 24)
	c := command(args...)
	c.Env = append(c.Env, env...)
	var errs bytes.Buffer
	c.Stdout, c.Stderr = slave, &errs
	done := make(chan string)
	go func() {
		var b bytes.Buffer
		b.ReadFrom(master) // fails once the terminal is closed
		done <- b.String()
	}()
	r := finish(t, c)
	r.want(t, exitDone)
	slave.Close()
	return strings.ReplaceAll(<-done, "\r\n", "\n"), errs.String()
}

// TestTerminalWidth: no line is wider than the terminal, whatever is in it.
func TestTerminalWidth(t *testing.T) {
	for _, width := range []uint16{40, 80, 120, 200} {
		for _, name := range []string{"conns", "messages", "frames", "follow"} {
			for _, file := range []string{"endings.pcap", "websockets-plain.pcap", "raw-binary-line.pcap", "capture-forms-ipv6.pcap"} {
				screen, stderr := onTerminal(t, width, []string{"NO_COLOR=1"}, name, pcap(file))
				for _, line := range strings.Split(screen, "\n") {
					if w := event.Width(line); w > int(width) {
						t.Fatalf("%s %s: %d columns of %d: %q", name, file, w, width, line)
					}
				}
				if strings.Contains(screen, "\x1b") || strings.Contains(stderr, "\x1b") {
					t.Fatalf("%s %s: colour or progress in spite of NO_COLOR", name, file)
				}
			}
		}
	}
}

func TestTerminalColor(t *testing.T) {
	for _, c := range []struct {
		env  string
		args []string
		want bool
	}{
		{"TERM=xterm", nil, true},
		{"NO_COLOR=1", nil, false},
		{"NO_COLOR=", nil, true}, // empty is not set (no-color.org)
		{"TERM=dumb", nil, false},
		{"TERM=xterm", []string{"--color", "never"}, false},
		{"TERM=dumb", []string{"--color", "always"}, true},
	} {
		screen, _ := onTerminal(t, 80, []string{c.env}, append(c.args, pcap("endings.pcap"))...)
		if got := strings.Contains(screen, "\x1b[2m"); got != c.want {
			t.Errorf("%s %v: colour %v", c.env, c.args, got)
		}
	}
}

// TestTerminalProgress: progress is drawn on a terminal that results do not go
// to, and taken away at the end.
func TestTerminalProgress(t *testing.T) {
	master, slave := terminal(t, 80, 24)
	capture, err := os.ReadFile(pcap("endings.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c := command("--json", "-")
	c.Stdin, c.Stderr = r, slave
	const half = clearLine + "read 5,000 B, "
	seen, drawn := make(chan struct{}), make(chan string)
	go func() {
		defer w.Close()
		w.Write(capture[:5000])
		select {
		case <-seen:
		case <-time.After(patience):
		}
		w.Write(capture[5000:])
	}()
	go func() {
		var b strings.Builder
		var p [4096]byte
		for shown := false; ; {
			n, err := master.Read(p[:])
			b.Write(p[:n])
			if !shown && strings.Contains(b.String(), half) {
				shown = true
				close(seen)
			}
			if err != nil {
				drawn <- b.String()
				return
			}
		}
	}()
	finish(t, c).want(t, exitDone)
	slave.Close()
	if s := <-drawn; !strings.Contains(s, half) || !strings.HasSuffix(s, clearLine) {
		t.Errorf("drawn: %q", s)
	}
}

// TestTerminalInput: a terminal is no capture.
func TestTerminalInput(t *testing.T) {
	_, slave := terminal(t, 80, 24)
	c := command("messages", "-")
	c.Stdin = slave
	finish(t, c).want(t, exitUsage, "standard input is the terminal: pipe a capture into it")
}
