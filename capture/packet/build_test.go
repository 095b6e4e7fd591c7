package packet

import (
	"encoding/hex"
	"strings"

	"github.com/sockeye-dev/sockeye/capture"
)

// Frames built by hand, layer by layer, from the bytes that the standards give.

var (
	payload    = []byte("payload")
	mac        = unhex("02 00 00 00 00 01  02 00 00 00 00 02")
	synOptions = unhex("02 04 05b4  04 02  08 0a 00000011 00000000  01  03 03 07")
	addr6a     = unhex("20010db8 00000000 00000000 00000001")
	addr6b     = unhex("20010db8 00000000 00000000 00000002")
)

// unhex decodes hex digits, which may be spaced.
func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic(err)
	}
	return b
}

func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func ethernet(etherType uint16, rest []byte) []byte {
	return join(mac, be.AppendUint16(nil, etherType), rest)
}

// ip4 builds a packet from 192.0.2.1 to 192.0.2.2.
func ip4(proto byte, rest []byte) []byte { return ip4Options(proto, nil, rest) }

func ip4Options(proto byte, options, rest []byte) []byte {
	b := unhex("45 00 0000 1234 4000 40 00 0000 c0000201 c0000202")
	b[0] += byte(len(options) / 4)
	b[9] = proto
	be.PutUint16(b[2:], uint16(len(b)+len(options)+len(rest)))
	return join(b, options, rest)
}

// ip4Set is ip4 with the 16-bit word at offset off set to v.
func ip4Set(proto byte, off int, v uint16, rest []byte) []byte {
	b := ip4(proto, rest)
	be.PutUint16(b[off:], v)
	return b
}

// ip6 builds a packet from 2001:db8::1 to 2001:db8::2.
func ip6(next byte, rest []byte) []byte {
	b := join(unhex("60000000 0000 00 3f"), addr6a, addr6b)
	b[6] = next
	be.PutUint16(b[4:], uint16(len(rest)))
	return join(b, rest)
}

// ip6Length is ip6 with a payload length of its own.
func ip6Length(next byte, length uint16, rest []byte) []byte {
	b := ip6(next, rest)
	be.PutUint16(b[4:], length)
	return b
}

// ext builds an IPv6 extension header whose content is a multiple of 8 bytes plus 6.
func ext(next byte, content []byte, rest []byte) []byte {
	return join([]byte{next, byte((len(content)+2)/8 - 1)}, content, rest)
}

// tcp builds a segment from port 4660 to port 80: PSH and ACK, sequence number
// 0x01020304, acknowledgment 0x05060708, window 0x0a0b. options is padded to a
// multiple of 4.
func tcp(options, rest []byte) []byte {
	b := unhex("1234 0050 01020304 05060708 50 18 0a0b 0000 000c")
	for len(options)%4 != 0 {
		options = join(options, []byte{0})
	}
	b[12] += byte(len(options) / 4 << 4)
	return join(b, options, rest)
}

func tcpTS(rest []byte) []byte {
	return tcp(unhex("0101 080a 11121314 15161718"), rest)
}

// udp builds a datagram from port 4660 to port 53.
func udp(rest []byte) []byte { return udpLength(uint16(8+len(rest)), rest) }

func udpLength(length uint16, rest []byte) []byte {
	return join(unhex("1234 0035"), be.AppendUint16(nil, length), unhex("0000"), rest)
}

// decode decodes a frame that was captured as a whole.
func decode(link capture.LinkType, data []byte) *Decoded {
	return decodeCut(link, data, len(data))
}

// decodeCut decodes the first n bytes of a frame.
func decodeCut(link capture.LinkType, data []byte, n int) *Decoded {
	d := new(Decoded)
	d.Decode(&capture.Packet{Number: 1, Link: link, OrigLen: uint32(len(data)), Data: data[:n:n]})
	return d
}
