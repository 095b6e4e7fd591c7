package session_test

import (
	"context"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

// heap returns the bytes of live objects.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestBigCapture opens 200 MB of chat: memory stays within the index, the list
// and what the analyzer holds for open connections. How long things take is logged.
func TestBigCapture(t *testing.T) {
	if testing.Short() {
		t.Skip("makes and reads a capture of 200 MB")
	}
	path := generated(t, "chat", 200<<20)
	before := heap()
	start := time.Now()
	s := open(t, session.Options{Files: []string{path}, Notify: time.Millisecond})
	until(t, s, "a connection", func() bool { return s.Count() > 0 })
	t.Logf("first connection after %v", time.Since(start).Round(time.Microsecond))
	p := loaded(t, s)
	if p.Err != nil {
		t.Fatal(p.Err)
	}
	held := heap() - before
	perPacket := float64(p.IndexBytes) / float64(p.Packets)
	t.Logf("%d packets, %d connections in %v, %.0f MB/s; %d MiB held; index %.1f bytes a packet",
		p.Packets, p.Connections, p.Elapsed.Round(time.Millisecond), p.Rate/1e6, held>>20, perPacket)
	if perPacket > 10 {
		t.Errorf("the index takes %.1f bytes a packet", perPacket)
	}
	if bound := p.IndexBytes + int64(p.Connections)*1024 + 16<<20; held > bound {
		t.Errorf("%d bytes held, more than %d", held, bound)
	}
	var slowest, total time.Duration
	opened := 0
	for conn := uint64(1); conn <= uint64(s.Count()); conn += max(uint64(s.Count())/100, 1) {
		start := time.Now()
		v, err := s.Events(context.Background(), conn, session.Query{})
		if err != nil {
			t.Fatal(err)
		}
		done(t, v)
		took := time.Since(start)
		slowest, total, opened = max(slowest, took), total+took, opened+1
		if v.Len() == 0 {
			t.Errorf("connection %d has no events", conn)
		}
		v.Close()
	}
	t.Logf("%d connections opened in %v each, the slowest in %v", opened, (total / time.Duration(opened)).Round(time.Microsecond), slowest.Round(time.Microsecond))
	if held := heap() - before - p.IndexBytes; held > int64(p.Connections)*1024+session.DefaultCache+32<<20 {
		t.Errorf("%d bytes held after opening connections", held)
	}
}

// TestLongConnection opens a connection of very many events: few are held, all
// can be had.
func TestLongConnection(t *testing.T) {
	if testing.Short() {
		t.Skip("makes and reads a capture of 64 MB")
	}
	path := generated(t, "bulk", 64<<20)
	const limit = 1 << 20
	s := open(t, session.Options{Files: []string{path}, Limits: session.Limits{View: limit, Cache: limit}})
	loaded(t, s)
	longest := session.Row{}
	s.Each(func(r *session.Row) bool {
		if r.Packets > longest.Packets {
			longest = *r
		}
		return true
	})
	before := heap()
	start := time.Now()
	v, err := s.Events(context.Background(), longest.Number, session.All(event.KindData))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	done(t, v)
	t.Logf("%d packets, %d events in %v", longest.Packets, v.Len(), time.Since(start).Round(time.Millisecond))
	if held := heap() - before; held > 4*limit+int64(v.Len())*64 {
		t.Errorf("%d bytes held for %d events", held, v.Len())
	}
	want := straight(t, path)[longest.Number]
	n := 0
	for _, e := range want {
		if e.Detail.Kind() != event.KindData {
			continue
		}
		if n%97 == 0 || n > v.Len()-3 {
			got, err := v.Events(context.Background(), n, 1)
			if err != nil || !equal(got[0], e) {
				t.Fatalf("event %d: %v, %v", n, got, err)
			}
		}
		n++
	}
	if n != v.Len() {
		t.Fatalf("%d events, want %d", v.Len(), n)
	}
	start = time.Now()
	if _, err := v.Events(context.Background(), v.Len()/2, 20); err != nil {
		t.Fatal(err)
	}
	t.Logf("events in the middle decoded again in %v", time.Since(start).Round(time.Millisecond))
}

// BenchmarkLoad reads a capture; compare with the analyzer's own benchmarks.
func BenchmarkLoad(b *testing.B) {
	path := generated(b, "chat", 32<<20)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	packets := uint64(0)
	for b.Loop() {
		s := open(b, session.Options{Files: []string{path}})
		packets += loaded(b, s).Packets
		s.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(packets), "ns/packet")
}
