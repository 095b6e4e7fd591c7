package dissect

import (
	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect/guess"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// guessBytes is how many bytes of each direction the name of a raw stream is guessed from.
const guessBytes = 256

// maxRecognitions bounds how often holes make a raw stream be looked at again.
const maxRecognitions = 16

// raw is a stream that is none of the protocols of the table. Its bytes are
// handed to sinks as they are; it only wonders what they look like.
type raw struct {
	head  [2][]byte
	whole bool // seen from its first byte: holes bring no other protocol
}

func startRaw(k *Conn, s *signs) Dissector {
	return &raw{whole: s.fresh || s.forced}
}

func (r *raw) Layer() string { return "raw" }

func (r *raw) Data(k *Conn, dir packet.Dir, b []byte, _ reassembly.At) int {
	if room := guessBytes - len(r.head[dir]); room > 0 {
		r.head[dir] = append(r.head[dir], b[:min(room, len(b))]...)
	}
	return len(b)
}

func (r *raw) Gap(k *Conn, _ packet.Dir, _ []byte, _ uint64, _ reassembly.At) bool {
	if r.whole {
		return true
	}
	x := k.more()
	x.recognised++
	return x.recognised > maxRecognitions
}

func (r *raw) Fin(*Conn, packet.Dir, []byte) {}

func (r *raw) End(k *Conn) {
	if k.sum != nil && k.speaks("raw") && k.sum.Guess == "" {
		k.sum.Guess = guess.Guess(r.head[k.Client()], r.head[k.Client().Reverse()])
	}
}
