package dissect_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/pcaps/gen/manifest"
	"github.com/sockeye-dev/sockeye/pcaps/gen/ws"
)

// TestHugeMessage sends a message of 5 GB in segments of 64 KB that the snap
// length cut to 100 bytes and of which some are lost, and then says something:
// framing must survive, through a wrap of the sequence numbers.
func TestHugeMessage(t *testing.T) {
	const length, size, kept = 5_000_000_000, 64_000, 100
	var got []*event.Message
	var holes, missing uint64
	want := event.Want{Payload: event.PayloadPreview}
	want.Kinds[event.KindMessage], want.Kinds[event.KindGap] = true, true
	a := dissect.New(dissect.Options{Want: want}, event.SinkFunc(func(e *event.Event) {
		switch d := e.Detail.(type) {
		case *event.Message:
			got = append(got, d)
		case *event.Gap:
			holes++
			missing += d.Length
		}
	}))
	f := &forger{now: 1_700_000_000e9, step: 50_000, give: func(p *capture.Packet) { a.Packet(p) }}
	s := f.upgrade(1, "")
	s.say(forgedServer, header(ws.Binary, false, length))
	piece := []byte(strings.Repeat("x", kept))
	lost := uint64(0)
	for sent, i := uint64(0), 0; sent < length; i++ {
		n := min(size, length-sent)
		if i%1000 == 500 {
			lost += n - min(n, kept) + kept
		} else {
			s.put(forgedServer, s.next[forgedServer], piece[:min(n, kept)], int(n))
			lost += n - kept
		}
		s.next[forgedServer] += n
		if sent += n; i%16 == 15 {
			s.ack(forgedClient)
		}
	}
	after := s.next[forgedServer]
	s.say(forgedServer, append(header(ws.Text, false, 5), "after"...))
	s.ack(forgedClient)
	a.Close()
	if missing != lost || holes == 0 {
		t.Errorf("%d bytes in %d holes, want %d", missing, holes, lost)
	}
	if len(got) != 2 {
		t.Fatalf("%d messages, want 2", len(got))
	}
	if m := got[0]; m.Length != length || m.Missing != lost || !m.Complete {
		t.Errorf("the long message: %+v", *m)
	}
	if m := got[1]; m.Offset != after || string(m.Payload) != "after" || !m.Complete || m.Missing != 0 {
		t.Errorf("behind it, at %d: %+v", after, *m)
	}
	if tot := a.Totals(); tot.StreamBytes[event.Server]+tot.MissingBytes[event.Server] != after+7 || tot.TCP.Resyncs != 0 || tot.Bounded != 0 {
		t.Errorf("%d bytes and %d missing, want %d together", tot.StreamBytes[event.Server], tot.MissingBytes[event.Server], after+7)
	}
}

// TestHugeJump lets the sequence number leap by 1.5 GiB, farther than any window:
// as soon as the other side has followed it, decoding goes on behind a gap.
func TestHugeJump(t *testing.T) {
	var texts []string
	var gaps []*event.Gap
	want := event.Want{Payload: event.PayloadFull}
	want.Kinds[event.KindMessage], want.Kinds[event.KindGap] = true, true
	a := dissect.New(dissect.Options{Want: want}, event.SinkFunc(func(e *event.Event) {
		switch d := e.Detail.(type) {
		case *event.Message:
			texts = append(texts, string(d.Payload))
		case *event.Gap:
			gaps = append(gaps, d)
		}
	}))
	f := &forger{now: 1_700_000_000e9, step: 1e6, give: func(p *capture.Packet) { a.Packet(p) }}
	s := f.upgrade(1, "")
	say := func(text string) {
		s.say(forgedServer, append(header(ws.Text, false, uint64(len(text))), text...))
		s.ack(forgedClient)
	}
	say("before")
	from := s.next[forgedServer]
	s.next[forgedServer] += 3 << 29
	for _, text := range []string{"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"} {
		say(text + ` {"type":"update","said":"behind the jump"}`)
	}
	a.Close()
	if st := a.Totals().TCP; st.Resyncs != 1 {
		t.Errorf("%d jumps followed", st.Resyncs)
	}
	if len(gaps) == 0 || gaps[0].Offset != from || gaps[0].Length < 3<<29 || gaps[0].Length > 3<<29+200 {
		t.Errorf("gaps %+v, want one of 1.5 GiB at %d", gaps, from)
	}
	if n := len(texts); n < 6 || texts[0] != "before" || !strings.HasPrefix(texts[n-1], "eighth") {
		t.Errorf("messages %q", texts)
	}
}

// TestSceneRules holds that the scenes' accidents are told as the findings that
// they call for.
func TestSceneRules(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(pcaps, "*.manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for _, path := range files {
		m, err := manifest.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if m.Profile != "scene" {
			continue
		}
		r := analyzeFile(t, filepath.Join(pcaps, m.Capture))
		for i := range m.Connections {
			w := &m.Connections[i]
			found := map[string]bool{}
			if c := r.Conns[w.ID]; c != nil {
				for _, f := range c.Findings {
					found[f.D.Rule] = true
				}
			}
			for _, rule := range w.Rules {
				held++
				if !found[rule] {
					t.Errorf("%s, connection %d: no %s among %v", m.Capture, w.ID, rule, found)
				}
			}
		}
	}
	if held < 15 {
		t.Errorf("only %d findings were called for", held)
	}
}
