package main

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/rules"
)

func TestExplain(t *testing.T) {
	var all []string
	for _, rule := range rules.All() {
		r := sockeye(t, "explain", strings.ToLower(rule.ID))
		r.want(t, exitDone)
		if !strings.HasPrefix(r.stdout, rule.ID+" (") || r.stderr != "" {
			t.Errorf("%s: %q", rule.ID, r.stdout)
		}
		at := 0
		for _, part := range []string{"\nMeaning\n", "\nEvidence\n", "\nUsual causes\n", "\nFix\n", "\nReferences\n"} {
			next := strings.Index(r.stdout, part)
			if next < at {
				t.Errorf("%s: no %q, or not in its place", rule.ID, part)
			}
			at = next
		}
		words := strings.Join(strings.Fields(r.stdout), " ")
		for _, text := range append([]string{rule.Meaning, rule.Evidence, rule.Fix}, rule.Causes...) {
			if !strings.Contains(words, strings.Join(strings.Fields(text), " ")) {
				t.Errorf("%s lacks %q", rule.ID, text)
			}
		}
		for _, line := range strings.Split(r.stdout, "\n") {
			if n := len([]rune(line)); n > explainWidth && !strings.Contains(line, "https://") {
				t.Errorf("%s: %d columns: %s", rule.ID, n, line)
			}
		}
		all = append(all, r.stdout)
	}
	r := sockeye(t, "explain", "--all")
	r.want(t, exitDone)
	if r.stdout != strings.Join(all, "\n") {
		t.Error("--all is not each of them")
	}
	if two := sockeye(t, "explain", "WS-RSV", "hs-accept").stdout; !strings.HasPrefix(two, "WS-RSV (") || !strings.Contains(two, "\n\nHS-ACCEPT (") {
		t.Errorf("two rules: %q", two)
	}
	golden(t, "explain-ws-mask", sockeye(t, "explain", "WS-MASK").stdout)
}

func TestExplainUsage(t *testing.T) {
	for args, says := range map[string]string{
		"":              "no rule: name one, as in sockeye explain WS-MASK, or --all",
		"WS-MSAK":       `there is no rule "WS-MSAK"; did you mean WS-MASK?`,
		"WS-MASK qwxyz": `there is no rule "qwxyz"; sockeye explain --all has them all`,
		"--all WS-MASK": "--all or rules by name, not both",
		"--al":          "there is no flag --al; did you mean --all?",
	} {
		r := sockeye(t, append([]string{"explain"}, strings.Fields(args)...)...)
		r.want(t, exitUsage, says, "Try: sockeye explain --help")
		plainWords(t, r.stderr)
		if r.stdout != "" {
			t.Errorf("%q: printed %q", args, r.stdout)
		}
	}
	if r := sockeye(t, "explain", "\x1b]0;owned\x07"); r.code != exitUsage || strings.Contains(r.stderr, "\x1b") {
		t.Errorf("hostile name: %+v", r)
	}
}

// TestExplainEnds: a reader that has enough ends it quietly; a full disk does not.
func TestExplainEnds(t *testing.T) {
	for _, args := range [][]string{{"explain", "--all"}, {"check", pcap("misbehave-a.pcap")}, {"check", "--format", "sarif", pcap("misbehave-a.pcap")}} {
		c := command(args...)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		var errs strings.Builder
		c.Stdout, c.Stderr = w, &errs
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		if _, err := bufio.NewReaderSize(r, 16).ReadByte(); err != nil {
			t.Fatal(err)
		}
		r.Close()
		c.Wait()
		complaint := strings.Contains(errs.String(), "sockeye:") || strings.Contains(errs.String(), "pipe")
		if code := c.ProcessState.ExitCode(); code > exitFindings || complaint {
			t.Errorf("%v: exit code %d, standard error %q", args, code, errs.String())
		}
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no device that is full: %v", err)
	}
	defer full.Close()
	for _, args := range [][]string{{"explain", "--all"}, {"check", pcap("misbehave-a.pcap")}, {"check", "--format", "junit", pcap("misbehave-a.pcap")}} {
		c := command(args...)
		c.Stdout = full
		r := finish(t, c)
		r.want(t, exitIncomplete)
		if r.stderr != "sockeye: standard output: no space left on device; the results are incomplete\n" {
			t.Errorf("%v: %q", args, r.stderr)
		}
	}
}
