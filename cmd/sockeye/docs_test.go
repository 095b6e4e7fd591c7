package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// console is a command in a document, with what it prints.
var console = regexp.MustCompile("(?s)```console\n\\$ (sockeye [^\n]*)\n(.*?)```\n")

// TestDocs runs the commands in docs/check.md: what stands below them is what
// they print on standard output. With -update it is written anew.
func TestDocs(t *testing.T) {
	const file = "../../docs/check.md"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	run := func(line string) string {
		cmd := exec.Command(binary, strings.Fields(line)[1:]...)
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
	if n < 4 {
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
