package packet

import "testing"

// FuzzPlain holds that a frame which plain decodes at once is decoded the same
// layer by layer, and that it sets nothing of a frame that it leaves alone.
func FuzzPlain(f *testing.F) {
	f.Add(ethernet(0x0800, ip4(6, tcpTS(payload))), uint16(0), uint16(0))
	f.Add(ethernet(0x0800, ip4(6, tcpTS(payload))), uint16(5), uint16(0))
	f.Add(ethernet(0x0800, ip4(6, tcpTS(payload))), uint16(0), uint16(7))
	for _, c := range allCases() {
		if len(c.data) < 300 {
			f.Add(c.data, uint16(0), uint16(0))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, cut, beyond uint16) {
		wire := len(data) + int(beyond)
		data = data[:max(0, len(data)-int(cut))]
		if len(data) < ethernetHeader {
			return
		}
		var plain, layered Decoded
		if !plain.plain(data, wire) {
			if !same(plain, Decoded{}) {
				t.Fatalf("left alone, but set: %+v", plain)
			}
			return
		}
		layered.ether(data, ethernetHeader, wire, be.Uint16(data[12:]))
		if !same(plain, layered) {
			t.Fatalf("at once  %+v\nby layer %+v", plain, layered)
		}
	})
}

// TestPlain: the usual packets are plain, those that need more are not.
func TestPlain(t *testing.T) {
	usual := ethernet(0x0800, ip4(6, tcpTS(payload)))
	var d Decoded
	if !d.plain(usual, len(usual)) || d.PayloadLen == 0 {
		t.Errorf("a segment with timestamps is not plain: %+v", d)
	}
	for name, data := range map[string][]byte{
		"UDP":         ethernet(0x0800, ip4(17, tcpTS(payload))),
		"not IPv4":    ethernet(0x86dd, ip4(6, tcpTS(payload))),
		"cut headers": usual[:ethernetHeader+ipv4Header+tcpHeader],
	} {
		if d.plain(data, len(usual)) {
			t.Errorf("%s is plain", name)
		}
	}
}
