package profile

import (
	"io"
	"testing"

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
