// Package bench_test holds that what bench/compare builds does what it says.
package bench_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// build builds a program of this folder: they carry a build tag, so that the
// module's packages do not include them.
func build(t *testing.T, name string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), name+".exe")
	for _, args := range [][]string{{"vet", name + "/main.go"}, {"build", "-o", out, name + "/main.go"}} {
		if said, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, said)
		}
	}
	return out
}

func output(t *testing.T, command string, args ...string) string {
	t.Helper()
	c := exec.Command(command, args...)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %s: %v", command, strings.Join(args, " "), err)
	}
	return string(out)
}

// TestNaive: the program that sockeye is compared with finds every message of a
// capture without holes, or comparing the two would say nothing.
func TestNaive(t *testing.T) {
	got := output(t, build(t, "naive"), "../pcaps/chat-small.pcap")
	if !strings.Contains(got, " 539 messages,") || !strings.HasPrefix(got, "933 packets,") {
		t.Errorf("naive says %q", got)
	}
}

func TestMeasure(t *testing.T) {
	measure := build(t, "measure")
	results := filepath.Join(t.TempDir(), "results.tsv")
	output(t, measure, "run", results, "chat", "tcpdump -w", "go", "version")
	output(t, measure, "run", results, "chat", "sockeye stats", "go", "version")
	real, err := os.ReadFile(results)
	if err != nil || strings.Count(string(real), "\n") != 2 {
		t.Fatalf("%v: %q", err, real)
	}
	made := "#\tchat\t1000000\t5000\t20\t1000\n" +
		"chat\ttcpdump -w\t0.2000\t0.1000\t6291456\t0\n" +
		"chat\tsockeye stats\t0.3000\t0.2000\t20971520\t0\n" +
		"chat\tsockeye stats\t0.2600\t0.1300\t19922944\t0\n" +
		"chat\tsockeye messages --json\t0.9000\t0.8000\t20971520\t0\n" +
		"chat\ttcpflow\t0\t0\t0\t127\n" +
		"chat\tother\t1\t1\t1\t3\n"
	if err := os.WriteFile(results, []byte(made), 0o644); err != nil {
		t.Fatal(err)
	}
	table := output(t, measure, "table", results)
	for _, want := range []string{
		"| chat | tcpdump -w | 0.100 s | 1.00 | 20000 | 0.200 s | 1.00 | 6 MiB |\n",
		"| chat | sockeye stats | 0.130 s | 1.30 | 26000 | 0.260 s | 1.30 | 19 MiB |\n",
		"| chat | tcpflow | not installed | | | | | |\n",
		"| chat | other | failed, exit code 3 | | | | | |\n",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
	targets := output(t, measure, "targets", results)
	for _, want := range []string{
		"| `stats`, chat | 1.5 × tcpdump -w | 1.30 × tcpdump -w | met |\n",
		"| every message of chat as JSON with payload | 3.5 × tcpdump -w | 8.00 × tcpdump -w | missed |\n",
		"| `stats`, messy | 1.5 × tcpdump -w | not measured | |\n",
		"| peak memory, any of them but manyconn | 64 MiB | 20.00 MiB | met |\n",
	} {
		if !strings.Contains(targets, want) {
			t.Errorf("no %q in\n%s", want, targets)
		}
	}
	bench := filepath.Join(t.TempDir(), "bench.txt")
	lines := "BenchmarkPipeline/chat/1-read-2   55   6839.06 MB/s   0.00007 allocs/packet   53.1 ns/message   32.2 ns/packet\n" +
		"BenchmarkPipeline/chat/4-dissect  2   310.01 MB/s   0.1494 allocs/packet   1172 ns/message   709.6 ns/packet\nPASS\n"
	if err := os.WriteFile(bench, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := output(t, measure, "floors", bench); !strings.Contains(got, "| chat | 32 | 677 | 710 | 0.149 |\n") {
		t.Errorf("floors:\n%s", got)
	}
}
