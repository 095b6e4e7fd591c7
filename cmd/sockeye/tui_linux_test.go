package main

import (
	"bytes"
	"strings"
	"syscall"
	"testing"
	"time"
)

// keyed runs the program on a terminal, waits until the screen shows a text,
// types keys, and returns what was drawn and how it ended.
func keyed(t *testing.T, wait, keys string, args ...string) (screen string, r result) {
	t.Helper()
	master, slave := terminal(t, 80, 24)
	c := command(args...)
	c.Env = append(c.Env, "TERM=xterm-256color", "TMPDIR="+t.TempDir(), "XDG_CACHE_HOME="+t.TempDir())
	c.Stdin, c.Stdout = slave, slave
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	drawn := make(chan string, 1)
	go func() {
		var b bytes.Buffer
		var p [4096]byte
		typed := false
		for {
			n, err := master.Read(p[:])
			b.Write(p[:n])
			if !typed && strings.Contains(b.String(), wait) {
				typed = true
				time.Sleep(50 * time.Millisecond)
				master.WriteString(keys)
			}
			if err != nil {
				drawn <- b.String()
				return
			}
		}
	}()
	r = finish(t, c)
	slave.Close()
	return <-drawn, r
}

// TestInspector opens the inspector on a terminal, bare and by its name, and quits it.
func TestInspector(t *testing.T) {
	plain := pcap("websockets-plain.pcap")
	for _, args := range [][]string{{plain}, {"tui", plain}, {"tui", "-Y", "path == /app-code", plain}} {
		screen, r := keyed(t, "Connections", "q", args...)
		r.want(t, exitDone)
		for _, want := range []string{"\x1b[?1049h", "Messages", "\x1b[?1049l"} { // the other screen, and back
			if !strings.Contains(screen, want) {
				t.Errorf("%q is not in what %v draws", want, args)
			}
		}
	}
}

// TestNoInspector holds that output that was asked for, or that is no terminal, stays text.
func TestNoInspector(t *testing.T) {
	plain := pcap("websockets-plain.pcap")
	want := sockeye(t, "messages", plain).stdout
	for _, args := range [][]string{{plain}, {"tui", plain}} {
		if got := sockeye(t, args...); got.code != exitDone || got.stdout != want {
			t.Errorf("%v in a pipe prints something else than messages", args)
		}
	}
	screen, r := keyed(t, "no such text", "", "--json", "-n", "1", plain)
	r.want(t, exitDone)
	if !strings.HasPrefix(screen, `{"kind":"message"`) {
		t.Errorf("--json on a terminal prints %.80q", screen)
	}
}
