package session_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/session"
)

// FuzzSession: whatever a capture holds, opening its connections one by one
// tells what reading it straight does.
func FuzzSession(f *testing.F) {
	for _, name := range []string{
		"one-way.pcap", "urgent-data.pcap", "overlap-conflict.pcap", "port-reuse.pcap", "midstream-both.pcap",
		"hole-over-header.pcap", "fragments-interleaved-controls.pcap", "rst-out-of-window.pcap",
	} {
		f.Add(read(f, filepath.Join(pcaps, name)))
	}
	path := filepath.Join(f.TempDir(), "fuzz.pcap")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := session.Open(context.Background(), session.Options{Files: []string{path}, SpoolDir: t.TempDir()})
		if err != nil {
			return
		}
		defer s.Close()
		loaded(t, s)
		if s.Inputs()[0].Spooled {
			return // compressed: pcapfile's own targets read these
		}
		want := straight(t, path)
		if s.Count() != len(want) {
			t.Fatalf("%d connections, want %d", s.Count(), len(want))
		}
		for conn, events := range want {
			sameConn(t, s, conn, events)
		}
	})
}
