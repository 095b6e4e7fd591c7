package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// console is a command in a document, with what it prints.
var console = regexp.MustCompile("(?s)```console\n\\$ (sockeye [^\n]*)\n(.*?)```\n")

// TestDocs runs the commands in docs/check.md: what stands below them is what
// they print on standard output. With -update it is written anew.
func TestDocs(t *testing.T) {
	for file, least := range map[string]int{"../../docs/check.md": 4, "../../README.md": 5} {
		t.Run(filepath.Base(file), func(t *testing.T) { holdDocs(t, file, least) })
	}
}

// words splits a command line as a shell does where it has plain words and such in single quotes.
func words(line string) []string {
	var l []string
	for _, m := range quoted.FindAllStringSubmatch(line, -1) {
		l = append(l, m[1]+m[2])
	}
	return l
}

var quoted = regexp.MustCompile(`'([^']*)'|(\S+)`)

// holdDocs runs the commands of a page's console blocks, at least so many, and
// compares what they print with what the page says.
func holdDocs(t *testing.T, file string, least int) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	run := func(line string) string {
		cmd := exec.Command(binary, words(line)[1:]...)
		cmd.Dir = "../.."
		out, _ := cmd.Output() // some exit with 1, as they should
		return string(out)
	}
	got := console.ReplaceAllStringFunc(string(b), func(block string) string {
		m := console.FindStringSubmatch(block)
		n++
		out := run(m[1])
		if out == "" || strings.Contains(out, "```") {
			t.Errorf("%s printed %q", m[1], out)
		}
		return "```console\n$ " + m[1] + "\n" + out + "```\n"
	})
	if n < least {
		t.Errorf("%d commands were found in %s", n, file)
	}
	if *update && !t.Failed() {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != string(b) {
		t.Errorf("%s differs from what its commands print (go test -update rewrites it):\n%s", file, got)
	}
}
