package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// sequence is what the inspector itself sends to a terminal: modes, colours, the
// cursor, clearing, character sets, the keypad.
var sequence = regexp.MustCompile(`\x1b(\[[?<>]?[0-9;]*[ ]?[hlmHJKABCDGdrqtSTXunc]|[()][0AB]|[=>78M]|]52;c;[A-Za-z0-9+/=]*\x1b\\)`)

// clean fails if the output has a control byte that is not the inspector's own,
// or a character that hides or turns text round.
func clean(t *testing.T, out []byte) {
	t.Helper()
	rest := sequence.ReplaceAllString(string(out), "")
	for i := 0; i < len(rest); {
		r, n := utf8.DecodeRuneInString(rest[i:])
		bad := r == utf8.RuneError && n == 1 || unicode.IsControl(r) && r != '\r' && r != '\n' && r != '\t' && r != '\b' && r != 0x0e && r != 0x0f ||
			unicode.Is(unicode.Cf, r) && r != 0x200d // a joiner stands within an emoji
		if bad {
			t.Fatalf("%U comes out: …%q", r, rest[max(i-60, 0):min(i+60, len(rest))])
		}
		i += n
	}
}

// idle waits until the program has nothing to do: it took what was typed, and drew it.
func (v *viewer) idle() {
	v.tb.Helper()
	before := ""
	for end := time.Now().Add(hangs); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", v.c.Process.Pid))
		now := ""
		for _, path := range threads {
			status, _ := os.ReadFile(path) // it may have ended
			for line := range strings.Lines(string(status)) {
				if strings.HasPrefix(line, "State:") || strings.Contains(line, "ctxt_switches:") {
					now += line
				}
			}
		}
		if now == before && !strings.Contains(now, "State:\tR") && !strings.Contains(now, "State:\tD") {
			return
		}
		before = now
	}
	v.tb.Fatal("the program is busy all the time")
}

// TestHostileTerminal goes through every screen of the program with a capture
// whose every text plays tricks on terminals: none of it comes out.
func TestHostileTerminal(t *testing.T) {
	v := newViewer(t, 120, 40, "--theme", "none", pcap("hostile-text.pcap"))
	v.until("Connections", 0)
	v.idle()
	const esc, right, down = "\x1b", "\x1b[C", "\x1b[B"
	press := func(keys ...string) {
		t.Helper()
		for _, k := range keys {
			v.master.WriteString(k)
			if k == esc { // what follows at once belongs to it
				time.Sleep(60 * time.Millisecond)
			}
			v.idle()
		}
	}
	press("R") // credentials and all
	for range 2 {
		press("1", "h", esc, "L", "\x1b[F", esc, "s", esc, "S", "t", "\x1b[6~", esc, "b", "b", "z", "z", "?", esc)
		press("2")
		for range 14 {
			press(down, right, right, right, right, right)
			press("3", "w", "w", "-", "+", "\x1b[F", "2")
		}
		press("y", "y", "e", "e", " ", down, " ", "=", esc, "4", "a", "x", esc, "\r", "1", down)
	}
	press("/", `text contains "`, "\r", "\x06owned\r", "n", "n", ":nonsense\r", "R")
	v.mu.Lock()
	out := append([]byte(nil), v.out...)
	v.mu.Unlock()
	for _, want := range []string{`\x1b]0;owned\x07`, `\x1b[2J`} { // it was there to be seen
		if !strings.Contains(sequence.ReplaceAllString(string(out), ""), want) {
			t.Errorf("%s is not on the screen", want)
		}
	}
	clean(t, out)
	for n := 0; v.c.ProcessState == nil && n < 3; n++ {
		v.master.WriteString("\x03")
		time.Sleep(50 * time.Millisecond)
	}
	if err := v.c.Wait(); err != nil {
		t.Error(err)
	}
	v.quiet(50 * time.Millisecond)
	v.mu.Lock()
	defer v.mu.Unlock()
	clean(t, v.out)
}
