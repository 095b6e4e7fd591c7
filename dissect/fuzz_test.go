package dissect_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/pcaps/truth"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// An instruction of the fuzzer's is one packet of a connection:
//
//	byte 0   bit 0: from the server; bits 1 to 4: FIN, SYN, RST, no ACK; bit 5: the ACK is ahead; bits 6, 7: time
//	byte 1   signed: the sequence number's distance from what follows, in bytes (times 16 where odd)
//	byte 2,3 length of the payload, little-endian
//	payload
func instructions(b []byte) *packets {
	t := newTape(rand.New(rand.NewPCG(1, 1)))
	var next [2]int64
	for len(b) >= 4 && len(t.list) < 1000 {
		op, delta, n := b[0], int64(int8(b[1])), int(binary.LittleEndian.Uint16(b[2:]))
		b = b[4:]
		n = min(n, len(b), maxPayload)
		from := event.Side(op & 1)
		flags := uint16(packet.ACK)
		if op&16 != 0 {
			flags = 0
		}
		flags |= map[bool]uint16{true: packet.FIN}[op&2 != 0] | map[bool]uint16{true: packet.SYN}[op&4 != 0] | map[bool]uint16{true: packet.RST}[op&8 != 0]
		if delta&1 != 0 {
			delta *= 16
		}
		off := next[from] + delta
		if flags&packet.SYN != 0 {
			off--
		}
		ack := next[from.Other()]
		if op&32 != 0 {
			ack += 100
		}
		t.step = []int64{1, 500_000, 300_000_000, 90e9}[op>>6]
		t.write(from, flags, off, ack, b[:n])
		next[from] = max(next[from], next[from]+delta+int64(n))
		b = b[n:]
	}
	return &packets{list: t.list}
}

// encode writes segments as instructions.
func encode(list []segment) []byte {
	out := []byte{4, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0}
	for _, s := range list {
		out = append(out, byte(s.from)|1<<6, 0)
		out = binary.LittleEndian.AppendUint16(out, uint16(len(s.b)))
		out = append(out, s.b...)
	}
	return append(out, 2, 0, 0, 0, 3, 0, 0, 0)
}

// fuzzLimits are small, so that inputs reach them.
func fuzzLimits() dissect.Limits {
	return dissect.Limits{Message: 4096, Inflated: 64 << 10, HTTPHead: 2048, Recognise: 1024, EarlyData: 1024, Held: 512, Messages: 6000,
		Reassembly: reassembly.Limits{DirBytes: 8 << 10, TotalBytes: 16 << 10, MaxConns: 8}}
}

func FuzzPipeline(f *testing.F) {
	for _, name := range []string{"endings.pcap", "midstream.pcap", "port-reuse.pcap", "hole-over-header.pcap", "tcp-fast-open.pcap", "one-way.pcap"} {
		if b, err := os.ReadFile(filepath.Join(pcaps, name)); err == nil {
			f.Add(b[:min(len(b), 16<<10)])
		} else {
			f.Error(err)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	k := chat(f, 1, 12)
	list := segments(k.turns, false, upTo(r, 300))
	f.Add(encode(list))
	f.Add(encode(shuffle(r, list, 2, 4, false)))
	f.Add(encode(list[5:]))
	f.Add(encode(append(list[:4:4], list[8:]...)))
	for _, file := range []string{"misbehave-a.pcap", "websockets-deflate-takeover.pcap"} {
		for _, k := range talksOf(f, filepath.Join(pcaps, file)) {
			if k.bytes() < 700 {
				f.Add(encode(segments(k.turns, true, fixed(1460))))
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 64<<10 {
			return
		}
		first := fuzzed(t, b)
		wellFormed(t, first)
		told := printed(first)
		if again := printed(fuzzed(t, b)); again != told {
			t.Error("two runs differ")
		}
		// Frames that lie whole in a segment go a shorter way where the sink borrows.
		if lent := lentEvents(t, b); lent != told {
			t.Errorf("a sink that borrows is told\n%s\nand one that keeps\n%s", lent, told)
		}
	})
}

// fuzzed analyses b as a capture file where it is one, else as instructions.
func fuzzed(t *testing.T, b []byte) *truth.Record {
	rec := truth.NewRecord()
	fuzzInto(t, b, everything(), rec)
	return rec
}

// lentEvents is what a sink prints that borrows the events of b.
func lentEvents(t *testing.T, b []byte) string {
	var out strings.Builder
	want := everything()
	want.Borrowed = true
	fuzzInto(t, b, want, event.SinkFunc(func(e *event.Event) { printEvent(&out, e) }))
	return out.String()
}

func fuzzInto(t *testing.T, b []byte, want event.Want, sink event.Sink) {
	a := dissect.New(dissect.Options{Want: want, Limits: fuzzLimits()}, sink)
	if file, err := pcapfile.NewReader("fuzz", bytes.NewReader(b)); err == nil {
		_ = feed(a, file) // a damaged file ends in an error, and its packets before are read
	} else if err := feed(a, instructions(b)); err != nil {
		t.Fatal(err)
	}
	s, limits := dissect.ReassemblyStats(a), fuzzLimits().Reassembly
	if s.HeldPeak > limits.TotalBytes || s.Held != 0 || s.Active != 0 {
		t.Errorf("%d bytes were held of %d allowed; %d bytes and %d connections at the end", s.HeldPeak, limits.TotalBytes, s.Held, s.Active)
	}
}

// printed is what the events of a record say.
func printed(r *truth.Record) string {
	var out strings.Builder
	for _, e := range r.Events {
		printEvent(&out, e)
	}
	return out.String()
}

func printEvent(w io.Writer, e *event.Event) {
	fmt.Fprintln(w, e.Time, e.Conn, e.Stream, e.From, e.Packets)
	fmt.Fprintf(w, "%+v\n", e.Detail)
}

// wellFormed holds a record against what every event promises.
func wellFormed(t *testing.T, r *truth.Record) {
	t.Helper()
	for _, c := range r.Conns {
		if c.Connection == nil {
			t.Errorf("connection %d was never reported", c.Number)
			continue
		}
		for side := range c.Frames {
			framesFit(t, c, side)
			messagesFit(t, c, side)
			streamFits(t, c, side)
		}
	}
	if len(r.Order) != len(r.Conns) {
		t.Errorf("%d connections are reported %d times", len(r.Conns), len(r.Order))
	}
}

// framesFit: numbers go up by one, and frames do not overlap.
func framesFit(t *testing.T, c *truth.Conn, side int) {
	end := uint64(0)
	for i, f := range c.Frames[side] {
		f := f.D
		switch {
		case f.Number != uint64(i+1):
			t.Errorf("conn %d %v: frame %d is numbered %d", c.Number, event.Side(side), i+1, f.Number)
		case f.Offset < end:
			t.Errorf("conn %d %v: frame %d begins at %d, in the one before", c.Number, event.Side(side), f.Number, f.Offset)
		case f.Missing > f.Length:
			t.Errorf("conn %d %v: frame %d lacks %d of %d bytes", c.Number, event.Side(side), f.Number, f.Missing, f.Length)
		case f.HeaderLength < 2 || f.HeaderLength > 14:
			t.Errorf("conn %d %v: frame %d has a header of %d bytes", c.Number, event.Side(side), f.Number, f.HeaderLength)
		}
		end = f.Offset + uint64(f.HeaderLength)
		if whole := end + f.Length; whole >= end && f.Missing < f.Length {
			end = whole - f.Missing
		}
	}
}

// messagesFit: numbers are distinct, payloads are within what was asked for.
func messagesFit(t *testing.T, c *truth.Conn, side int) {
	limit := int(fuzzLimits().Message)
	seen := map[uint64]bool{}
	for _, m := range c.Messages[side] {
		m := m.D
		at := fmt.Sprintf("conn %d %v message %d", c.Number, event.Side(side), m.Number)
		switch {
		case seen[m.Number] || m.Number == 0:
			t.Errorf("%s: the number is not its own", at)
		case len(m.Payload) > limit || uint64(len(m.Payload)) > m.Length && m.Undecoded == "":
			t.Errorf("%s: %d bytes of %d kept", at, len(m.Payload), m.Length)
		case m.Missing > m.WireLength:
			t.Errorf("%s: %d bytes of %d missing", at, m.Missing, m.WireLength)
		case m.Text && (m.Missing > 0 || m.Undecoded != "" || !m.Complete || m.Opcode != 1):
			t.Errorf("%s: text, but not whole: %s", at, messageLine(m))
		case m.Complete && m.Missing == 0 && m.Undecoded == "" && uint64(len(m.Payload))+m.Truncated != m.Length:
			t.Errorf("%s: %d bytes kept, %d truncated, of %d", at, len(m.Payload), m.Truncated, m.Length)
		}
		seen[m.Number] = true
	}
	if n := c.Connection.Messages[side]; n != uint64(len(seen)) {
		t.Errorf("conn %d %v: %d messages counted, %d reported", c.Number, event.Side(side), n, len(seen))
	}
}

// streamFits: data and holes tile the stream.
func streamFits(t *testing.T, c *truth.Conn, side int) {
	bytesOf, missing := uint64(0), uint64(0)
	holes := map[uint64]uint64{} // by offset
	for _, g := range c.Gaps[side] {
		if g.D.Length == 0 {
			t.Errorf("conn %d %v: a gap of no bytes at %d", c.Number, event.Side(side), g.D.Offset)
		}
		if g.D.Cause != "midstream" { // those are bytes that are in the capture
			holes[g.D.Offset] = g.D.Length
			missing += g.D.Length
		}
	}
	at := uint64(0)
	for _, d := range c.Data[side] {
		for at < d.D.Offset && holes[at] > 0 {
			at += holes[at]
		}
		if d.D.Offset != at {
			t.Errorf("conn %d %v: data at %d, want %d", c.Number, event.Side(side), d.D.Offset, at)
		}
		at = d.D.Offset + uint64(len(d.D.Bytes))
		bytesOf += uint64(len(d.D.Bytes))
	}
	if got := c.Connection; got.Bytes[side] != bytesOf || got.Missing[side] != missing {
		t.Errorf("conn %d %v: %d bytes and %d missing counted, %d and %d reported", c.Number, event.Side(side), got.Bytes[side], got.Missing[side], bytesOf, missing)
	}
}
