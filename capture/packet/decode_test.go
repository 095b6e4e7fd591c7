package packet

import (
	"bytes"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
)

// frameCase is a whole frame and what it decodes to, all fields of it.
type frameCase struct {
	name string
	link capture.LinkType
	data []byte
	want Decoded
}

// base4 is the IP layer of ip4 at an offset, with the protocol's ports.
func base4(at int, proto uint8, dstPort uint16) Decoded {
	d := Decoded{IPVersion: 4, Proto: proto, TTL: 64, IPID: 0x1234, IPOffset: at}
	d.Flow = Flow{Proto: proto, Version: 4,
		Lo: netip.MustParseAddr("192.0.2.1").As16(), Hi: netip.MustParseAddr("192.0.2.2").As16()}
	if dstPort != 0 {
		d.Flow.LoPort, d.Flow.HiPort = 0x1234, dstPort
	}
	return d
}

// base6 is the same for ip6.
func base6(at int, proto uint8, dstPort uint16) Decoded {
	d := Decoded{IPVersion: 6, Proto: proto, TTL: 63, IPOffset: at}
	d.Flow = Flow{Proto: proto, Version: 6, Lo: [16]byte(addr6a), Hi: [16]byte(addr6b)}
	if dstPort != 0 {
		d.Flow.LoPort, d.Flow.HiPort = 0x1234, dstPort
	}
	return d
}

// with applies changes to a copy of d.
func (d Decoded) with(changes ...func(*Decoded)) Decoded {
	for _, c := range changes {
		c(&d)
	}
	return d
}

// segment is what tcp(nil, body) decodes to at an offset.
func segment(l4 int, body []byte) func(*Decoded) {
	return func(d *Decoded) {
		d.L4Offset = l4
		d.Seq, d.Ack, d.Flags, d.Window, d.Urgent = 0x01020304, 0x05060708, PSH|ACK, 0x0a0b, 0x0c
		d.WindowScale = -1
		d.Payload, d.PayloadLen = body, len(body)
	}
}

// datagramAt is what udp(body) decodes to at an offset.
func datagramAt(l4 int, body []byte) func(*Decoded) {
	return func(d *Decoded) { d.L4Offset, d.Payload, d.PayloadLen = l4, body, len(body) }
}

func timestamps(d *Decoded) { d.HasTimestamp, d.TSVal, d.TSEcr = true, 0x11121314, 0x15161718 }

func etherType(t uint16) func(*Decoded) { return func(d *Decoded) { d.EtherType = t } }

func vlans(n uint8, id uint16) func(*Decoded) {
	return func(d *Decoded) { d.VLANs, d.VLAN = n, id }
}

func stop(s Stop) func(*Decoded) { return func(d *Decoded) { d.Stop = s } }

// same compares two results; an absent payload and an empty one are alike.
func same(a, b Decoded) bool {
	if !bytes.Equal(a.Payload, b.Payload) {
		return false
	}
	a.Payload, b.Payload = nil, nil
	return reflect.DeepEqual(a, b)
}

func allCases() []frameCase {
	return slices.Concat(linkCases(), ipCases(), transportCases(), encapCases(), udpTunnelCases())
}

func TestDecode(t *testing.T) {
	for _, c := range allCases() {
		t.Run(c.name, func(t *testing.T) {
			got := decode(c.link, c.data)
			if !same(*got, c.want) {
				t.Errorf("decoded % x as\n got %+v\nwant %+v", c.data, *got, c.want)
			}
		})
	}
}

// TestDecodeEveryPrefix cuts every frame at every byte, as a snap length does.
// A field is then as in the whole frame, or absent; a payload that was reached
// keeps its length on the wire.
func TestDecodeEveryPrefix(t *testing.T) {
	for _, c := range allCases() {
		whole := *decode(c.link, c.data)
		for n := range len(c.data) {
			got := *decodeCut(c.link, c.data, n)
			want := asDeep(&whole, &got, &capture.Packet{Link: c.link, Data: c.data, OrigLen: uint32(len(c.data))})
			if err := exactOrAbsent(&got, want); err != "" {
				t.Fatalf("%s, first %d of %d bytes: %s\n got %+v\nwhole %+v", c.name, n, len(c.data), err, got, whole)
			}
		}
	}
}

// asDeep returns the result for a whole frame p as far as the tunnels go that
// cut entered: whole, or one that ends at the next tunnel.
func asDeep(whole, cut *Decoded, p *capture.Packet) *Decoded {
	if cut.Tunnels >= whole.Tunnels {
		return whole
	}
	d := &Decoded{set: &settings{tunnels: int(cut.Tunnels)}}
	d.frame(p)
	return d
}

// exactOrAbsent says in what a cut frame's result contradicts the whole frame's, or "".
func exactOrAbsent(cut, whole *Decoded) string {
	if cut.Stop != StopTruncated && cut.Stop != whole.Stop {
		return "stop is " + cut.Stop.String()
	}
	if cut.Tunnels != whole.Tunnels {
		return "another number of tunnels"
	}
	if cut.Stop == StopNone || cut.Stop == StopFragment {
		if cut.PayloadLen != whole.PayloadLen {
			return "another payload length"
		}
		if !bytes.HasPrefix(whole.Payload, cut.Payload) {
			return "another payload"
		}
	}
	a, b := reflect.ValueOf(*cut), reflect.ValueOf(*whole)
	for i := range a.NumField() {
		switch name := a.Type().Field(i).Name; name {
		case "Stop", "Payload", "PayloadLen", "OptionsCut", "OptionsDamaged", "set":
		case "WindowScale":
			if v := cut.WindowScale; v != whole.WindowScale && v > 0 {
				return name
			}
		case "VLANs", "VLAN": // of the tags that are there
			if cut.EtherType != 0 && a.Field(i).Interface() != b.Field(i).Interface() {
				return name
			}
		case "Proto": // of the extension header at which it was cut
			if cut.Stop != StopTruncated && cut.Proto != whole.Proto {
				return name
			}
		case "Flow":
			if err := exactOrAbsentFlow(cut, whole); err != "" {
				return err
			}
		case "Dir": // with the flow
		default:
			if !a.Field(i).IsZero() && a.Field(i).Interface() != b.Field(i).Interface() {
				return name
			}
		}
	}
	return ""
}

func exactOrAbsentFlow(cut, whole *Decoded) string {
	if cut.Flow == (Flow{}) {
		return ""
	}
	if cut.Flow.Proto != cut.Proto || cut.Flow.Version != cut.IPVersion {
		return "flow's protocol or version is not the packet's"
	}
	a, b := cut.Flow, whole.Flow
	if a.Lo != b.Lo || a.Hi != b.Hi {
		return "flow's addresses"
	}
	if a.LoPort|a.HiPort != 0 && (a != b || cut.Dir != whole.Dir) {
		return "flow's ports"
	}
	return ""
}

// TestDecodeResets decodes every frame after every other into the same Decoded.
func TestDecodeResets(t *testing.T) {
	cases := allCases()
	var d Decoded
	for _, first := range cases {
		for _, then := range cases {
			d.Decode(&capture.Packet{Link: first.link, Data: first.data, OrigLen: uint32(len(first.data))})
			d.Decode(&capture.Packet{Link: then.link, Data: then.data, OrigLen: uint32(len(then.data))})
			if !same(d, then.want) {
				t.Fatalf("%s after %s: got %+v", then.name, first.name, d)
			}
		}
	}
}

func TestDecodeAllocates(t *testing.T) {
	var d Decoded
	for _, c := range allCases() {
		p := capture.Packet{Link: c.link, Data: c.data, OrigLen: uint32(len(c.data))}
		if n := testing.AllocsPerRun(10, func() { d.Decode(&p); _ = d.Flow.Hash(1) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", c.name, n)
		}
	}
}

// TestPayloadAliases checks that nothing is copied and that an append to the
// payload cannot reach the bytes behind it.
func TestPayloadAliases(t *testing.T) {
	data := join(ethernet(0x0800, ip4(6, tcp(nil, payload))), []byte("padding"))
	d := decode(capture.LinkEthernet, data)
	data[54] ^= 0xff
	if d.Payload[0] != payload[0]^0xff {
		t.Error("payload does not alias the frame")
	}
	_ = append(d.Payload, 'X')
	if !bytes.HasSuffix(data, []byte("padding")) {
		t.Error("an append to the payload changed the frame")
	}
}
