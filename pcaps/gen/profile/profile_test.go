package profile

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"io"
	"testing"

	"github.com/sockeye-dev/sockeye/pcaps/gen/manifest"
	"github.com/sockeye-dev/sockeye/pcaps/gen/track"
)

// BenchmarkRun says how fast each profile is made, its manifest included.
func BenchmarkRun(b *testing.B) {
	for _, p := range Profiles() {
		b.Run(p.Name, func(b *testing.B) {
			const size = 64e6
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Run(Config{Profile: p.Name, Seed: 1, Size: size, Detail: track.Connections}, io.Discard, io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestRawShare holds that the raw profile is about 5 % WebSocket, once it has run
// for a while: at first every slot is fresh.
func TestRawShare(t *testing.T) {
	var man bytes.Buffer
	if _, err := Run(Config{Profile: "raw", Seed: 2, Size: 120e6, Detail: track.Connections}, io.Discard, &man); err != nil {
		t.Fatal(err)
	}
	var m manifest.Manifest
	if err := json.Unmarshal(man.Bytes(), &m); err != nil {
		t.Fatal(err)
	}
	var all, sockets uint64
	for _, c := range m.Connections {
		n := c.C2S.StreamBytes + c.S2C.StreamBytes
		all += n
		if c.Protocol == "websocket" {
			sockets += n
		}
	}
	if share := float64(sockets) / float64(all); share < 0.03 || share > 0.07 {
		t.Errorf("%.1f %% of the bytes are WebSocket", 100*share)
	}
}

// TestFinalBlocks holds that scripts hold messages that end in a final block.
func TestFinalBlocks(t *testing.T) {
	g := &gen{cfg: Config{Seed: 1}}
	finals := 0
	for i := range scriptCount {
		lines, v := g.script(i)
		for _, l := range lines {
			if v.final == 0 || l.wire == nil {
				continue
			}
			src := bytes.NewReader(l.wire)
			// Only a stream with a final block ends in io.EOF before its bytes do.
			if _, err := io.Copy(io.Discard, flate.NewReaderDict(src, make([]byte, 1<<15))); err == nil && src.Len() <= 1 {
				finals++
			}
		}
	}
	if finals < 10 {
		t.Errorf("%d messages end in a final block", finals)
	}
}
