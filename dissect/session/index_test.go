package session

import (
	"math/rand/v2"
	"testing"
	"unsafe"
)

// TestIndexRoundTrip: places come back as they were added, whatever they are,
// and a prefix taken early stays readable while the index grows.
func TestIndexRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var x packetIndex
	var want []place
	var early places
	size := int64(0)
	p := place{}
	for i := range 10_000 {
		switch r.IntN(4) {
		case 0:
			p = place{number: r.Uint64N(1 << 60), file: r.IntN(300), offset: r.Int64(), skew: int64(r.Uint64())}
		case 1:
			p.number -= min(p.number, 3)
			p.skew = 0
		default:
			p.number++
			p.offset += 90
		}
		if p.number > 1<<60 || p.offset < 0 {
			p = place{number: 1}
		}
		size += x.add(p)
		want = append(want, p)
		if i == 5000 {
			early = places{buf: x.buf}
		}
	}
	if size != int64(cap(x.buf)) {
		t.Errorf("size %d, capacity %d", size, cap(x.buf))
	}
	check := func(w places, want []place) {
		for i := range want {
			if got, ok := w.next(); !ok || got != want[i] {
				t.Fatalf("place %d: %+v %v, want %+v", i, got, ok, want[i])
			}
		}
		if _, ok := w.next(); ok {
			t.Fatal("more than was added")
		}
	}
	check(places{buf: x.buf}, want)
	check(early, want[:5001])
}

func TestSizes(t *testing.T) {
	for _, s := range []struct {
		what     string
		is, most uintptr
	}{
		{"a row", unsafe.Sizeof(Row{}), 240},
		{"a connection", unsafe.Sizeof(conn{}), 360},
		{"an item", unsafe.Sizeof(Item{}), itemBytes},
	} {
		t.Logf("%s: %d bytes", s.what, s.is)
		if s.is > s.most {
			t.Errorf("%s takes %d bytes, more than %d", s.what, s.is, s.most)
		}
	}
}

// TestIndexSize: packets of an ordinary connection among 100 others take 4 to 6 bytes.
func TestIndexSize(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var x packetIndex
	p := place{}
	const n = 100_000
	for range n {
		p.number += 1 + r.Uint64N(200)
		p.offset += 100 + r.Int64N(40_000)
		x.add(p)
	}
	if each := float64(len(x.buf)) / n; each < 3 || each > 6 {
		t.Errorf("%.1f bytes a packet", each)
	}
}
