package packet

import (
	"bytes"
	"slices"
	"testing"
	"unsafe"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/sockeye-dev/sockeye/capture"
)

// FuzzDecode decodes any bytes as any link type, as a whole and cut.
func FuzzDecode(f *testing.F) {
	for _, c := range allCases() {
		if len(c.data) < 300 {
			f.Add(c.data, uint16(c.link), uint16(len(c.data)), uint8(0))
		}
	}
	f.Add(ethernet(0x0800, ip4(6, tcpTS(payload))), uint16(1), uint16(60), uint8(4))
	f.Fuzz(func(t *testing.T, data []byte, link, captured uint16, fcs uint8) {
		n := min(int(captured), len(data))
		p := capture.Packet{Link: capture.LinkType(link), OrigLen: uint32(len(data)), FCSLen: fcs & 15, Data: data[:n:n]}
		before := bytes.Clone(data)
		var d, again Decoded
		d.Decode(&p)
		again = Decoded{Stop: StopTunnel, Flags: 0xffff, Payload: before, PayloadLen: -1, Dir: HiToLo, MSS: 1, OptionsCut: true}
		again.Decode(&p)
		if !same(d, again) {
			t.Fatalf("decoded again as %+v, first %+v", again, d)
		}
		if !bytes.Equal(data, before) {
			t.Fatal("Decode changed the frame")
		}
		checkInvariants(t, &p, &d)

		// With all of the frame there, the fields of the cut one were exact or
		// absent. A frame check sequence moves with the frame's end, so none here.
		whole := capture.Packet{Link: p.Link, OrigLen: p.OrigLen, FCSLen: p.FCSLen, Data: data}
		again.Decode(&whole)
		if s := exactOrAbsent(&d, asDeep(&again, &d, &whole)); s != "" {
			t.Fatalf("cut to %d of %d: %s\n  cut %+v\nwhole %+v", n, len(data), s, d, again)
		}
		whole.FCSLen = 0
		again.Decode(&whole)
		checkInvariants(t, &whole, &again)
		checkOracle(t, &whole, &again)
	})
}

// checkInvariants holds d to what its fields promise.
func checkInvariants(t *testing.T, p *capture.Packet, d *Decoded) {
	t.Helper()
	mirrored := slices.ContainsFunc(d.Encap[:], func(e Encap) bool { return e == EncapERSPAN2 || e == EncapERSPAN3 })
	if d.PayloadLen < len(d.Payload) || d.PayloadLen > int(p.OrigLen) && !mirrored || d.PayloadLen > max(int(p.OrigLen), mirrorFrame) {
		t.Fatalf("payload of %d bytes has %d on the wire, frame %d", len(d.Payload), d.PayloadLen, p.OrigLen)
	}
	if len(d.Payload) > 0 {
		at := uintptr(unsafe.Pointer(&d.Payload[0])) - uintptr(unsafe.Pointer(&p.Data[0]))
		if at+uintptr(len(d.Payload)) > uintptr(len(p.Data)) || cap(d.Payload) != len(d.Payload) {
			t.Fatalf("payload lies at %d, beyond the frame's %d bytes", at, len(p.Data))
		}
	}
	if d.Stop != StopNone && (d.PayloadLen != 0 && d.Stop != StopFragment || d.Seq|d.Ack != 0) {
		t.Fatalf("stopped (%v), but has a transport layer: %+v", d.Stop, d)
	}
	if d.Stop == StopNone && (d.L4Offset <= d.IPOffset || d.Proto != protoTCP && d.Proto != protoUDP) {
		t.Fatalf("no reason to stop, no transport layer: %+v", d)
	}
	if d.Stop >= NumStops || d.WindowScale < -1 || d.WindowScale > 14 || d.VLAN > 4095 || d.Flags > 0x1ff {
		t.Fatalf("field out of range: %+v", d)
	}
	if d.Tunnels > defaultTunnels || d.Tunnels == 0 && d.TunnelID != 0 || d.Held || d.FirstPacket != 0 || d.set != nil {
		t.Fatalf("tunnels or fragments: %+v", d)
	}
	for i, e := range d.Encap {
		if (e != EncapNone) != (i < int(d.Tunnels)) || e >= NumEncaps {
			t.Fatalf("%d tunnels: %v", d.Tunnels, d.Encap)
		}
	}
	f := d.Flow
	if c := bytes.Compare(f.Lo[:], f.Hi[:]); c > 0 || c == 0 && f.LoPort > f.HiPort {
		t.Fatalf("flow is not canonical: %+v", f)
	}
}

// checkOracle compares d with gopacket, where that reached TCP or UDP without
// complaint and both mean to do the same. Meant to differ:
//   - gopacket does not know the tag type 0x9100, nor a length in place of a tag's type;
//   - gopacket follows other tunnels, on the word of a port alone, and the first IPv4 fragment;
//   - it does not look into atomic IPv6 fragments nor AH, nor behind mobility, HIP and shim6 headers;
//   - it takes the next segment of SRv6 for the destination;
//   - it cuts the IP packet to the length field of an 802.3 frame;
//   - it does not compare the IP version with the Ethernet type.
func checkOracle(t *testing.T, p *capture.Packet, d *Decoded) {
	t.Helper()
	if p.Link != capture.LinkEthernet || d.Stop == StopTunnel || d.Stop == StopFragment || d.Stop == StopMalformed {
		return
	}
	pkt := oracle(p)
	if pkt == nil || pkt.ErrorLayer() != nil || pkt.Metadata().Truncated || pkt.TransportLayer() == nil {
		return
	}
	for _, l := range pkt.Layers() {
		switch l.LayerType() {
		case layers.LayerTypeIPv6Fragment, layers.LayerTypeIPv6Routing, layers.LayerTypeIPSecAH, layers.LayerTypeLLC,
			gopacket.LayerTypeFragment:
			return
		}
	}
	if d.Tunnels > 0 || tunnelsIn(pkt) > 0 {
		return // compared packet by packet in TestTunnelsAgainstGopacket
	}
	if s := disagree(d, pkt); s != "" {
		t.Fatalf("gopacket says %s\ndecoded as %+v\n%v", s, d, pkt)
	}
}
