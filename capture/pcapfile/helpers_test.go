package pcapfile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"

	"github.com/sockeye-dev/sockeye/capture"
)

// readAll reads to the end and returns copies of the packets and the error that
// ended them. It checks what holds for every Source.
func readAll(t testing.TB, s capture.Source) ([]capture.Packet, error) {
	t.Helper()
	var all []capture.Packet
	for {
		p, err := s.Next()
		if err != nil {
			if _, again := s.Next(); again != err {
				t.Fatalf("Next returned %v, then %v", err, again)
			}
			var ie *capture.InputError
			if err != io.EOF && !errors.As(err, &ie) {
				t.Fatalf("Next returned a %T: %v", err, err)
			}
			return all, err
		}
		if p.Number != uint64(len(all)+1) {
			t.Fatalf("packet %d has number %d", len(all)+1, p.Number)
		}
		if int(p.OrigLen) < len(p.Data) || cap(p.Data) != len(p.Data) {
			t.Fatalf("packet %d: original length %d, len %d, cap %d", p.Number, p.OrigLen, len(p.Data), cap(p.Data))
		}
		p.Data = bytes.Clone(p.Data)
		all = append(all, p)
	}
}

func mustReader(t testing.TB, b []byte) *Reader {
	t.Helper()
	r, err := NewReader("test", bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// readBytes reads a file that has nothing wrong with it.
func readBytes(t testing.TB, b []byte) ([]capture.Packet, *Reader) {
	t.Helper()
	r := mustReader(t, b)
	all, err := readAll(t, r)
	if err != io.EOF {
		t.Fatalf("after %d packets: %v", len(all), err)
	}
	return all, r
}

// readDamaged reads a file that must end in an InputError.
func readDamaged(t testing.TB, b []byte) ([]capture.Packet, *capture.InputError) {
	t.Helper()
	r, err := NewReader("test", bytes.NewReader(b))
	var all []capture.Packet
	if err == nil {
		defer r.Close()
		all, err = readAll(t, r)
	}
	var ie *capture.InputError
	if !errors.As(err, &ie) {
		t.Fatalf("after %d packets: %v; expected an InputError", len(all), err)
	}
	return all, ie
}

func samePackets(t testing.TB, got, want []capture.Packet) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d packets; want %d", len(got), len(want))
	}
	for i := range got {
		g, w := got[i], want[i]
		if !bytes.Equal(g.Data, w.Data) {
			t.Fatalf("packet %d: data % x; want % x", i+1, g.Data, w.Data)
		}
		g.Data, w.Data = nil, nil
		if fmt.Sprint(g) != fmt.Sprint(w) {
			t.Fatalf("packet %d: %+v; want %+v", i+1, g, w)
		}
	}
}

// randomPackets returns packets that both formats can hold.
func randomPackets(rng *rand.Rand, n, maxLen int) []capture.Packet {
	all := make([]capture.Packet, n)
	for i := range all {
		data := make([]byte, rng.IntN(maxLen+1))
		for j := range data {
			data[j] = byte(rng.Uint32() >> (j % 9)) // compressible in part
		}
		all[i] = capture.Packet{
			Number:  uint64(i + 1),
			Time:    rng.Int64N(4_000_000_000 * 1_000_000_000),
			OrigLen: uint32(len(data) + rng.IntN(3)*rng.IntN(2000)),
			Link:    capture.LinkEthernet,
			Data:    data,
		}
	}
	return all
}

func pcapBytes(t testing.TB, packets []capture.Packet, o WriterOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, o)
	if err != nil {
		t.Fatal(err)
	}
	writePackets(t, w, packets)
	return b.Bytes()
}

func ngBytes(t testing.TB, packets []capture.Packet, ifaces ...Interface) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewNgWriter(&b, NgOptions{Application: "sockeye"})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range ifaces {
		if _, err := w.AddInterface(i); err != nil {
			t.Fatal(err)
		}
	}
	writePackets(t, w, packets)
	return b.Bytes()
}

func writePackets(t testing.TB, w PacketWriter, packets []capture.Packet) {
	t.Helper()
	for i := range packets {
		if err := w.WritePacket(&packets[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}

// compressors of tests, by the name in Reader.Format.
var compressors = map[string]func(io.Writer) io.WriteCloser{
	"gzip": func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	"zstd": func(w io.Writer) io.WriteCloser {
		z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(64<<10))
		if err != nil {
			panic(err)
		}
		return z
	},
	"lz4": func(w io.Writer) io.WriteCloser {
		z := lz4.NewWriter(w)
		if err := z.Apply(lz4.BlockSizeOption(lz4.Block64Kb)); err != nil {
			panic(err)
		}
		return z
	},
	"xz": func(w io.Writer) io.WriteCloser {
		z, err := xz.WriterConfig{DictCap: 64 << 10}.NewWriter(w)
		if err != nil {
			panic(err)
		}
		return z
	},
}

func compress(t testing.TB, kind string, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := compressors[kind](&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// order writes hand-made files in either byte order.
type order struct{ binary.AppendByteOrder }

var (
	little = order{binary.LittleEndian}
	large  = order{binary.BigEndian}
	orders = map[string]order{"little": little, "big": large}
)

// fields appends uint8, uint16, uint32, uint64, string and []byte values.
func (o order) fields(values ...any) []byte {
	var b []byte
	for _, v := range values {
		switch v := v.(type) {
		case uint8:
			b = append(b, v)
		case uint16:
			b = o.AppendUint16(b, v)
		case uint32:
			b = o.AppendUint32(b, v)
		case uint64:
			b = o.AppendUint64(b, v)
		case string:
			b = append(b, v...)
		case []byte:
			b = append(b, v...)
		default:
			panic(fmt.Sprintf("field of type %T", v))
		}
	}
	return b
}

func (o order) pcapHeader(magic, snaplen, network uint32) []byte {
	return o.fields(magic, uint16(2), uint16(4), uint32(0), uint32(0), snaplen, network)
}

func (o order) record(sec, frac, orig uint32, data string) []byte {
	return o.fields(sec, frac, uint32(len(data)), orig, data)
}

// block wraps a body, padded, in type and lengths.
func (o order) block(typ uint32, body ...any) []byte {
	b := o.fields(body...)
	b = append(b, make([]byte, padded(len(b))-len(b))...)
	total := uint32(len(b) + 12)
	return o.fields(typ, total, b, total)
}

func (o order) option(code uint16, value ...any) []byte {
	v := o.fields(value...)
	return o.fields(code, uint16(len(v)), v, make([]byte, padded(len(v))-len(v)))
}

func (o order) section(options ...any) []byte {
	return o.block(blockSection, append([]any{uint32(byteOrderMagic), uint16(1), uint16(0), ^uint64(0)}, options...)...)
}

func (o order) iface(link uint16, snaplen uint32, options ...any) []byte {
	return o.block(blockInterface, append([]any{link, uint16(0), snaplen}, options...)...)
}

func (o order) packet(id uint32, ticks uint64, orig uint32, data string, options ...any) []byte {
	pad := make([]byte, padded(len(data))-len(data))
	return o.block(blockPacket, append([]any{id, uint32(ticks >> 32), uint32(ticks), uint32(len(data)), orig, data, pad}, options...)...)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
