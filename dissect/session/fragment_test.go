package session_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

// fragmented writes a capture anew with every IPv4 packet over Ethernet cut into
// fragments of at most 256 bytes, the last two in the wrong order.
func fragmented(t testing.TB, path string) string {
	t.Helper()
	src, err := pcapfile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	name := filepath.Join(t.TempDir(), "fragments.pcap")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := pcapfile.NewWriter(f, pcapfile.WriterOptions{Link: 1})
	if err != nil {
		t.Fatal(err)
	}
	cut := 0
	for {
		p, err := src.Next()
		if err != nil {
			break
		}
		parts := fragments(p)
		if n := len(parts); n > 1 {
			parts[n-1], parts[n-2] = parts[n-2], parts[n-1]
			cut++
		}
		for i := range parts {
			if err := w.WritePacket(&parts[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Flush(); err != nil || cut < 20 {
		t.Fatalf("%d packets cut, %v", cut, err)
	}
	return name
}

func fragments(p capture.Packet) []capture.Packet {
	const header = 14 + 20
	b := p.Data
	if len(b) < header || b[12] != 8 || b[14] != 0x45 || int(binary.BigEndian.Uint16(b[16:]))+14 != len(b) || len(b) < header+256 {
		return []capture.Packet{p}
	}
	var out []capture.Packet
	for at := header; at < len(b); at += 256 {
		end := min(at+256, len(b))
		q := p
		q.Data = append(append([]byte(nil), b[:header]...), b[at:end]...)
		q.OrigLen = uint32(len(q.Data))
		binary.BigEndian.PutUint16(q.Data[16:], uint16(len(q.Data)-14))
		binary.BigEndian.PutUint16(q.Data[18:], uint16(p.Number))
		field := uint16((at - header) / 8)
		if end < len(b) {
			field |= 0x2000
		}
		binary.BigEndian.PutUint16(q.Data[20:], field)
		out = append(out, q)
	}
	return out
}

// TestFragments: all IP fragments of a connection are read again, in the index
// and behind its bound.
func TestFragments(t *testing.T) {
	sample := filepath.Join(pcaps, "chat-small.pcap")
	path := fragmented(t, sample)
	want := straight(t, path)
	if whole := straight(t, sample); len(whole) != len(want) {
		t.Fatalf("%d connections in fragments, %d in whole packets", len(want), len(whole))
	}
	for _, index := range []int64{0, 1} {
		s := open(t, session.Options{Files: []string{path}, Limits: session.Limits{Index: index}})
		loaded(t, s)
		same(t, s, want)
	}
}
