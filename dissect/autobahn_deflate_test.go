package dissect_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf8"

	kflate "github.com/klauspost/compress/flate"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
)

// packedMessages is what the cases of groups 12 and 13 send: compressed messages
// of a size, taken from a source that is gone round.
type packedMessages struct {
	op       websocket.Opcode
	source   string
	size     int // of a message: bytes, of text characters
	fragment int // of the compressed bytes; 0: none
	choices  []agreement
}

// agreement is what is asked of the peer's compressor.
type agreement struct {
	fresh bool // no context takeover
	bits  int  // window; 0: not asked
}

// The suite sends 1000 messages of each size. Here it is as many as make
// packedBytes, but at least packedFewest, so that a context is taken over.
const (
	packedBytes  = 48 << 10
	packedMost   = 20
	packedFewest = 2
)

func (p *packedMessages) count() int {
	return min(packedMost, max(packedFewest, packedBytes/p.size))
}

// packedSizes are the sizes and fragments that every chapter goes through.
var packedSizes = [][2]int{
	{16, 0}, {64, 0}, {256, 0}, {1024, 0}, {4096, 0}, {8192, 0}, {16384, 0}, {32768, 0}, {65536, 0}, {131072, 0},
	{8192, 256}, {16384, 256}, {32768, 256}, {65536, 256}, {131072, 256}, {131072, 1024}, {131072, 4096}, {131072, 32768},
}

func packedFamily(prefix string, p packedMessages) []*suiteCase {
	var list []*suiteCase
	for _, s := range packedSizes {
		q := p
		q.size, q.fragment = s[0], s[1]
		list = append(list, (&suiteCase{packed: &q}).stepping())
	}
	return family(prefix, list...)
}

func payloadCases() (out []*suiteCase) {
	for i, s := range []struct {
		op     websocket.Opcode
		source string
	}{
		{websocket.Text, "json"}, {websocket.Binary, "bitmap"}, {websocket.Binary, "prose"}, {websocket.Text, "html"}, {websocket.Binary, "pdf"},
	} {
		out = append(out, packedFamily(fmt.Sprintf("12.%d", i+1), packedMessages{op: s.op, source: s.source, choices: []agreement{{}}})...)
	}
	return out
}

func parameterCases() (out []*suiteCase) {
	for i, choices := range [][]agreement{
		{{false, 0}},
		{{true, 0}},
		{{false, 9}},
		{{false, 15}},
		{{true, 9}},
		{{true, 15}},
		{{true, 9}, {true, 0}, {false, 0}}, // the strictest first
	} {
		out = append(out, packedFamily(fmt.Sprintf("13.%d", i+1), packedMessages{op: websocket.Text, source: "json", choices: choices})...)
	}
	return out
}

// offer is the suite's header as a client.
func (p *packedMessages) offer() string {
	var out []string
	for _, a := range p.choices {
		out = append(out, "permessage-deflate; client_no_context_takeover; client_max_window_bits"+a.params("server"))
	}
	return strings.Join(out, ", ")
}

// params asks a side for the agreement.
func (a agreement) params(side string) (s string) {
	if a.fresh {
		s += "; " + side + "_no_context_takeover"
	}
	if a.bits > 0 {
		s += fmt.Sprintf("; %s_max_window_bits=%d", side, a.bits)
	}
	return s
}

// negotiate returns both headers. The suite as a client asks for the server's
// parameters and is given one of its choices; as a server it takes the first of
// its choices that the client's offer allows. Which one is the peer's turn n.
func (p *packedMessages) negotiate(suite event.Side, n int) (offer, answer string, agreed agreement) {
	agreed = p.choices[n%len(p.choices)]
	if suite == event.Client {
		return p.offer(), "permessage-deflate" + agreed.params("server"), agreed
	}
	offer = "permessage-deflate; client_no_context_takeover"
	if agreed.bits > 0 || len(p.choices) == 1 {
		offer += "; client_max_window_bits"
	}
	for _, agreed = range p.choices {
		if agreed.bits == 0 || strings.Contains(offer, "bits") {
			break
		}
	}
	return offer, "permessage-deflate" + agreed.params("client"), agreed
}

// packer compresses a side's messages (RFC 7692 §7.2.1).
type packer struct {
	out   bytes.Buffer
	fresh bool
	w     interface {
		Write([]byte) (int, error)
		Flush() error
	}
	again func()
}

func newPacker(a agreement) *packer {
	p := &packer{fresh: a.fresh}
	if a.bits == 0 || a.bits == 15 {
		w, _ := flate.NewWriter(&p.out, flate.BestSpeed+1)
		p.w, p.again = w, func() { w.Reset(&p.out) }
	} else {
		w, _ := kflate.NewWriterWindow(&p.out, 1<<a.bits)
		p.w, p.again = w, func() { w.Reset(&p.out) }
	}
	return p
}

// pack returns the compressed payload of the next message, owned.
func (p *packer) pack(b []byte) []byte {
	p.out.Reset()
	if p.fresh {
		p.again()
	}
	p.w.Write(b) //nolint:errcheck // into a buffer
	p.w.Flush()  //nolint:errcheck
	return bytes.Clone(bytes.TrimSuffix(p.out.Bytes(), []byte{0, 0, 0xff, 0xff}))
}

// messages takes the payloads from the source.
func (p *packedMessages) messages(sources map[string][]byte) (out [][]byte) {
	src := sources[p.source]
	at := 0
	for range p.count() {
		var b []byte
		for n := 0; n < p.size; n++ {
			step := 1
			if p.op == websocket.Text {
				_, step = utf8.DecodeRune(src[at:])
			}
			b = append(b, src[at:at+step]...)
			at = (at + step) % len(src)
		}
		out = append(out, b)
	}
	return out
}

// packedSources makes up what the suite takes from files.
func packedSources() map[string][]byte {
	r := rand.New(rand.NewPCG(12, 13))
	const size = 96 << 10
	out := map[string][]byte{}
	build := func(name string, more func(b []byte, i int) []byte) {
		var b []byte
		for i := 0; len(b) < size; i++ {
			b = more(b, i)
		}
		out[name] = b
	}
	words := strings.Fields("Über den großen Flüssen zogen Möwen, während der Wind das Rauschen der Bäume trug und niemand wußte, ob es je wieder Frühling würde; „Gewiß“, sagte er schließlich, „die Lachse kommen zurück.“")
	prose := func(n int) string {
		var s []string
		for range n {
			s = append(s, words[r.IntN(len(words))])
		}
		return strings.Join(s, " ")
	}
	build("json", func(b []byte, i int) []byte {
		return fmt.Appendf(b, `{"id":%d,"at":%d,"user":{"name":"u%d","followers":%d},"text":%q,"tags":["lachs","🐟"],"geo":null},`, i, 1700000000+r.IntN(1e6), r.IntN(500), r.IntN(1e5), prose(12))
	})
	build("bitmap", func(b []byte, i int) []byte { // rows of 24-bit pixels: slopes, then noise
		for x := range 200 {
			if noise := byte(0); i%8 == 0 {
				noise = byte(r.Uint32())
				b = append(b, noise, noise^0x55, byte(x))
			} else {
				b = append(b, byte(i), byte(x), byte(i+x))
			}
		}
		return b
	})
	build("prose", func(b []byte, i int) []byte { return fmt.Appendf(b, "%s.\n\n", prose(40+r.IntN(60))) })
	build("html", func(b []byte, i int) []byte {
		return fmt.Appendf(b, "<div class=\"row r%d\"><a href=\"/p/%d?q=%x\">%s</a><p>%s</p></div>\n", i%3, i, r.Uint32(), prose(3), prose(25))
	})
	build("pdf", func(b []byte, i int) []byte { // objects whose streams are compressed already
		b = fmt.Appendf(b, "%d 0 obj\n<< /Length 1500 /Filter /FlateDecode >>\nstream\n", i)
		for range 1500 {
			b = append(b, byte(r.Uint32()))
		}
		return append(b, "\nendstream\nendobj\n"...)
	})
	return out
}
