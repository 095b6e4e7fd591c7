package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// keyed runs the program on a terminal, waits until the screen shows a text,
// types keys, and returns what was drawn and how it ended.
func keyed(t *testing.T, wait, keys string, args ...string) (screen string, r result) {
	t.Helper()
	return keyedWith(t, []string{"TERM=xterm-256color"}, wait, keys, args...)
}

// keyedWith is keyed with settings of the environment.
func keyedWith(t *testing.T, env []string, wait, keys string, args ...string) (screen string, r result) {
	t.Helper()
	master, slave := terminal(t, 80, 24)
	c := command(args...)
	c.Env = append(append(c.Env, env...), "TMPDIR="+t.TempDir(), "XDG_CACHE_HOME="+t.TempDir())
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

// themed makes a config folder with a theme called mine, and returns it as XDG_CONFIG_HOME.
func themed(t *testing.T, theme string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, "sockeye", "themes"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "sockeye", "themes", "mine.toml"), []byte(theme), 0o644); err != nil {
		t.Fatal(err)
	}
	return "XDG_CONFIG_HOME=" + folder
}

// TestInspectorColours holds that as many colours are drawn as the terminal has, and none where that was asked for.
func TestInspectorColours(t *testing.T) {
	config := themed(t, `heading = { color = "#123456" }`)
	for _, c := range []struct {
		env   []string
		has   string
		never string // a pattern
	}{
		{[]string{"TERM=xterm", "COLORTERM="}, "\x1b[3", "38;"},
		{[]string{"TERM=xterm-256color", "COLORTERM="}, "38;5;", "38;2;"},
		{[]string{"TERM=xterm-256color", "COLORTERM=truecolor"}, "38;2;18;52;86m", "no such thing"},
		{[]string{"TERM=xterm-256color", "COLORTERM=truecolor", "NO_COLOR=1"}, "\x1b[1m", `\x1b\[([34][0-8]|9[0-7])`},
		{[]string{"TERM=xterm", "COLORTERM=", "NO_COLOR=1"}, "\x1b[1m", `\x1b\[([34][0-8]|9[0-7])`},
	} {
		screen, r := keyedWith(t, append(c.env, config), "Connections", "q", "--theme", "mine", pcap("endings.pcap"))
		r.want(t, exitDone)
		if !strings.Contains(screen, c.has) || regexp.MustCompile(c.never).MatchString(screen) {
			t.Errorf("%v: %q %v, or %q is there", c.env, c.has, strings.Contains(screen, c.has), c.never)
		}
	}
}

// TestInspectorWrongTheme says what is wrong with a theme, before anything is drawn.
func TestInspectorWrongTheme(t *testing.T) {
	screen, r := keyedWith(t, []string{themed(t, `heading = "blurple"`)}, "no such text", "", pcap("endings.pcap"))
	r.want(t, exitUsage, `mine.toml: heading: "blurple" is no colour`)
	if strings.Contains(screen, "\x1b") {
		t.Error("something was drawn")
	}
	_, r = keyedWith(t, nil, "no such text", "", "tui", "--theme", "mine", pcap("endings.pcap"))
	r.want(t, exitUsage, `there is no theme "mine"; there are dark, light, none`)
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
