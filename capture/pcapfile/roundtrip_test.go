package pcapfile

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
)

func TestRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	ifaces := []Interface{
		{Link: capture.LinkEthernet, SnapLen: 65535, FCSLen: 4, Name: "eth0", Description: "café", Filter: "tcp port 80", OS: "Linux", Resolution: Nanoseconds},
		{Link: capture.LinkLinuxSLL2, Resolution: Nanoseconds, Offset: -100},
		{Link: capture.LinkRaw, SnapLen: 200_000, Resolution: Nanoseconds, Offset: 77},
	}
	for round := range 10 {
		packets := randomPackets(rng, 200, []int{10, 100, 3000, 70000}[round%4])
		files := map[string][]byte{"pcap (ns)": pcapBytes(t, packets, WriterOptions{Link: capture.LinkEthernet})}
		ng := make([]capture.Packet, len(packets))
		for i, p := range packets {
			p.Interface = uint32(rng.IntN(3))
			p.Link, p.FCSLen = ifaces[p.Interface].Link, ifaces[p.Interface].FCSLen
			p.Time = max(p.Time, 77e9)
			ng[i] = p
		}
		files["pcapng"] = ngBytes(t, ng, ifaces...)
		for format, file := range files {
			want := packets
			if format == "pcapng" {
				want = ng
			}
			got, r := readBytes(t, file)
			samePackets(t, got, want)
			if r.Format() != format {
				t.Error(r.Format())
			}
			if format == "pcapng" {
				for i, have := range r.Interfaces() {
					if have != ifaces[i] {
						t.Errorf("interface %d: %+v; want %+v", i, have, ifaces[i])
					}
				}
			}
			if round > 1 {
				continue
			}
			for kind := range compressors {
				got, r := readBytes(t, compress(t, kind, file))
				samePackets(t, got, want)
				if r.Format() != format+", "+kind {
					t.Error(r.Format())
				}
			}
		}
	}
}

func TestWriterOptions(t *testing.T) {
	p := []capture.Packet{{Number: 1, Time: 1_999_999_999, OrigLen: 8, Link: 101, FCSLen: 4, Data: []byte("abcdefgh")}}
	got, r := readBytes(t, pcapBytes(t, p, WriterOptions{Link: 101, SnapLen: 5, Resolution: Microseconds, FCSLen: 4}))
	samePackets(t, got, []capture.Packet{{Number: 1, Time: 1_999_999_000, OrigLen: 8, Link: 101, FCSLen: 4, Data: []byte("abcde")}})
	if r.Interfaces()[0].SnapLen != 5 || r.Format() != "pcap" {
		t.Error(r.Interfaces(), r.Format())
	}
	for _, o := range []WriterOptions{{Resolution: 3}, {FCSLen: 3}, {FCSLen: 32}} {
		if _, err := NewWriter(&bytes.Buffer{}, o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

func TestFCSOption(t *testing.T) {
	for n := range uint8(maxFCS + 1) {
		if got := fcsBytes(fcsOption(n)); got != n {
			t.Errorf("%d bytes are read as %d", n, got)
		}
	}
	if fcsBytes(32) != 4 { // 32 bits, as the specification has it
		t.Error(fcsBytes(32))
	}
}

// What a format cannot hold is refused, and leaves the file whole.
func TestWriterRefuses(t *testing.T) {
	good := capture.Packet{Number: 1, Time: 5, Link: 1, OrigLen: 1, Data: []byte("x")}
	var pcap, ng bytes.Buffer
	w, _ := NewWriter(&pcap, WriterOptions{Link: 1})
	n, _ := NewNgWriter(&ng, NgOptions{})
	if _, err := n.AddInterface(Interface{Link: 1, SnapLen: 1000}); err != nil {
		t.Fatal(err)
	}
	if _, err := n.AddInterface(Interface{Offset: math.MaxInt64}); err == nil {
		t.Error("an absurd offset was accepted")
	}
	link, early, late, iface, long := good, good, good, good, good
	link.Link, early.Time, late.Time, iface.Interface = 2, -1, 1<<32*1e9, 1
	long.Data = make([]byte, MinRecordLimit+1)
	for _, p := range []capture.Packet{link, early, late} {
		if err := w.WritePacket(&p); err == nil {
			t.Errorf("pcap: %v at %d was accepted", p.Link, p.Time)
		}
	}
	for _, p := range []capture.Packet{link, early, iface, long} {
		if err := n.WritePacket(&p); err == nil {
			t.Errorf("pcapng: %v at %d of interface %d with %d bytes was accepted", p.Link, p.Time, p.Interface, len(p.Data))
		}
	}
	if err := n.WriteStatistics(Statistics{Interface: 1}, 0); err == nil {
		t.Error("statistics of no interface were accepted")
	}
	if err := n.WriteSecrets(Secret{Data: make([]byte, MaxSecrets)}); err == nil {
		t.Error("oversized secrets were accepted")
	}
	writePackets(t, w, []capture.Packet{good})
	writePackets(t, n, []capture.Packet{good})
	for _, file := range [][]byte{pcap.Bytes(), ng.Bytes()} {
		got, _ := readBytes(t, file)
		samePackets(t, got, []capture.Packet{good})
	}
}

func TestNgWriterExtras(t *testing.T) {
	var b bytes.Buffer
	w, err := NewNgWriter(&b, NgOptions{Hardware: "h", OS: "o", Application: "a", Comment: "whole file"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.AddInterface(Interface{Link: 1}); err != nil {
		t.Fatal(err)
	}
	secret := Secret{Type: SecretsTLS, Data: []byte("CLIENT_RANDOM 00 11\n")}
	stats := Statistics{Interface: 0, Received: 10, Dropped: -1, OSDropped: 3, Start: 1700000000_123456789, End: 1700000001_000000000}
	long := strings.Repeat("c", 70000)
	if err := w.WriteSecrets(secret); err != nil {
		t.Fatal(err)
	}
	for _, comment := range []string{"", "hello", long} {
		if err := w.WritePacketComment(&capture.Packet{Link: 1, Data: []byte("abc"), OrigLen: 3}, comment); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.WriteStatistics(stats, 5); err != nil {
		t.Fatal(err)
	}
	w.Flush()
	got, r := readBytes(t, b.Bytes())
	if len(got) != 3 || len(r.Secrets()) != 1 || !bytes.Equal(r.Secrets()[0].Data, secret.Data) || r.Secrets()[0].Type != secret.Type {
		t.Errorf("%d packets, secrets %v", len(got), r.Secrets())
	}
	if c := r.Comments(); len(c) != 3 || c[0] != (Comment{0, "whole file"}) || c[1] != (Comment{2, "hello"}) || c[2] != (Comment{3, long[:65535]}) {
		t.Errorf("%d comments", len(c))
	}
	if s := r.Stats(); len(s) != 1 || s[0] != stats {
		t.Errorf("statistics %v", s)
	}
}
