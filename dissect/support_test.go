package dissect_test

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/pcaps/truth"
)

const pcaps = "../pcaps"

// everything wants all kinds of events with all of their payload.
func everything() event.Want {
	w := event.Want{Payload: event.PayloadFull}
	for i := range w.Kinds {
		w.Kinds[i] = true
	}
	return w
}

// scribbler makes the borrowing rule of capture.Source visible: every packet's
// Data is an array of its own, which is overwritten as soon as the next packet
// is asked for. Whoever still reads it then reads 0xAA.
type scribbler struct {
	src  capture.Source
	last []byte
}

func (s *scribbler) Next() (capture.Packet, error) {
	for i := range s.last {
		s.last[i] = 0xAA
	}
	p, err := s.src.Next()
	s.last = append([]byte(nil), p.Data...)
	p.Data = s.last
	return p, err
}

// packets is a slice as a capture.Source.
type packets struct {
	list []capture.Packet
	next int
}

func (p *packets) Next() (capture.Packet, error) {
	if p.next == len(p.list) {
		return capture.Packet{}, io.EOF
	}
	p.next++
	out := p.list[p.next-1]
	out.Number = uint64(p.next)
	return out, nil
}

// feed runs a source through an analyzer, scribbled, and closes the analyzer.
func feed(a *dissect.Analyzer, src capture.Source) error {
	s := &scribbler{src: src}
	for {
		p, err := s.Next()
		if errors.Is(err, io.EOF) {
			a.Close()
			return nil
		}
		if err != nil {
			a.Close()
			return err
		}
		a.Packet(&p)
	}
}

// analyze records every event of a source.
func analyze(t testing.TB, src capture.Source) *truth.Record {
	t.Helper()
	r := truth.NewRecord()
	if err := feed(dissect.New(dissect.Options{Want: everything()}, r), src); err != nil {
		t.Fatal(err)
	}
	return r
}

// analyzeFile records every event of a capture file.
func analyzeFile(t testing.TB, path string) *truth.Record {
	t.Helper()
	f, err := pcapfile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return analyze(t, f)
}

// truths lists the truth files in pcaps.
func truths(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(pcaps, "*.truth.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no truth file in %s: %v", pcaps, err)
	}
	return files
}

func baseName(path, suffix string) string { return strings.TrimSuffix(filepath.Base(path), suffix) }

// analyzeWanting records every event of a source with so much payload.
func analyzeWanting(t testing.TB, src capture.Source, p event.Payload) *truth.Record {
	t.Helper()
	r, want := truth.NewRecord(), everything()
	want.Payload = p
	if err := feed(dissect.New(dissect.Options{Want: want}, r), src); err != nil {
		t.Fatal(err)
	}
	return r
}
