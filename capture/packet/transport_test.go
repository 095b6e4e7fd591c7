package packet

import (
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
)

func transportCases() []frameCase {
	seg := base4(0, 6, 80).with(segment(20, payload))
	damaged := func(d *Decoded) { d.OptionsDamaged = true }
	mss := func(d *Decoded) { d.MSS = 1460 }
	scale := func(n int8) func(*Decoded) { return func(d *Decoded) { d.WindowScale = n } }
	sack := func(d *Decoded) { d.SACKPermitted = true }
	with := func(options string) []byte { return ip4(6, tcp(unhex(options), payload)) }
	setTCP := func(off int, v uint16) []byte {
		b := tcp(nil, payload)
		be.PutUint16(b[off:], v)
		return ip4(6, b)
	}
	malformed := base4(0, 6, 80).with(stop(StopMalformed), func(d *Decoded) { d.L4Offset = 20 })
	dns := base4(0, 17, 53)
	const v4 = capture.LinkIPv4
	return []frameCase{
		{"tcp timestamps, as usual", v4, with("0101080a 11121314 15161718"), seg.with(timestamps)},
		{"tcp timestamps first", v4, with("080a 11121314 15161718 0101"), seg.with(timestamps)},
		{"tcp timestamps and SACK blocks", v4, with("0101080a 11121314 15161718 0101 050a 00000001 00000002"), seg.with(timestamps)},
		{"tcp SYN options", v4, ip4(6, tcp(synOptions, payload)), seg.with(mss, sack, scale(7), func(d *Decoded) { d.HasTimestamp, d.TSVal = true, 0x11 })},
		{"tcp window scale 0", v4, with("030300"), seg.with(scale(0))},
		{"tcp window scale 255", v4, with("0303ff"), seg.with(scale(14))},
		{"tcp end of options", v4, with("020405b4 00 030307 00"), seg.with(mss)},
		{"tcp option length 0", v4, with("020405b4 0300 0101 0402"), seg.with(mss, damaged)},
		{"tcp option length 1", v4, with("020405b4 0801 0402"), seg.with(mss, damaged)},
		{"tcp option beyond the header", v4, with("020405b4 080a 0101"), seg.with(mss, damaged)},
		{"tcp option without length", v4, with("020405b4 01010108"), seg.with(mss, damaged)},
		{"tcp option of a wrong length", v4, with("0203 05 0402 030307 00 0000"), seg.with(damaged, sack, scale(7))},
		{"tcp unknown options", v4, with("fd04 f989 1e03 00 0402"), seg.with(sack)},
		{"tcp data offset 4", v4, setTCP(12, 0x4018), malformed},
		{"tcp data offset beyond the datagram", v4, setTCP(12, 0xf018), malformed},
		{"tcp accurate ECN bit", v4, setTCP(12, 0x5118), seg.with(func(d *Decoded) { d.Flags = 0x118 })},
		{"tcp reserved bits", v4, setTCP(12, 0x5e18), seg},
		{"tcp without payload", v4, ip4(6, tcp(nil, nil)), base4(0, 6, 80).with(segment(20, nil))},

		{"udp", v4, ip4(17, udp(payload)), dns.with(datagramAt(20, payload))},
		{"udp empty", v4, ip4(17, udp(nil)), dns.with(datagramAt(20, nil))},
		{"udp length 0", v4, ip4(17, udpLength(0, payload)), dns.with(datagramAt(20, payload))},
		{"udp length 7", v4, ip4(17, udpLength(7, payload)), dns.with(stop(StopMalformed), func(d *Decoded) { d.L4Offset = 20 })},
		{"udp shorter than ip", v4, ip4(17, udpLength(11, payload)), dns.with(datagramAt(20, payload[:3]))},
		{"udp longer than ip", v4, join(ip4(17, udpLength(99, payload)), make([]byte, 99)), dns.with(datagramAt(20, payload))},
		{"udp offload", v4, ip4Set(17, 2, 0, udpLength(0, payload)), dns.with(datagramAt(20, payload))},
		{"udp header beyond the datagram", v4, ip4(17, unhex("1234 0035 00")), dns.with(stop(StopMalformed), func(d *Decoded) { d.L4Offset = 20 })},
	}
}

// TestCutOptions checks a SYN whose options the snap length cut, as 68 bytes
// (tcpdump's default for years) do: the segment counts, its options as far as
// they are there, and the hole has its size.
func TestCutOptions(t *testing.T) {
	data := ip4(6, tcp(synOptions, payload))
	for n := 40; n < 60; n++ {
		d := decodeCut(capture.LinkIPv4, data, n)
		if !d.IsTCP() || !d.OptionsCut || d.OptionsDamaged || d.Seq != 0x01020304 || d.PayloadLen != len(payload) || len(d.Payload) != 0 {
			t.Errorf("%d bytes: %+v", n, d)
		}
		if has, want := d.MSS == 1460, n >= 44; has != want {
			t.Errorf("%d bytes: MSS %d", n, d.MSS)
		}
		if has, want := d.HasTimestamp, n >= 56; has != want {
			t.Errorf("%d bytes: timestamp %v", n, has)
		}
	}
	if d := decodeCut(capture.LinkIPv4, data, 60); d.OptionsCut || d.WindowScale != 7 {
		t.Errorf("whole header: %+v", d)
	}
	bad := ip4(6, tcp(unhex("0300 0101 01010101"), payload))
	if d := decodeCut(capture.LinkIPv4, bad, 44); !d.OptionsCut || !d.OptionsDamaged {
		t.Errorf("damage before the cut: %+v", d)
	}
}

// TestCutTransportHeader checks that the ports survive a cut right behind them.
func TestCutTransportHeader(t *testing.T) {
	for name, data := range map[string][]byte{"tcp": ip4(6, tcp(nil, payload)), "udp": ip4(17, udp(payload))} {
		if d := decodeCut(capture.LinkIPv4, data, 24); d.Stop != StopTruncated || d.Flow.LoPort != 0x1234 || d.L4Offset != 20 {
			t.Errorf("%s, 4 bytes: %+v", name, d)
		}
		if d := decodeCut(capture.LinkIPv4, data, 23); d.Stop != StopTruncated || d.Flow.LoPort != 0 || d.Flow.Lo == [16]byte{} {
			t.Errorf("%s, 3 bytes: %+v", name, d)
		}
	}
}

func TestFlags(t *testing.T) {
	d := Decoded{Flags: SYN | ACK}
	if !d.Has(SYN) || !d.Has(SYN|ACK) || d.Has(FIN) || d.Has(SYN|FIN) || !d.Has(0) {
		t.Error("Has")
	}
	for flags, want := range map[uint16]string{
		0: "none", SYN: "SYN", SYN | ACK: "SYN,ACK", PSH | ACK | FIN: "FIN,PSH,ACK", 0x1ff: "FIN,SYN,RST,PSH,ACK,URG,ECE,CWR,AE",
	} {
		if got := TCPFlagsString(flags); got != want {
			t.Errorf("TCPFlagsString(%#x) = %q, want %q", flags, got, want)
		}
	}
}
