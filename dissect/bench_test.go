package dissect_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/pcaps/gen/manifest"
	"github.com/sockeye-dev/sockeye/pcaps/gen/profile"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// generate makes a capture of about size bytes in memory.
func generate(t testing.TB, name string, size int64) ([]byte, manifest.Totals) {
	t.Helper()
	var b bytes.Buffer
	b.Grow(int(size) + int(size)/4)
	totals, err := profile.Run(profile.Config{Profile: name, Seed: 1, Size: size}, &b, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), totals
}

// read gives each packet of a capture in memory to f.
func read(t testing.TB, file []byte, f func(*capture.Packet)) {
	src, err := pcapfile.NewReader("memory", bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var p capture.Packet // one for all: f is unknown to the compiler, so it is on the heap
	for {
		if err = src.NextInto(&p); errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		f(&p)
	}
}

// deaf is a reassembly.Handler that does nothing with what it is given.
type deaf struct{}

func (deaf) Open(*reassembly.Conn) reassembly.Handler                { return deaf{} }
func (deaf) Data(packet.Dir, []byte, reassembly.At)                  {}
func (deaf) Gap(packet.Dir, uint64, reassembly.Cause, reassembly.At) {}
func (deaf) Fin(packet.Dir, reassembly.At)                           {}
func (deaf) Overlap(packet.Dir, *reassembly.Overlap)                 {}
func (deaf) End(reassembly.Reason, packet.Dir, reassembly.At)        {}
func (deaf) Forget()                                                 {}

// stage is the pipeline up to one floor, over a whole capture.
type stage struct {
	name string
	run  func(t testing.TB, file []byte)
}

// stages are the pipeline's floors, each with all that are below it.
var stages = []stage{
	{"1-read", func(t testing.TB, file []byte) { read(t, file, func(*capture.Packet) {}) }},
	{"2-decode", func(t testing.TB, file []byte) {
		var d packet.Decoded
		decoder := packet.NewDecoder(packet.Options{})
		read(t, file, func(p *capture.Packet) { decoder.Decode(p, &d) })
	}},
	{"3-reassemble", func(t testing.TB, file []byte) {
		var d packet.Decoded
		decoder := packet.NewDecoder(packet.Options{})
		table := reassembly.New(deaf{}, reassembly.Limits{})
		read(t, file, func(p *capture.Packet) {
			if whole := decoder.Decode(p, &d); d.IsTCP() {
				table.Packet(whole, &d)
			}
		})
		table.Close()
	}},
	{"4-dissect", func(t testing.TB, file []byte) { runStats(t, file) }},
	{"5-messages-json", func(t testing.TB, file []byte) { runJSON(t, file, io.Discard) }},
}

// runStats is what the command stats does: no events, everything counted.
func runStats(t testing.TB, file []byte) dissect.Totals {
	a := dissect.New(dissect.Options{}, event.SinkFunc(func(*event.Event) {}))
	read(t, file, a.Packet)
	a.Close()
	return a.Totals()
}

// runJSON is what the command messages --json does.
func runJSON(t testing.TB, file []byte, w io.Writer) dissect.Totals {
	out := event.NewJSON(w, event.PayloadFull)
	want := event.Want{Payload: event.PayloadFull, Borrowed: true, EventsOnly: true}
	want.Kinds[event.KindMessage], want.Kinds[event.KindGap] = true, true
	a := dissect.New(dissect.Options{Want: want}, out)
	read(t, file, a.Packet)
	a.Close()
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	return a.Totals()
}

// BenchmarkPipeline says what each floor costs a packet: the difference between
// a stage and the one before it is the floor's own.
func BenchmarkPipeline(b *testing.B) {
	for _, p := range profile.Profiles() {
		b.Run(p.Name, func(b *testing.B) {
			file, totals := generate(b, p.Name, 32e6)
			for _, s := range stages {
				b.Run(s.name, func(b *testing.B) {
					var before, after runtime.MemStats
					b.SetBytes(int64(len(file)))
					runtime.GC()
					runtime.ReadMemStats(&before)
					for b.Loop() {
						s.run(b, file)
					}
					b.StopTimer()
					runtime.ReadMemStats(&after)
					packets := float64(totals.Packets) * float64(b.N)
					messages := float64(totals.C2S.Messages+totals.S2C.Messages) * float64(b.N)
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/packets, "ns/packet")
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/messages, "ns/message")
					b.ReportMetric(float64(after.Mallocs-before.Mallocs)/packets, "allocs/packet")
					b.ReportMetric(0, "ns/op")
				})
			}
		})
	}
}

// mallocs counts the allocations of f. What a run allocates once, however long
// it is, is measured on a small capture and taken off by the caller.
func mallocs(f func()) float64 {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // nothing else allocates meanwhile
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs - before.Mallocs)
}
