package dissect_test

import (
	"slices"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/pcaps/truth"
)

// TestTruth holds the events of every real capture against what its endpoints logged.
func TestTruth(t *testing.T) {
	total := 0
	for _, path := range truths(t) {
		t.Run(baseName(path, ".truth.json"), func(t *testing.T) {
			c, err := truth.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			o := truth.Options{Aspects: []truth.Aspect{truth.Conns, truth.Handshakes, truth.Messages, truth.Frames, truth.Streams}}
			if slices.ContainsFunc(c.Connections, func(c truth.Connection) bool { return c.TLS != nil }) {
				o.Encrypted = true
				t.Log("TLS is read without keys here: connections and streams are checked, messages are not")
			}
			report := c.Check(analyzeFile(t, c.Path()), o)
			facts, differ := report.Total()
			for aspect, rows := range report.Differences {
				for i, row := range rows {
					if i == 5 {
						t.Errorf("%s: … %d more", aspect, len(rows)-i)
						break
					}
					t.Errorf("%s: %s", aspect, row)
				}
			}
			if facts == 0 {
				t.Error("nothing was checked")
			}
			t.Logf("%d facts checked, %d differ", facts, differ)
			total += facts
		})
	}
	t.Logf("%d facts checked in all", total)
}

// TestTruthNotices spoils a record in many ways: each must be noticed, or
// TestTruth proves nothing.
func TestTruthNotices(t *testing.T) {
	path := func(name string) string { return pcaps + "/" + name + ".truth.json" }
	plain, scripted := path("websockets-plain"), path("misbehave-a")
	spoils := []struct {
		what   string
		path   string
		aspect truth.Aspect
		spoil  func(r *truth.Record)
	}{
		{"a connection is gone", plain, truth.Conns, func(r *truth.Record) { r.Order = r.Order[1:] }},
		{"another protocol", plain, truth.Conns, func(r *truth.Record) { r.Conns[1].Connection.Protocol = "raw" }},
		{"another state", path("endings"), truth.Conns, func(r *truth.Record) { r.Conns[1].Connection.State = "open" }},
		{"a handshake twice", plain, truth.Handshakes, func(r *truth.Record) {
			r.Conns[1].Handshakes = append(r.Conns[1].Handshakes, r.Conns[1].Handshakes...)
		}},
		{"another path", plain, truth.Handshakes, func(r *truth.Record) { r.Conns[1].Handshakes[0].D.Target += "x" }},
		{"a message is gone", plain, truth.Messages, func(r *truth.Record) { r.Conns[1].Messages[0] = r.Conns[1].Messages[0][1:] }},
		{"a message twice", plain, truth.Messages, func(r *truth.Record) {
			m := &r.Conns[1].Messages[1]
			*m = append(*m, (*m)[0])
		}},
		{"one byte of a payload", plain, truth.Messages, func(r *truth.Record) { lastOf(r.Conns[1].Messages[0], 4).D.Payload[3] ^= 1 }},
		{"another opcode", plain, truth.Messages, func(r *truth.Record) { r.Conns[1].Messages[1][0].D.Opcode ^= 3 }},
		{"not complete", plain, truth.Messages, func(r *truth.Record) { r.Conns[1].Messages[1][0].D.Complete = false }},
		{"bytes missing", plain, truth.Messages, func(r *truth.Record) { r.Conns[1].Messages[1][0].D.Missing = 1 }},
		{"undecoded", plain, truth.Messages, func(r *truth.Record) { r.Conns[1].Messages[1][0].D.Undecoded = "no" }},
		{"messages of http", path("http-keepalive"), truth.Messages, func(r *truth.Record) {
			r.Conns[1].Messages[0] = append(r.Conns[1].Messages[0], truth.Said[*event.Message]{Event: &event.Event{}, D: &event.Message{}})
		}},
		{"another mask", scripted, truth.Frames, func(r *truth.Record) { r.Conns[2].Frames[0][0].D.Mask[2] ^= 1 }},
		{"a frame is gone", scripted, truth.Frames, func(r *truth.Record) { r.Conns[2].Frames[0] = nil }},
		{"a stream byte", scripted, truth.Streams, func(r *truth.Record) { r.Conns[3].Data[0][0].D.Bytes[0] ^= 1 }},
	}
	for _, s := range spoils {
		t.Run(s.what, func(t *testing.T) {
			c, err := truth.Load(s.path)
			if err != nil {
				t.Fatal(err)
			}
			r := analyzeFile(t, c.Path())
			o := truth.Options{Aspects: []truth.Aspect{s.aspect}}
			if _, differ := c.Check(r, o).Total(); differ != 0 {
				t.Fatalf("%d differences before anything was spoilt", differ)
			}
			s.spoil(r)
			if _, differ := c.Check(r, o).Total(); differ == 0 {
				t.Error("not noticed")
			}
		})
	}
}

// lastOf returns the last message that has more than n bytes.
func lastOf(list []truth.Said[*event.Message], n int) *truth.Said[*event.Message] {
	for i := len(list) - 1; i >= 0; i-- {
		if len(list[i].D.Payload) > n {
			return &list[i]
		}
	}
	return nil
}
