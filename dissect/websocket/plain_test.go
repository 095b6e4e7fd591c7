package websocket

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// FuzzPlain reads frames, and holds that FrameJudge.Plain takes only those of
// which Judge has nothing to say, leaves the judge as Judge does, and changes
// nothing where it takes none. Keys follow a few patterns, as random ones are
// never predictable.
func FuzzPlain(f *testing.F) {
	f.Add([]byte("\x81\x02hi\x82\x01\xff\x01\x01a\x80\x01b\x89\x00\x88\x00\x81\x00"), uint32(0), uint32(0), false)
	f.Add(bytes.Repeat([]byte("\x81\x82...."), 6), uint32(7), uint32(1), true)
	f.Add(bytes.Repeat([]byte("\x81\x82...."), 6), uint32(7), uint32(1<<24), true)
	f.Add(bytes.Repeat([]byte("\x82\x82...."), 6), uint32(12345), uint32(1664525), true)
	f.Add([]byte("\x81\xc3\x81\x7e\x00\x01a\xc1\x01a\x81\x02\xc3\x28"), uint32(1), uint32(2), false)
	f.Fuzz(func(t *testing.T, b []byte, key, step uint32, multiply bool) {
		for _, side := range []Side{Client, Server} {
			j := NewFrameJudge(Context{Side: side, Midstream: step&1 != 0})
			for in := b; ; {
				h, n := ParseHeader(in)
				if n == 0 || uint64(len(in)-n) < h.Length {
					break
				}
				payload := in[n : n+int(h.Length)]
				in = in[n+int(h.Length):]
				if h.Masked {
					if multiply {
						key = key*step + 1
					} else {
						key += step
					}
					binary.BigEndian.PutUint32(h.Mask[:], key)
				}
				judged, plain := j, j
				problems := judged.Judge(nil, h)
				text := Unmask(nil, payload, h.Mask, 0)
				var u UTF8
				good := h.Opcode != Text || u.Write(text) && u.Close()
				switch ok := plain.Plain(&h, payload); {
				case ok && (len(problems) > 0 || !good || plain != judged):
					t.Fatalf("%+v was plain: problems %v, text %v, %+v instead of %+v", h, problems, good, plain, judged)
				case !ok && plain != j:
					t.Fatalf("%+v was not plain, and the judge changed from %+v to %+v", h, j, plain)
				}
				j = judged
			}
		}
	})
}

// TestPlain: what most frames are is plain.
func TestPlain(t *testing.T) {
	j := NewFrameJudge(Context{Side: Client})
	keys := []uint32{0x9d3f21aa, 0x0b7c55e1, 0xf2a1490d, 0x31d8e6b7, 0x5c6602f8, 0xa87b13c4}
	for i, key := range keys {
		h := Header{Fin: true, Masked: true, Opcode: Text, Form: 7, Len: 6, Length: 5}
		binary.BigEndian.PutUint32(h.Mask[:], key)
		if !j.Plain(&h, Unmask(nil, []byte("hello"), h.Mask, 0)) {
			t.Errorf("frame %d with key %08x is not plain", i, key)
		}
	}
}
