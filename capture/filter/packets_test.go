package filter

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
)

func be16(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }

func cat(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// ipv4Packet has options of optWords words, and a fragment field.
func ipv4Packet(proto byte, src, dst byte, frag uint16, optWords int, payload []byte) []byte {
	h := make([]byte, 20+4*optWords)
	h[0] = byte(0x45 + optWords)
	binary.BigEndian.PutUint16(h[2:], uint16(len(h)+len(payload)))
	binary.BigEndian.PutUint16(h[6:], frag)
	h[8], h[9] = 64, proto
	copy(h[12:], []byte{10, 0, 0, src})
	copy(h[16:], []byte{10, 0, 0, dst})
	return append(h, payload...)
}

func ipv6Packet(next byte, src, dst byte, payload []byte) []byte {
	h := make([]byte, 40)
	h[0], h[6], h[7] = 0x60, next, 64
	binary.BigEndian.PutUint16(h[4:], uint16(len(payload)))
	copy(h[8:], []byte{0x20, 1, 0xd, 0xb8})
	copy(h[24:], []byte{0x20, 1, 0xd, 0xb8})
	h[23], h[39] = src, dst
	return append(h, payload...)
}

func tcpSegment(src, dst uint16, flags byte, data string) []byte {
	h := cat(be16(src), be16(dst), make([]byte, 16))
	h[12], h[13] = 0x50, flags
	return append(h, data...)
}

func udpDatagram(src, dst uint16, n int) []byte {
	return cat(be16(src), be16(dst), be16(uint16(8+n)), be16(0), make([]byte, n))
}

// network is a packet without its link layer.
type network struct {
	etherType uint16
	data      []byte
}

// synthetic packets, one of each kind the language can tell apart.
func synthetic() []network {
	var out []network
	for _, ports := range [][2]uint16{{80, 50000}, {50000, 443}, {53, 53}, {8080, 85}, {80, 90}, {0, 65535}} {
		for flags := range 3 {
			seg := tcpSegment(ports[0], ports[1], []byte{2, 0x12, 0x18}[flags], "GET / HTTP/1.1")
			udp := udpDatagram(ports[0], ports[1], 100*flags)
			sctp := cat(be16(ports[0]), be16(ports[1]), make([]byte, 8))
			for proto, p := range map[byte][]byte{6: seg, 17: udp, 132: sctp} {
				out = append(out,
					network{0x800, ipv4Packet(proto, 1, 2, 0x4000, 0, p)},
					network{0x800, ipv4Packet(proto, 2, 1, 0, flags+1, p)},
					network{0x86dd, ipv6Packet(proto, 1, 2, p)})
			}
			out = append(out,
				network{0x800, ipv4Packet(6, 1, 1, 0x2000, 0, seg)},                             // first fragment
				network{0x800, ipv4Packet(17, 3, 2, 0x00b9, 0, udp)},                            // later fragment
				network{0x86dd, ipv6Packet(44, 2, 1, cat([]byte{6, 0, 0, 1, 0, 0, 0, 1}, seg))}, // fragment header
				network{0x86dd, ipv6Packet(0, 1, 2, cat([]byte{6, 0, 1, 4, 0, 0, 0, 0}, seg))})  // hop by hop
		}
	}
	for typ := range byte(18) {
		out = append(out, network{0x800, ipv4Packet(1, 1, 2, 0, 0, []byte{typ, 0, 0, 0, 1, 2, 3, 4})},
			network{0x86dd, ipv6Packet(58, 1, 2, []byte{120 + typ, 0, 0, 0, 1, 2, 3, 4})})
	}
	for _, proto := range []byte{0, 2, 9, 44, 50, 51, 58, 103, 112} {
		out = append(out, network{0x800, ipv4Packet(proto, 1, 9, 0, 0, make([]byte, 30))},
			network{0x86dd, ipv6Packet(proto, 1, 9, make([]byte, 30))})
	}
	multi := ipv4Packet(17, 1, 1, 0, 0, udpDatagram(5353, 5353, 20))
	copy(multi[16:], []byte{224, 0, 0, 251})
	limited := ipv4Packet(17, 1, 1, 0, 0, udpDatagram(68, 67, 20))
	copy(limited[16:], []byte{255, 255, 255, 255})
	loop := ipv4Packet(6, 1, 1, 0, 0, tcpSegment(8080, 40000, 0x10, ""))
	copy(loop[12:], []byte{127, 0, 0, 1, 127, 0, 0, 1})
	local := ipv6Packet(17, 1, 2, udpDatagram(5353, 5353, 20))
	copy(local[8:], []byte{0xfe, 0x80, 0, 0})
	copy(local[24:], []byte{0xff, 2, 0, 0})
	one := ipv6Packet(6, 1, 1, tcpSegment(80, 81, 2, ""))
	copy(one[8:], make([]byte, 15))
	mapped := ipv6Packet(6, 1, 1, tcpSegment(80, 81, 2, ""))
	copy(mapped[8:], []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1})
	arp := cat(be16(1), be16(0x800), []byte{6, 4}, be16(1), []byte{2, 0, 0, 0, 0, 1, 10, 0, 0, 1}, make([]byte, 6), []byte{10, 0, 0, 2})
	llc := func(b ...byte) []byte { return append(b, make([]byte, 40)...) }
	return append(out, network{0x800, multi}, network{0x800, limited}, network{0x800, loop}, network{0x86dd, local},
		network{0x86dd, one}, network{0x86dd, mapped}, network{0x806, arp}, network{0x8035, arp}, network{0x88cc, llc(2, 7)},
		network{0x8137, llc(0xff, 0xff)}, network{0x809b, llc()}, network{0x80f3, llc()}, network{0x9000, llc()}, network{0x6003, llc()},
		network{0x6001, llc()}, network{0x6002, llc()}, network{0x6004, llc()}, network{0x6007, llc()},
		network{38, llc(0x42, 0x42, 3)}, network{40, llc(0xfe, 0xfe, 3, 0x83)}, network{4, llc(0xe0, 0xe0, 3)}, network{1, llc(0xff, 0xff)},
		network{4, llc(0xf0, 0xf0, 3)}, network{4, llc(6, 6, 3, 0x45)}, network{4, llc(0x42, 0x42, 3)},
		network{50, llc(0xaa, 0xaa, 3, 8, 0, 7, 0x80, 0x9b)}, network{4, llc(0xaa, 0xaa, 3, 0, 0, 0, 0x81, 0x37)},
		network{50, llc(0xaa, 0xaa, 3, 0, 0, 0, 0x80, 0xf3)})
}

// framed puts a packet into frames of a link type.
func framed(n network, link capture.LinkType) [][]byte {
	t := be16(n.etherType)
	switch link {
	case capture.LinkEthernet:
		mac := []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1}
		cast := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 2}
		return [][]byte{cat(mac, t, n.data), cat(cast, t, n.data),
			cat(mac, be16(0x8100), be16(5), t, n.data),
			cat(mac, be16(0x88a8), be16(5), be16(0x8100), be16(0x2006), t, n.data),
			cat(mac, be16(0x9100), be16(6), be16(0x8100), be16(6), be16(0x8100), be16(7), t, n.data)}
	case capture.LinkLinuxSLL:
		return [][]byte{cat(be16(0), be16(1), be16(6), []byte{2, 0, 0, 0, 0, 1, 0, 0}, t, n.data),
			cat(be16(4), be16(772), be16(6), make([]byte, 8), t, n.data)}
	case capture.LinkLinuxSLL2:
		return [][]byte{cat(t, be16(0), []byte{0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0}, n.data),
			cat(t, be16(0), []byte{0, 0, 0, 1, 3, 4, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0}, n.data)}
	case capture.LinkNull, capture.LinkLoop:
		family := map[uint16][]byte{0x800: {2}, 0x86dd: {24, 28, 30, 10}}[n.etherType]
		var out [][]byte
		for _, f := range family {
			if link == capture.LinkNull {
				out = append(out, cat([]byte{f, 0, 0, 0}, n.data))
			}
			out = append(out, cat([]byte{0, 0, 0, f}, n.data))
		}
		return append(out, cat([]byte{7, 0, 0, 7}, n.data))
	case capture.LinkPPP, capture.LinkPPPEther:
		p := be16(map[uint16]uint16{0x800: 0x21, 0x86dd: 0x57, 38: 0x31, 40: 0x23, 0x8137: 0x2b}[n.etherType])
		if link == capture.LinkPPPEther {
			return [][]byte{cat([]byte{0x11, 0, 0, 1}, be16(uint16(2+len(n.data))), p, n.data)}
		}
		return [][]byte{cat([]byte{0xff, 3}, p, n.data), cat([]byte{0xff, 3}, t, n.data)}
	}
	return [][]byte{n.data}
}

// packetsOf are thousands of packets of a link type: synthetic ones and those of
// the sample captures, whole, cut short and changed at random places.
func packetsOf(t testing.TB, link capture.LinkType, perFile int) [][]byte {
	rng := rand.New(rand.NewPCG(1, uint64(link)))
	var whole [][]byte
	nets := synthetic()
	for _, n := range nets {
		whole = append(whole, framed(n, link)...)
	}
	for _, n := range sampleNetworks(t, perFile) {
		whole = append(whole, framed(n, link)[:1]...)
	}
	out := append([][]byte{{}}, whole...)
	for i, p := range whole {
		for range 2 * min(len(p), 1) {
			q := append([]byte(nil), p[:min(len(p), 120)]...)
			for range 1 + rng.IntN(3) {
				q[rng.IntN(min(len(q), 64))] = byte(rng.IntN(256))
			}
			out = append(out, q)
		}
		out = append(out, p[:rng.IntN(len(p)+1)], p[:rng.IntN(min(len(p), 70)+1)])
		if i%41 == 0 {
			for n := range min(len(p), 100) {
				out = append(out, p[:n])
			}
		}
	}
	return out
}

// sampleNetworks takes the first packets of every sample capture, without their
// link layers.
func sampleNetworks(t testing.TB, perFile int) []network {
	files, err := filepath.Glob("../../pcaps/*.pcap*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sample captures: %v", err)
	}
	var out []network
	for _, f := range files {
		r, err := pcapfile.Open(f)
		if err != nil {
			t.Fatal(err)
		}
		for range perFile {
			p, err := r.Next()
			if err == io.EOF {
				break
			} else if err != nil {
				t.Logf("%s: %v", f, err)
				break
			}
			if n, ok := unframed(p); ok {
				out = append(out, n)
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func unframed(p capture.Packet) (network, bool) {
	l, ok := linkLayers[p.Link]
	if !ok || len(p.Data) < int(l.payOff)+20 {
		return network{}, false
	}
	data := append([]byte(nil), p.Data[l.payOff:]...)
	switch p.Link {
	case capture.LinkEthernet, capture.LinkLinuxSLL, capture.LinkLinuxSLL2:
		return network{binary.BigEndian.Uint16(p.Data[l.typeOff:]), data}, true
	}
	return network{map[byte]uint16{4: 0x800, 6: 0x86dd}[data[0]>>4], data}, true
}
