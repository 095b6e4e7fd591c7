package dissect_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

// TestBorrowed: what a sink is told does not depend on whether it keeps it. The
// events of all captures are kept until the end by one sink, and printed at once
// by another that borrows them.
func TestBorrowed(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(pcaps, "*.pcap*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures in %s: %v", pcaps, err)
	}
	for _, file := range files {
		run := func(want event.Want, sink event.Sink) {
			src, err := pcapfile.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			if err := feed(dissect.New(dissect.Options{Want: want}, sink), src); err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range []event.Payload{event.PayloadFull, event.PayloadPreview} {
			want := everything()
			want.Payload = p
			var kept []*event.Event
			run(want, event.SinkFunc(func(e *event.Event) { kept = append(kept, e) }))
			var late, atOnce bytes.Buffer
			j := event.NewJSON(&late, p)
			for _, e := range kept {
				j.Event(e)
			}
			j.Flush()

			want.Borrowed = true
			j = event.NewJSON(&atOnce, p)
			run(want, j)
			j.Flush()
			if len(kept) == 0 || !bytes.Equal(late.Bytes(), atOnce.Bytes()) {
				t.Errorf("%s: %d events, %d bytes kept, %d borrowed: not the same", filepath.Base(file), len(kept), late.Len(), atOnce.Len())
			}

			// Nor on what else it looks at.
			for kind := range event.NumKinds {
				if kind == event.KindFinding {
					continue // its evidence is of payload, which is kept where messages are looked at
				}
				late.Reset()
				for _, e := range kept {
					if e.Detail.Kind() == kind {
						late.Write(event.AppendJSON(nil, e, p))
					}
				}
				atOnce.Reset()
				only := event.Want{Payload: p, Borrowed: true, EventsOnly: true}
				only.Kinds[kind] = true
				j = event.NewJSON(&atOnce, p)
				run(only, j)
				j.Flush()
				if !bytes.Equal(late.Bytes(), atOnce.Bytes()) {
					t.Errorf("%s: alone, %ss are %d bytes, not %d, or others", filepath.Base(file), kind, atOnce.Len(), late.Len())
				}
			}
		}
	}
}
