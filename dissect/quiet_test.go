package dissect_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

// TestQuiet holds that counting alone counts the same as making every event,
// although it borrows heads and notes nothing of connections.
func TestQuiet(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(pcaps, "*.pcap*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no capture in %s: %v", pcaps, err)
	}
	for _, file := range files {
		sameTotals(t, filepath.Base(file), func() capture.Source {
			f, err := pcapfile.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
			return f
		})
	}
}

// FuzzQuiet holds the same for files and instructions as FuzzPipeline takes them,
// within limits that neither way of counting reaches.
func FuzzQuiet(f *testing.F) {
	for _, name := range []string{"endings.pcap", "midstream.pcap", "port-reuse.pcap", "http-keepalive.pcap", "early-data-before-101.pcap"} {
		b, err := os.ReadFile(filepath.Join(pcaps, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[:min(len(b), 16<<10)])
	}
	f.Add(encode(segments(chat(f, 1, 12).turns, false, fixed(300))))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 64<<10 {
			return
		}
		sameTotals(t, "input", func() capture.Source {
			if file, err := pcapfile.NewReader("fuzz", bytes.NewReader(b)); err == nil {
				return file
			}
			return instructions(b)
		})
	})
}

// sameTotals counts a source alone, and with every event.
func sameTotals(t *testing.T, name string, open func() capture.Source) {
	t.Helper()
	totals := func(want event.Want) dissect.Totals {
		a := dissect.New(dissect.Options{Want: want}, event.SinkFunc(func(*event.Event) {}))
		_ = feed(a, open()) // a damaged file ends in an error, and its packets before are read
		return a.Totals()
	}
	if quiet, all := totals(event.Want{}), totals(everything()); !reflect.DeepEqual(quiet, all) {
		t.Errorf("%s: counted alone\n%+v\nwith every event\n%+v", name, quiet, all)
	}
}
