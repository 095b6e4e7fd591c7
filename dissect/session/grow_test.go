package session_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/query"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// until waits for a condition, woken by Changed.
func until(t testing.TB, s *session.Session, what string, ok func() bool) {
	t.Helper()
	limit := time.After(2 * time.Minute)
	for !ok() {
		select {
		case <-s.Changed():
		case <-limit:
			t.Fatalf("waited half a minute for: %s; %+v", what, s.Progress())
		}
	}
}

func packetsIn(t testing.TB, path string) uint64 {
	t.Helper()
	src, err := pcapfile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for n := uint64(0); ; n++ {
		if _, err := src.Next(); err != nil {
			return n
		}
	}
}

// TestFollow: a file that grows in pieces that end inside records is followed,
// and so is a view of a connection that goes on.
func TestFollow(t *testing.T) {
	for _, name := range []string{"endings.pcap", "capture-forms-ng.pcapng"} {
		sample := filepath.Join(pcaps, name)
		b := read(t, sample)
		path := filepath.Join(t.TempDir(), name)
		grow, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		s := open(t, session.Options{Files: []string{path}, Follow: true, Notify: time.Millisecond})
		until(t, s, "waiting for an empty file", func() bool { return s.Progress().Waiting })
		var v *session.View
		seen := 0
		for _, end := range []int{10, len(b) / 4, len(b) / 2, len(b)} {
			at, _ := grow.Seek(0, io.SeekCurrent)
			if _, err := grow.Write(b[at:end]); err != nil {
				t.Fatal(err)
			}
			read := s.Progress().Read
			until(t, s, "more packets", func() bool {
				p := s.Progress()
				return end == 10 || end < len(b) && p.Read > read || p.Read == int64(len(b)) && p.Waiting
			})
			if v == nil && s.Count() > 0 {
				if v, err = s.Events(context.Background(), 1, session.All(allKinds...)); err != nil {
					t.Fatal(err)
				}
			}
			if v != nil {
				until(t, s, "events", func() bool { return v.Len() >= max(seen, 1) })
				seen = v.Len()
			}
		}
		grow.Close()
		if p := s.Progress(); p.Err != nil || p.Done || p.Packets != packetsIn(t, sample) {
			t.Fatalf("%+v", p)
		}
		want := straight(t, sample)
		if s.Count() != len(want) {
			t.Fatalf("%d connections, want %d", s.Count(), len(want))
		}
		// All but what only an end brings is there, as in a straight run.
		until(t, s, "the view", func() bool { return v.Len()+6 >= len(want[1]) })
		got, err := v.Events(context.Background(), 0, v.Len())
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if !equal(got[i], want[1][i]) {
				t.Fatalf("%s: event %d: %+v, want %+v", name, i, got[i].Detail, want[1][i].Detail)
			}
		}
		if over, err := v.Complete(); over || err != nil {
			t.Errorf("complete %v, %v", over, err)
		}
		v.Close()
	}
}

// TestCloseWaitingView: a view that waits for more of its connection ends when it is closed.
func TestCloseWaitingView(t *testing.T) {
	path := filepath.Join(t.TempDir(), "endings.pcap")
	b := read(t, filepath.Join(pcaps, "endings.pcap"))
	if err := os.WriteFile(path, b[:len(b)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	s := open(t, session.Options{Files: []string{path}, Follow: true, Notify: time.Millisecond})
	until(t, s, "waiting", func() bool { return s.Progress().Waiting })
	number := uint64(0)
	s.Each(func(r *session.Row) bool {
		if !r.Final {
			number = r.Number
		}
		return true
	})
	v, err := s.Events(context.Background(), number, session.Query{})
	if err != nil {
		t.Fatal(err)
	}
	until(t, s, "its events so far", func() bool { return v.Len() > 0 })
	v.Close()
	select {
	case <-v.Done():
	case <-time.After(time.Minute):
		t.Fatal("the view goes on after it was closed")
	}
	if over, err := v.Complete(); over || !errors.Is(err, context.Canceled) {
		t.Errorf("over %v, %v", over, err)
	}
}

// TestFollowShorter: a followed file that becomes shorter is not waited for.
func TestFollowShorter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shrinks.pcap")
	if err := os.WriteFile(path, read(t, filepath.Join(pcaps, "endings.pcap")), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, session.Options{Files: []string{path}, Follow: true})
	until(t, s, "the end", func() bool { return s.Progress().Waiting })
	if err := os.Truncate(path, 24); err != nil {
		t.Fatal(err)
	}
	if p := loaded(t, s); p.Err == nil || p.Packets == 0 {
		t.Fatalf("%+v", p)
	}
}

// TestStdin: a pipe is spooled; what came is shown while more is to come.
func TestStdin(t *testing.T) {
	sample := filepath.Join(pcaps, "capture-forms-ng.pcapng")
	b := read(t, sample)
	dir := t.TempDir()
	r, w := io.Pipe()
	s := open(t, session.Options{Files: []string{"-"}, Stdin: r, SpoolDir: dir, Notify: time.Millisecond})
	if _, err := w.Write(b[:len(b)/2]); err != nil {
		t.Fatal(err)
	}
	until(t, s, "the first half", func() bool { return s.Count() > 0 && s.Progress().Waiting })
	if len(eventsSoFar(t, s, 1)) == 0 {
		t.Error("nothing to see of the first connection")
	}
	if _, err := w.Write(b[len(b)/2:]); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if p := loaded(t, s); p.Err != nil || p.Read != int64(len(b)) {
		t.Fatalf("%+v", p)
	}
	same(t, s, straight(t, sample))
	if in := s.Inputs(); !in[0].Spooled || in[0].Name != pcapfile.StdinName {
		t.Errorf("%+v", in)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left in the spool folder: %v %v", left, err)
	}
}

// eventsSoFar returns what there is of a connection that goes on.
func eventsSoFar(t testing.TB, s *session.Session, conn uint64) []*event.Event {
	t.Helper()
	v, err := s.Events(context.Background(), conn, session.Query{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	until(t, s, "events", func() bool { return v.Len() > 0 })
	events, err := v.Events(context.Background(), 0, v.Len())
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func zipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestCompressed: a compressed file is browsed like a plain one, also beside one.
func TestCompressed(t *testing.T) {
	a, b := filepath.Join(pcaps, "endings.pcap"), filepath.Join(pcaps, "socketio-aiohttp.pcap")
	path := filepath.Join(t.TempDir(), "endings.pcap.gz")
	if err := os.WriteFile(path, zipped(t, read(t, a)), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, session.Options{Files: []string{path, b}})
	if p := loaded(t, s); p.Err != nil || p.Read != p.Total {
		t.Fatalf("%+v", p)
	}
	same(t, s, straight(t, a, b))
}

// TestCompressedCutShort and the spool's limit: what came before is shown.
func TestCompressedCutShort(t *testing.T) {
	b := read(t, filepath.Join(pcaps, "websockets-plain.pcap"))
	z := zipped(t, b)
	s := open(t, session.Options{Files: []string{"-"}, Stdin: bytes.NewReader(z[:len(z)/2])})
	var damage *capture.InputError
	if p := loaded(t, s); !errors.As(p.Err, &damage) || !damage.Truncated || s.Count() == 0 {
		t.Fatalf("%+v", p)
	}
	full := open(t, session.Options{Files: []string{"-"}, Stdin: bytes.NewReader(b), Limits: session.Limits{Spool: int64(len(b)) / 3}})
	if p := loaded(t, full); !errors.Is(p.Err, session.ErrSpoolFull) || full.Count() == 0 {
		t.Fatalf("%+v", p)
	}
	none := open(t, session.Options{Files: []string{"-"}, Stdin: bytes.NewReader([]byte("no capture at all"))})
	if p := loaded(t, none); !errors.As(p.Err, &damage) || damage.Name != pcapfile.StdinName {
		t.Fatalf("%+v", p)
	}
}

// TestWhileLoading uses everything at once while a capture loads: for the race detector.
func TestWhileLoading(t *testing.T) {
	path := generated(t, "messy", 2<<20)
	b := read(t, path)
	r, w := io.Pipe()
	s := open(t, session.Options{Files: []string{"-"}, Stdin: r, Notify: time.Millisecond})
	var users sync.WaitGroup
	for user := range 4 {
		users.Go(func() { use(t, s, user) })
	}
	for len(b) > 0 {
		n := min(len(b), 100_003)
		if _, err := w.Write(b[:n]); err != nil {
			t.Error(err)
		}
		b = b[n:]
	}
	w.Close()
	users.Wait()
	if p := loaded(t, s); p.Err != nil {
		t.Fatalf("%+v", p)
	}
	want := straight(t, path)
	for conn := uint64(1); conn <= uint64(len(want)); conn += 17 {
		sameConn(t, s, conn, want[conn])
	}
}

func use(t *testing.T, s *session.Session, user int) {
	ctx := context.Background()
	for turn := uint64(user); ; turn += 7 {
		select {
		case <-s.Loaded():
			return
		case <-time.After(time.Millisecond): // as a user interface would
		}
		rows := s.Rows(nil, 0, 50)
		s.Each(func(r *session.Row) bool { return r.Protocol != "nothing" })
		s.Progress()
		s.Totals()
		if len(rows) == 0 {
			continue
		}
		row := rows[turn%uint64(len(rows))]
		s.Info(&row)
		row.Event()
		v, err := s.Events(ctx, row.Number, session.All(event.KindMessage, event.KindFrame))
		if err != nil {
			t.Error(err)
			return
		}
		v.Items(nil, 0, 20)
		if _, err := v.Events(ctx, 0, 20); err != nil {
			t.Error(err)
		}
		v.Close()
		if refs, _ := s.Packets(row.Number); len(refs) > 0 {
			if _, err := s.Packet(ctx, row.Number, refs[len(refs)-1]); err != nil {
				t.Error(err)
			}
		}
		if _, err := s.Stream(ctx, row.Number, event.Client, 0, 100); err != nil {
			t.Error(err)
		}
	}
}

// TestFilter: a filtered view has the events that pass, whole payloads looked
// at, previews kept; also those that are not held.
func TestFilter(t *testing.T) {
	path := filepath.Join(pcaps, "websockets-plain.pcap")
	filter, err := query.Compile("opcode == text and length > 1k")
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int64{0, 1} {
		s := open(t, session.Options{Files: []string{path}, Limits: session.Limits{View: limit}})
		loaded(t, s)
		passed := 0
		for conn, events := range straight(t, path) {
			var want []*event.Event
			for _, e := range events {
				if m, ok := e.Detail.(*event.Message); ok && m.Opcode == 1 && m.Length > 1000 {
					want = append(want, e)
				}
			}
			v, err := s.Events(context.Background(), conn, session.Query{Filter: filter})
			if err != nil {
				t.Fatal(err)
			}
			done(t, v)
			got, err := v.Events(context.Background(), 0, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, e := range got {
				if _, ok := e.Detail.(*event.Message); !ok {
					continue
				}
				if n >= len(want) || !equal(e, want[n]) {
					t.Fatalf("connection %d, message %d: %+v", conn, n, e.Detail)
				}
				n++
			}
			if n != len(want) {
				t.Fatalf("connection %d: %d messages, want %d", conn, n, len(want))
			}
			passed += n
			v.Close()
		}
		if passed == 0 {
			t.Fatal("no message passed")
		}
	}
}

// TestCache: a complete view that was closed is opened again as it is, until
// others have taken its place.
func TestCache(t *testing.T) {
	s := open(t, session.Options{Files: []string{filepath.Join(pcaps, "manyconn-small.pcap")}})
	loaded(t, s)
	view := func(conn uint64) *session.View {
		v, err := s.Events(context.Background(), conn, session.Query{})
		if err != nil {
			t.Fatal(err)
		}
		done(t, v)
		return v
	}
	first := view(1)
	first.Close()
	again := view(1)
	if again != first {
		t.Error("not kept")
	}
	again.Close()
	for conn := uint64(2); conn < 20; conn++ {
		view(conn).Close()
	}
	if later := view(1); later == first {
		t.Error("kept for too long")
	} else {
		later.Close()
	}
}

// TestClose ends views and loading that would go on for ever.
func TestClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "open.pcap")
	b := read(t, filepath.Join(pcaps, "websockets-plain.pcap"))
	if err := os.WriteFile(path, b[:len(b)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := session.Open(context.Background(), session.Options{Files: []string{path}, Follow: true})
	if err != nil {
		t.Fatal(err)
	}
	until(t, s, "the end", func() bool { return s.Progress().Waiting })
	v, err := s.Events(context.Background(), uint64(s.Count()), session.Query{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-v.Done():
	default:
		t.Error("a view outlives its session")
	}
	if _, err := s.Events(context.Background(), 1, session.Query{}); err == nil {
		t.Error("a closed session opens views")
	}
	if p := s.Progress(); !p.Done || !errors.Is(p.Err, context.Canceled) {
		t.Errorf("%+v", p)
	}
}
