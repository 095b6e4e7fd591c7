package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestSameWithAnyWorkers: a capture gives the same bytes whatever the number of
// workers, and on every run.
func TestSameWithAnyWorkers(t *testing.T) {
	files, err := filepath.Glob(pcap("*.truth.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no truth files: %v", err)
	}
	for _, truth := range files {
		captures, err := filepath.Glob(strings.TrimSuffix(truth, "truth.json") + "pcap*")
		if err != nil || len(captures) != 1 {
			t.Fatalf("captures of %s: %v, %v", truth, captures, err)
		}
		t.Run(filepath.Base(captures[0]), func(t *testing.T) {
			t.Parallel()
			for _, name := range []string{"messages", "frames", "check", "follow"} {
				if testing.Short() && name == "follow" {
					continue
				}
				want := sockeye(t, name, "--json", "--workers", "1", captures[0])
				if want.code != exitDone && want.code != exitFindings || want.stdout == "" {
					t.Fatalf("%s: exit code %d\n%s", name, want.code, want.stderr)
				}
				for _, workers := range []string{"1", "2", "8", "8"} {
					got := sockeye(t, name, "--json", "--workers", workers, captures[0])
					if got.code != want.code || got.stdout != want.stdout {
						t.Errorf("%s --workers %s: exit code %d and %d bytes, not %d and %d, or other bytes",
							name, workers, got.code, len(got.stdout), want.code, len(want.stdout))
					}
				}
			}
		})
	}
}
