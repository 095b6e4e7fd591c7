package bench_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestVeth: what is sent is seen or counted, and all of it is what it should be.
func TestVeth(t *testing.T) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("needs Linux and root, to make network namespaces")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs ip (Debian package iproute2):", err)
	}
	if err := exec.Command("unshare", "--net", "true").Run(); err != nil {
		t.Skip("this root may not make network namespaces:", err)
	}
	dir := t.TempDir()
	files, err := filepath.Glob("veth/*.go")
	if err != nil {
		t.Fatal(err)
	}
	veth, sockeye := filepath.Join(dir, "veth"), filepath.Join(dir, "sockeye")
	for _, args := range [][]string{
		append([]string{"vet"}, files...), append([]string{"build", "-o", veth}, files...), {"build", "-o", sockeye, "../cmd/sockeye"},
	} {
		if said, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, said)
		}
	}
	file := filepath.Join(dir, "x.pcapng")
	line := strings.TrimSpace(output(t, veth, "run", "-packets", "50000", "-rate", "50000", sockeye, "capture", "-w", file, "--ring", "64M"))
	if f := strings.Split(line, "\t"); len(f) != 8 || f[1] != "50000" || f[2] != "50000" || f[4] != "50000" || f[5] != "0" {
		t.Errorf("veth says %q", line)
	}
	// 500 handshakes of five packets, and a message in every other packet.
	for _, want := range []string{`"packets":50000,"connections":500,"messages":47500,`, `"dropped":0`} {
		if end := output(t, sockeye, "messages", "--json", file); !strings.Contains(end[len(end)-400:], want) {
			t.Errorf("the end lacks %q: %s", want, end[len(end)-400:])
		}
	}
	check := exec.Command(sockeye, "check", "--json", "--severity", "warning", "--ignore", "WS-NO-CLOSE", file)
	if said, err := check.Output(); err != nil || strings.Count(string(said), "\n") != 1 {
		t.Errorf("%v: findings in what it sends: %.1000s", err, said)
	}
	line = strings.TrimSpace(output(t, veth, "run", "-packets", "100000", sockeye, "messages", "--json", "--ring", "1M"))
	if f := strings.Split(line, "\t"); len(f) != 8 || f[1] != "100000" {
		t.Errorf("veth says %q", line)
	}
}
