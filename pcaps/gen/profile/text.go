package profile

import (
	"strconv"

	"github.com/sockeye-dev/sockeye/pcaps/gen/sim"
)

var users = [...]string{"kilo", "lima", "mike", "oscar", "papa", "zoë", "søren", "wanda", "trudy", "ünal", "ren", "吉田"}

var kinds = [...]string{"chat", "presence", "typing", "order", "tick", "ack"}

var words = [...]string{
	"the", "quote", "has", "moved", "again", "and", "nobody", "knows", "why", "please", "check", "room", "for", "details",
	"price", "volume", "café", "naïve", "thanks", "see", "you", "tomorrow", "at", "eight", "server", "says", "no", "yes",
	"maybe", "later", "Grüße", "deploy", "rolled", "back", "build", "is", "green", "now", "who", "broke", "it", "🙂", "ok",
}

// appendChat appends a JSON text message of about want bytes (60 to 400 in chat).
func appendChat(b []byte, r *sim.Rand, id uint64, want int) []byte {
	start := len(b)
	v := r.Uint64()
	b = append(b, `{"type":"`...)
	b = append(b, kinds[v%uint64(len(kinds))]...)
	b = append(b, `","id":`...)
	b = strconv.AppendUint(b, id, 10)
	b = append(b, `,"user":"`...)
	b = append(b, users[v>>8%uint64(len(users))]...)
	b = append(b, `","price":`...)
	b = strconv.AppendUint(b, v>>16&0x3ff, 10)
	b = append(b, '.')
	b = strconv.AppendUint(b, 1000+v>>26&0xfff, 10)
	b = append(b, `,"text":"`...)
	for len(b)-start < want-2 {
		w := r.Uint64()
		for range 8 {
			b = append(b, words[w&0xff%uint64(len(words))]...)
			b = append(b, ' ')
			if w >>= 8; len(b)-start >= want-2 {
				break
			}
		}
	}
	return append(b, `"}`...)
}

// blockSize is the size of the corpus's blocks: each is valid UTF-8 by itself.
const blockSize = 64

// corpus is text and binary data that long messages are cut from.
type corpus struct{ text, binary []byte }

const corpusSize = 1 << 20

func newCorpus(r *sim.Rand) *corpus {
	c := &corpus{make([]byte, 0, corpusSize), make([]byte, 0, corpusSize)}
	var line []byte
	for len(c.text) < corpusSize {
		line = appendChat(line[:0], r, uint64(len(c.text)), 50)
		n := blockSize - 1
		for len(line) > n && line[n]&0xc0 == 0x80 {
			n--
		}
		line = line[:min(len(line), n)]
		for len(line) < blockSize {
			line = append(line, '\n')
		}
		c.text = append(c.text, line...)
	}
	for len(c.binary) < corpusSize {
		v := r.Uint64()
		c.binary = append(c.binary, byte(v), byte(v>>8), byte(v>>16), byte(v>>24), byte(v>>32), byte(v>>40), byte(v>>48), byte(v>>56))
	}
	return c
}

// at returns up to n bytes of data at offset o, which may lie anywhere: it wraps around.
func at(data []byte, o, n int) []byte {
	o %= len(data)
	return data[o:min(len(data), o+n)]
}
