package session_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/session"
	"github.com/sockeye-dev/sockeye/pcaps/gen/profile"
)

const pcaps = "../../pcaps"

func samples(t testing.TB) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*.pcap", "*.pcapng"} {
		f, err := filepath.Glob(filepath.Join(pcaps, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f...)
	}
	if len(files) < 20 {
		t.Fatalf("only %d sample captures", len(files))
	}
	return files
}

var allKinds = []event.Kind{
	event.KindConnection, event.KindHandshake, event.KindFrame, event.KindMessage,
	event.KindData, event.KindGap, event.KindFinding,
}

// equal compares events. An empty payload may be nil.
func equal(a, b *event.Event) bool { return reflect.DeepEqual(normal(a), normal(b)) }

func normal(e *event.Event) *event.Event {
	if m, ok := e.Detail.(*event.Message); ok && len(m.Payload) == 0 {
		d, out := *m, *e
		d.Payload, out.Detail = nil, &d
		return &out
	}
	return e
}

// straight runs an analyzer over everything: the events by connection number.
func straight(t testing.TB, paths ...string) map[uint64][]*event.Event {
	t.Helper()
	src, err := pcapfile.OpenAll(paths)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	out := map[uint64][]*event.Event{}
	o := dissect.Options{Want: event.Want{Payload: event.PayloadPreview}}
	for _, k := range allKinds {
		o.Want.Kinds[k] = true
	}
	a := dissect.New(o, event.SinkFunc(func(e *event.Event) { out[e.Conn] = append(out[e.Conn], e) }))
	for {
		p, err := src.Next()
		if err != nil {
			break
		}
		a.Packet(&p)
	}
	a.Close()
	return out
}

func open(t testing.TB, o session.Options) *session.Session {
	t.Helper()
	if o.SpoolDir == "" {
		o.SpoolDir = t.TempDir()
	}
	s, err := session.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
	})
	return s
}

func loaded(t testing.TB, s *session.Session) session.Progress {
	t.Helper()
	select {
	case <-s.Loaded():
	case <-time.After(2 * time.Minute):
		t.Fatalf("not loaded after a minute: %+v", s.Progress())
	}
	return s.Progress()
}

func done(t testing.TB, v *session.View) {
	t.Helper()
	select {
	case <-v.Done():
	case <-time.After(2 * time.Minute):
		t.Fatal("view not complete after a minute")
	}
	if over, err := v.Complete(); !over || err != nil {
		t.Fatalf("view ended early: %v", err)
	}
}

// eventsOf opens a connection and returns all of its events.
func eventsOf(t testing.TB, s *session.Session, conn uint64) []*event.Event {
	t.Helper()
	v, err := s.Events(context.Background(), conn, session.All(allKinds...))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	done(t, v)
	events, err := v.Events(context.Background(), 0, v.Len())
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// same holds a session's connections against a straight run.
func same(t *testing.T, s *session.Session, want map[uint64][]*event.Event) {
	t.Helper()
	if s.Count() != len(want) {
		t.Fatalf("%d connections, want %d", s.Count(), len(want))
	}
	for conn := uint64(1); conn <= uint64(len(want)); conn++ {
		sameConn(t, s, conn, want[conn])
	}
}

func sameConn(t *testing.T, s *session.Session, conn uint64, want []*event.Event) {
	t.Helper()
	got := eventsOf(t, s, conn)
	for i := range min(len(got), len(want)) {
		if !equal(got[i], want[i]) {
			t.Fatalf("connection %d, event %d:\n%+v %+v\nwant\n%+v %+v", conn, i, got[i], got[i].Detail, want[i], want[i].Detail)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("connection %d: %d events, want %d", conn, len(got), len(want))
	}
	row, ok := s.Row(conn)
	if !ok || !row.Final {
		t.Fatalf("connection %d: row %+v is not final", conn, row)
	}
	final := want[len(want)-1]
	if e := row.Event(); !reflect.DeepEqual(e, final) {
		t.Fatalf("connection %d: row says %+v, want %+v", conn, e.Detail, final.Detail)
	}
	closes := [2]uint16{}
	for _, e := range want {
		if m, ok := e.Detail.(*event.Message); ok && m.Opcode == 8 {
			closes[e.From] = 1005
			if code, _, ok := m.CloseCode(); ok && m.Complete {
				closes[e.From] = code
			}
		}
	}
	if row.CloseCodes != closes {
		t.Fatalf("connection %d: close codes %v, want %v", conn, row.CloseCodes, closes)
	}
}

// TestSameAsStraight: whatever a straight run says of a connection, the
// session says when the connection is opened, for every sample.
func TestSameAsStraight(t *testing.T) {
	for _, path := range samples(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			s := open(t, session.Options{Files: []string{path}})
			if p := loaded(t, s); p.Err != nil || p.Read != p.Total {
				t.Fatalf("%+v", p)
			}
			same(t, s, straight(t, path))
		})
	}
}

// TestIndexBound: connections behind the bound of the index are found by reading
// the file again.
func TestIndexBound(t *testing.T) {
	for _, name := range []string{"messy-small.pcap", "port-reuse.pcap", "lossy-v4.pcap"} {
		path := filepath.Join(pcaps, name)
		s := open(t, session.Options{Files: []string{path}, Limits: session.Limits{Index: 1}})
		loaded(t, s)
		same(t, s, straight(t, path))
		if p := s.Progress(); p.IndexBytes > 256 {
			t.Errorf("index has %d bytes", p.IndexBytes)
		}
	}
}

// TestViewBound: events that are not held are decoded again, in any order of asking.
func TestViewBound(t *testing.T) {
	path := filepath.Join(pcaps, "misbehave-a.pcap")
	small := filepath.Join(pcaps, "websockets-plain.pcap")
	for _, path := range []string{path, small} {
		s := open(t, session.Options{Files: []string{path}, Limits: session.Limits{View: 1}})
		loaded(t, s)
		want := straight(t, path)
		same(t, s, want)
		for conn, events := range want {
			v, err := s.Events(context.Background(), conn, session.All(allKinds...))
			if err != nil {
				t.Fatal(err)
			}
			done(t, v)
			for i := len(events) - 1; i >= 0; i = i - 1 - len(events)/7 {
				got, err := v.Events(context.Background(), i, 1)
				if err != nil || !equal(got[0], events[i]) {
					t.Fatalf("event %d: %+v, %v", i, got, err)
				}
			}
			v.Close()
		}
	}
}

// TestMerged: several files are one capture, with the numbers that merging gives.
func TestMerged(t *testing.T) {
	paths := []string{filepath.Join(pcaps, "endings.pcap"), filepath.Join(pcaps, "capture-forms-ng.pcapng"), filepath.Join(pcaps, "socketio-aiohttp.pcap")}
	s := open(t, session.Options{Files: paths})
	loaded(t, s)
	same(t, s, straight(t, paths...))
	if len(s.Inputs()) != 3 || s.Inputs()[1].Format != "pcapng" {
		t.Errorf("inputs %+v", s.Inputs())
	}
}

// TestCutShort: a file cut in its last record shows what is there, and says where it is cut.
func TestCutShort(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(pcaps, "endings.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cut.pcap")
	if err := os.WriteFile(path, b[:len(b)*2/3], 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, session.Options{Files: []string{path}})
	p := loaded(t, s)
	var damage *capture.InputError
	if !errors.As(p.Err, &damage) || !damage.Truncated || damage.Offset <= 0 {
		t.Fatalf("error %v", p.Err)
	}
	if s.Count() == 0 {
		t.Fatal("no connections")
	}
	same(t, s, straight(t, path))
}

func TestNoCapture(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, []byte("these are notes and not packets"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, filepath.Join(t.TempDir(), "none"), t.TempDir()} {
		_, err := session.Open(context.Background(), session.Options{Files: []string{p}})
		var damage *capture.InputError
		if !errors.As(err, &damage) {
			t.Errorf("%s: %v", p, err)
		}
	}
}

// generated makes a capture file of a profile.
func generated(t testing.TB, name string, size int64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name+".pcap")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := profile.Run(profile.Config{Profile: name, Seed: 3, Size: size}, f, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPayload: a message's payload is decoded again in full.
func TestPayload(t *testing.T) {
	path := filepath.Join(pcaps, "websockets-deflate-takeover.pcap")
	s := open(t, session.Options{Files: []string{path}})
	loaded(t, s)
	src, err := pcapfile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	o := dissect.Options{Want: event.Want{Payload: event.PayloadFull}}
	o.Want.Kinds[event.KindMessage] = true
	checked := 0
	a := dissect.New(o, event.SinkFunc(func(e *event.Event) {
		m := e.Detail.(*event.Message)
		if m.Number%5 != 1 {
			return
		}
		got, err := s.Payload(context.Background(), e.Conn, session.MessageID{From: e.From, Number: m.Number}, 0)
		if err != nil || !equal(got, e) {
			t.Errorf("message %d of %v: %+v, %v", m.Number, e.From, got, err)
		}
		checked++
	}))
	for {
		p, err := src.Next()
		if err != nil {
			break
		}
		a.Packet(&p)
	}
	a.Close()
	if checked < 5 {
		t.Fatalf("%d messages checked", checked)
	}
	if _, err := s.Payload(context.Background(), 1, session.MessageID{Number: 1 << 40}, 0); !errors.Is(err, session.ErrNoMessage) {
		t.Errorf("error %v", err)
	}
	if _, err := s.Payload(context.Background(), 1<<40, session.MessageID{Number: 1}, 0); !errors.Is(err, session.ErrNoConnection) {
		t.Errorf("error %v", err)
	}
}

// TestStream: any range of a direction is what the data events hold there.
func TestStream(t *testing.T) {
	for _, name := range []string{"raw-small.pcap", "hole-in-payload.pcap", "lossy-v4.pcap"} {
		path := filepath.Join(pcaps, name)
		s := open(t, session.Options{Files: []string{path}})
		loaded(t, s)
		for conn, events := range straight(t, path) {
			var whole [2][]byte
			for _, e := range events {
				switch d := e.Detail.(type) {
				case *event.Data:
					whole[e.From] = append(whole[e.From], d.Bytes...)
				case *event.Gap:
					if d.Cause != "midstream" {
						whole[e.From] = append(whole[e.From], make([]byte, d.Length)...)
					}
				}
			}
			for side, want := range whole {
				from, n := len(want)/3, len(want)/2
				chunks, err := s.Stream(context.Background(), conn, event.Side(side), uint64(from), uint64(n))
				if err != nil {
					t.Fatal(err)
				}
				var got []byte
				for _, c := range chunks {
					if c.Offset != uint64(from+len(got)) {
						t.Fatalf("%s: chunk at %d, want %d", name, c.Offset, from+len(got))
					}
					got = append(got, c.Bytes...)
					got = append(got, make([]byte, c.Missing)...)
				}
				if !bytes.Equal(got, want[from:from+n]) {
					t.Fatalf("%s: connection %d: %d bytes differ from %d", name, conn, len(got), n)
				}
			}
		}
	}
}

// TestPacketsAndSave: packets are read by number, and saved ones give the same
// events as before.
func TestPacketsAndSave(t *testing.T) {
	path := filepath.Join(pcaps, "capture-forms-ng.pcapng")
	s := open(t, session.Options{Files: []string{path}})
	loaded(t, s)
	byNumber := map[uint64]capture.Packet{}
	src, err := pcapfile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for {
		p, err := src.Next()
		if err != nil {
			break
		}
		p.Data = bytes.Clone(p.Data)
		byNumber[p.Number] = p
	}
	seen := map[uint64]bool{}
	for conn := range s.Count() {
		refs, cut := s.Packets(uint64(conn + 1))
		if cut || len(refs) == 0 {
			t.Fatalf("%d packets, cut %v", len(refs), cut)
		}
		for _, ref := range []uint64{refs[0], refs[len(refs)/2], refs[len(refs)-1]} {
			got, err := s.Packet(context.Background(), uint64(conn+1), ref)
			if err != nil || !reflect.DeepEqual(got, byNumber[ref]) {
				t.Fatalf("packet %d: %+v, %v", ref, got, err)
			}
		}
		for _, ref := range refs {
			if seen[ref] {
				t.Fatalf("packet %d is of two connections", ref)
			}
			seen[ref] = true
		}
	}
	if _, err := s.Packet(context.Background(), 1, 1<<40); !errors.Is(err, session.ErrNoPacket) {
		t.Errorf("error %v", err)
	}
	saved := filepath.Join(t.TempDir(), "saved.pcapng")
	if err := s.Save(context.Background(), []uint64{2, 1, 2}, saved); err != nil {
		t.Fatal(err)
	}
	want, got := straight(t, path), straight(t, saved)
	if len(got) != 2 {
		t.Fatalf("%d connections saved", len(got))
	}
	for conn := uint64(1); conn <= 2; conn++ {
		if !slices.EqualFunc(got[conn], want[conn], func(a, b *event.Event) bool {
			return a.Time == b.Time && a.From == b.From && a.Detail.Kind() == b.Detail.Kind()
		}) {
			t.Errorf("connection %d was saved with other events", conn)
		}
	}
	if err := s.Save(context.Background(), []uint64{1}, path); err == nil {
		t.Error("an input was overwritten")
	}
	if err := s.Save(context.Background(), []uint64{99999}, saved); !errors.Is(err, session.ErrNoConnection) {
		t.Errorf("error %v", err)
	}
}
