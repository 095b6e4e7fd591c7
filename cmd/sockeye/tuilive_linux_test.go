package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/spf13/cobra"
)

// needsLo skips a test where this user may not capture. Those that set the
// environment cannot run side by side.
func needsLo(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to capture on lo")
	}
}

// watched is a screen whose contents a test reads while the inspector draws.
type watched struct {
	tcell.SimulationScreen
	mu   sync.Mutex
	text string
}

// Show implements tcell.Screen.
func (w *watched) Show() {
	w.SimulationScreen.Show()
	cells, width, _ := w.GetContents()
	var b strings.Builder
	for i, c := range cells {
		if len(c.Runes) > 0 {
			b.WriteString(string(c.Runes))
		}
		if (i+1)%width == 0 {
			b.WriteByte('\n')
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = b.String()
}

// until waits until the screen shows all of these.
func (w *watched) until(t *testing.T, texts ...string) {
	t.Helper()
	seen := ""
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		w.mu.Lock()
		seen = w.text
		w.mu.Unlock()
		if !slices.ContainsFunc(texts, func(x string) bool { return !strings.Contains(seen, x) }) {
			return
		}
	}
	t.Fatalf("the screen does not show %q:\n%s", texts, seen)
}

// press types keys: single characters, or Enter.
func (w *watched) press(keys ...string) {
	for _, k := range keys {
		if k == "Enter" {
			w.InjectKey(tcell.KeyEnter, 0, 0)
			continue
		}
		for _, r := range k {
			w.InjectKey(tcell.KeyRune, r, 0)
		}
	}
}

// TestInspectLive drives the inspector on a capture of real conversations: what
// is said appears while it is said; stopped, nothing comes; what is written is
// what the endpoints said; and nothing is left behind.
func TestInspectLive(t *testing.T) {
	needsLo(t)
	c := newChat(t)
	cache, dir := t.TempDir(), t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	o := newOptions()
	o.live.interfaces, o.live.noSandbox, o.live.spool = []string{"lo"}, true, 4<<20
	o.bpf, o.write = "tcp port "+c.port, filepath.Join(dir, "kept.pcapng")
	if _, err := o.sources(nil); err != nil {
		t.Fatal(err)
	}
	w := &watched{SimulationScreen: tcell.NewSimulationScreen("UTF-8")}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- o.inspectLive(ctx, &cobra.Command{}, w) }()
	w.until(t, "lo · tcp port "+c.port, "waiting for packets", "● ")
	w.SetSize(140, 45)

	want := c.talk(t, 3)
	w.until(t, "1 connection", "websocket", "/chat", "message 0", "echo message 2", "1000")
	want = append(want, c.talk(t, 2)...)
	w.until(t, "2 connections", "14 messages", "packets/s") // each side's, and two closes

	w.press("C")
	w.until(t, "■ stopped")
	c.talk(t, 5)
	c.over(t)
	w.press("C")
	w.until(t, "● ", "capturing again")
	want = append(want, c.talk(t, 1)...)
	w.until(t, "3 connections", "18 messages")

	written, saved := filepath.Join(dir, "all.pcapng"), filepath.Join(dir, "one.pcapng")
	w.press(":", "write "+written, "Enter")
	w.until(t, "wrote all packets that are kept")
	w.press("1", ":", "open 3", "Enter")
	w.until(t, "Messages of 3")
	w.press(":", "save "+saved, "Enter")
	w.until(t, "saved the packets of 1 connection")
	w.press("q")
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("the inspector does not end")
	}
	for file, want := range map[string][]string{written: want, o.write: want, saved: want[len(want)-2:]} {
		r := sockeye(t, "messages", "--json", file)
		r.want(t, exitDone)
		if got := spoken(objects(t, r.stdout)); !slices.Equal(got, want) {
			t.Errorf("%s has %q, the endpoints said %q", filepath.Base(file), got, want)
		}
	}
	if left, err := os.ReadDir(filepath.Join(cache, "sockeye")); err != nil || len(left) > 0 {
		t.Errorf("left in the cache folder: %v, %v", left, err)
	}
}

// TestInspectLiveFullDisk: a spool that does not fit on the disk ends the capture;
// what came before can be looked at.
func TestInspectLiveFullDisk(t *testing.T) {
	needsLo(t)
	c := newChat(t)
	disk := smallDisk(t, "96k")
	t.Setenv("XDG_CACHE_HOME", disk)
	o := newOptions()
	o.live.interfaces, o.live.noSandbox, o.bpf = []string{"lo"}, true, "tcp port "+c.port
	if _, err := o.sources(nil); err != nil {
		t.Fatal(err)
	}
	w := &watched{SimulationScreen: tcell.NewSimulationScreen("UTF-8")}
	done := make(chan error, 1)
	go func() { done <- o.inspectLive(context.Background(), &cobra.Command{}, w) }()
	w.until(t, "waiting for packets")
	w.SetSize(140, 45)
	c.talk(t, 2)
	w.until(t, "message 1")
	if err := os.WriteFile(filepath.Join(disk, "other"), make([]byte, 1<<20), 0o600); err == nil {
		t.Fatal("the disk is not full")
	}
	for range 200 {
		c.talk(t, 5)
		w.mu.Lock()
		full := strings.Contains(w.text, "ended")
		w.mu.Unlock()
		if full {
			break
		}
	}
	w.until(t, "■ ended: spool: no space left on device", "message 1")
	w.press("q")
	if err := <-done; err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("ended with %v", err)
	}
}

// TestInspectLiveProgram runs the program itself, on a terminal and without its rights.
func TestInspectLiveProgram(t *testing.T) {
	needsLo(t)
	screen, r := keyed(t, "● ", "q", "tui", "-i", "lo", "-f", "tcp port 9")
	r.want(t, exitDone, "sandbox: rights given up: user ", "captured on lo in ", "0 packets", "dropped by the kernel: 0")
	for _, want := range []string{"\x1b[?1049h", "waiting for packets", "\x1b[?1049l"} {
		if !strings.Contains(screen, want) {
			t.Errorf("%q is not drawn", want)
		}
	}
	r = sockeye(t, "tui", "-i", "lo", "-f", "tcp prt 9")
	r.want(t, exitUsage, "column 5")
	_, r = keyed(t, "nothing", "", "tui", "-w", "x.pcapng", pcap("websockets-plain.pcap"))
	r.want(t, exitUsage, "-w saves what -i captures")
	_, r = keyed(t, "nothing", "", "tui", "--spool", "1G", pcap("websockets-plain.pcap"))
	r.want(t, exitUsage, "--spool is for live capture")
}

// TestChooserProgram: without arguments on a terminal, who may capture chooses;
// who may not is told what to do.
func TestChooserProgram(t *testing.T) {
	needsLo(t)
	for _, args := range [][]string{nil, {"tui"}} {
		screen, r := keyed(t, "what to capture on?", "q", args...)
		r.want(t, exitDone)
		if !strings.Contains(screen, "any") || !strings.Contains(screen, "\x1b[?1049l") {
			t.Errorf("%v draws %q", args, screen)
		}
	}
	if err := os.Chmod(filepath.Dir(binary), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{nil, {"tui"}} {
		_, slave := terminal(t, 80, 24)
		c := command(args...)
		c.Dir, c.Stdin, c.Stdout = "/", slave, slave
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		r := finish(t, c)
		code := exitCapture
		if args == nil {
			code = exitDone
		}
		r.want(t, code, "this user may not capture: operation not permitted; ")
		if !strings.Contains(r.stderr, "setcap") && !strings.Contains(r.stderr, "sudo ") && !strings.Contains(r.stderr, "no_new_privs") {
			t.Errorf("%v: no remedy: %q", args, r.stderr)
		}
	}
}

// TestInspectLiveKilled: what a killed inspector leaves is for its user only, a
// capture that opens, and gone after the next start.
func TestInspectLiveKilled(t *testing.T) {
	needsLo(t)
	ch := newChat(t)
	cache := t.TempDir()
	start := func() (kill func()) {
		master, slave := terminal(t, 80, 24)
		c := command("tui", "-i", "lo", "--no-sandbox", "-f", "tcp port "+ch.port)
		c.Env = append(c.Env, "XDG_CACHE_HOME="+cache)
		c.Stdin, c.Stdout = slave, slave
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Process.Kill() })
		shown := make(chan struct{})
		go func() {
			var all strings.Builder
			var b [4096]byte
			for said := false; ; {
				n, err := master.Read(b[:])
				if err != nil {
					return
				}
				all.Write(b[:n])
				if !said && strings.Contains(all.String(), "● ") {
					said = true
					close(shown)
				}
			}
		}()
		select {
		case <-shown:
		case <-time.After(patience):
			t.Fatal("nothing is shown")
		}
		return func() { c.Process.Kill(); c.Wait() }
	}
	spools := func() []string {
		list, err := filepath.Glob(filepath.Join(cache, "sockeye", "spool-*", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	kill := start()
	said := ch.talk(t, 3)
	await(t, "what was said is in the spool", func() bool {
		list := spools()
		return len(list) == 1 && slices.Equal(saidIn(t, list[0]), said)
	})
	kill()
	first := spools()
	if len(first) != 1 {
		t.Fatalf("left %v", first)
	}
	if info, err := os.Stat(first[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	r := sockeye(t, "messages", "--json", first[0])
	r.want(t, exitDone)
	if got := spoken(objects(t, r.stdout)); !slices.Equal(got, said) {
		t.Errorf("left %q, the endpoints said %q", got, said)
	}
	kill = start()
	second := spools()
	kill()
	if len(second) != 1 || second[0] == first[0] {
		t.Errorf("after another start there are %v", second)
	}
}
