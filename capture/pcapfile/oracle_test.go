package pcapfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/pcapgo"

	"github.com/sockeye-dev/sockeye/capture"
)

// samples are the project's sample captures.
func samples(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("../../pcaps/*.pcap*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sample captures: %v", err)
	}
	return files
}

// pcapgo reads every sample capture as we do. (It is no oracle for link types
// above 255, nor for damaged files.)
func TestAgainstPcapgo(t *testing.T) {
	for _, path := range samples(t) {
		r, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(t, r)
		if err != io.EOF {
			t.Errorf("%s: %v", path, err)
		}
		if read, total := r.Progress(); read != total || total == 0 {
			t.Errorf("%s: progress %d of %d", path, read, total)
		}
		r.Close()
		want := pcapgoPackets(t, path)
		if len(want) == 0 {
			t.Errorf("%s: pcapgo reads no packet", path)
		}
		samePackets(t, got, want)
	}
}

func pcapgoPackets(t *testing.T, path string) []capture.Packet {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var source gopacket.PacketDataSource
	var link uint16
	if strings.HasSuffix(path, "ng") {
		r, err := pcapgo.NewNgReader(f, pcapgo.DefaultNgReaderOptions)
		if err != nil {
			t.Fatal(err)
		}
		source, link = r, uint16(r.LinkType())
	} else {
		r, err := pcapgo.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		source, link = r, uint16(r.LinkType())
	}
	if strings.Contains(path, "sll2") {
		link += 256 // its link types have 8 bits
	}
	var all []capture.Packet
	for {
		data, ci, err := source.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: pcapgo: %v", path, err)
		}
		all = append(all, capture.Packet{
			Number: uint64(len(all) + 1), Time: ci.Timestamp.UnixNano(), OrigLen: uint32(ci.Length),
			Interface: uint32(ci.InterfaceIndex), Link: capture.LinkType(link), Data: data,
		})
	}
}
