package dissect_test

import (
	"path/filepath"
	"reflect"
	"testing"

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
		totals := func(want event.Want) dissect.Totals {
			f, err := pcapfile.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			a := dissect.New(dissect.Options{Want: want}, event.SinkFunc(func(*event.Event) {}))
			if err := feed(a, f); err != nil {
				t.Errorf("%s: %v", file, err)
			}
			return a.Totals()
		}
		if quiet, all := totals(event.Want{}), totals(everything()); !reflect.DeepEqual(quiet, all) {
			t.Errorf("%s: counted alone\n%+v\nwith every event\n%+v", filepath.Base(file), quiet, all)
		}
	}
}
