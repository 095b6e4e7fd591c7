package packet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
)

// gopacket's decoders are the oracle: they were written from the same
// standards by others.

// oracle decodes a frame with gopacket; nil where it has no decoder, finds an
// error or panics.
func oracle(p *capture.Packet) (pkt gopacket.Packet) {
	defer func() {
		if recover() != nil {
			pkt = nil
		}
	}()
	data := p.Data
	var first gopacket.Decoder
	switch p.Link {
	case capture.LinkEthernet:
		first = layers.LayerTypeEthernet
	case capture.LinkLinuxSLL:
		first = layers.LayerTypeLinuxSLL
	case capture.LinkNull:
		first = layers.LayerTypeLoopback
	case capture.LinkPPP:
		if len(data) < 2 || data[0] != 0xff || data[1] != 3 {
			return nil
		}
		data, first = data[2:], layers.LayerTypePPP
	case capture.LinkLinuxSLL2, capture.LinkRaw: // gopacket has no SLL2
		if p.Link == capture.LinkLinuxSLL2 {
			if len(data) < 20 {
				return nil
			}
			data = data[20:]
		}
		first = layers.LayerTypeIPv4
		if len(data) > 0 && data[0]>>4 == 6 {
			first = layers.LayerTypeIPv6
		}
	default:
		return nil
	}
	pkt = gopacket.NewPacket(data, first, gopacket.DecodeOptions{NoCopy: true, SkipDecodeRecovery: true})
	return pkt
}

// disagree says in what d differs from what gopacket found in the frame's
// innermost TCP or UDP header and the IP headers before it, or "". Where
// gopacket found neither, nor may d have.
func disagree(d *Decoded, pkt gopacket.Packet) string {
	var src, dst netip.Addr
	header, verdict := "", ""
	if d.Stop == StopNone {
		verdict = "gopacket found neither TCP nor UDP"
	}
	for _, l := range pkt.Layers() {
		switch l := l.(type) {
		case *layers.IPv4:
			src, _ = netip.AddrFromSlice(l.SrcIP)
			dst, _ = netip.AddrFromSlice(l.DstIP)
			header = ""
			if d.IPID != uint32(l.Id) || d.TTL != l.TTL {
				header = fmt.Sprintf("IP id %d TTL %d", l.Id, l.TTL)
			}
		case *layers.IPv6:
			src, _ = netip.AddrFromSlice(l.SrcIP)
			dst, _ = netip.AddrFromSlice(l.DstIP)
			header = ""
			if d.TTL != l.HopLimit {
				header = fmt.Sprintf("hop limit %d", l.HopLimit)
			}
		case *layers.TCP:
			verdict = disagreeTCP(d, src, dst, l)
		case *layers.UDP:
			verdict = disagreeUDP(d, src, dst, l)
		}
	}
	return header + verdict
}

// tunnelsIn counts the encapsulations that gopacket went into.
func tunnelsIn(pkt gopacket.Packet) int {
	n := 0
	var before gopacket.LayerType
	isIP := func(t gopacket.LayerType) bool { return t == layers.LayerTypeIPv4 || t == layers.LayerTypeIPv6 }
	for _, l := range pkt.Layers() {
		switch t := l.LayerType(); {
		case t == layers.LayerTypeMPLS && before != t, isIP(t) && isIP(before),
			t == layers.LayerTypeGRE, t == layers.LayerTypePPPoE, t == layers.LayerTypeVXLAN,
			t == layers.LayerTypeGeneve, t == layers.LayerTypeGTPv1U, t == layers.LayerTypeEtherIP:
			n++
		}
		before = l.LayerType()
	}
	return n
}

// unknownToOracle tells whether gopacket refuses what is right: the tag type
// 0x9100, and the IPv6 length 0 of segmentation offload.
func unknownToOracle(pkt gopacket.Packet) bool {
	if pkt == nil || pkt.ErrorLayer() == nil {
		return false
	}
	s := pkt.ErrorLayer().Error().Error()
	return strings.Contains(s, "EthernetType 37120") || strings.Contains(s, "IPv6 length 0")
}

func disagreeEnds(d *Decoded, src, dst netip.Addr, sport, dport uint16) string {
	from, to := d.Flow.Source(d.Dir), d.Flow.Source(d.Dir.Reverse())
	if from != netip.AddrPortFrom(src, sport) || to != netip.AddrPortFrom(dst, dport) {
		return fmt.Sprintf("from %v port %d to %v port %d, not %v to %v", src, sport, dst, dport, from, to)
	}
	return ""
}

func disagreeTCP(d *Decoded, src, dst netip.Addr, l *layers.TCP) string {
	if !d.IsTCP() {
		return "gopacket found TCP"
	}
	if s := disagreeEnds(d, src, dst, uint16(l.SrcPort), uint16(l.DstPort)); s != "" {
		return s
	}
	var flags uint16
	for i, set := range []bool{l.FIN, l.SYN, l.RST, l.PSH, l.ACK, l.URG, l.ECE, l.CWR, l.NS} {
		if set {
			flags |= 1 << i
		}
	}
	if d.Seq != l.Seq || d.Ack != l.Ack || d.Flags != flags || d.Window != l.Window || d.Urgent != l.Urgent {
		return "header: " + fmt.Sprintf("%d %d %#x %d %d", l.Seq, l.Ack, flags, l.Window, l.Urgent)
	}
	if !bytes.Equal(d.Payload, l.Payload) {
		return fmt.Sprintf("TCP payload of %d bytes, not %d", len(l.Payload), len(d.Payload))
	}
	want := Decoded{WindowScale: -1}
	for _, o := range l.Options {
		switch v := o.OptionData; {
		case o.OptionType == layers.TCPOptionKindMSS && len(v) == 2:
			want.MSS = be.Uint16(v)
		case o.OptionType == layers.TCPOptionKindWindowScale && len(v) == 1:
			want.WindowScale = int8(min(v[0], 14))
		case o.OptionType == layers.TCPOptionKindSACKPermitted && len(v) == 0:
			want.SACKPermitted = true
		case o.OptionType == layers.TCPOptionKindTimestamps && len(v) == 8:
			want.HasTimestamp, want.TSVal, want.TSEcr = true, be.Uint32(v), be.Uint32(v[4:])
		}
	}
	if d.MSS != want.MSS || d.WindowScale != want.WindowScale || d.SACKPermitted != want.SACKPermitted ||
		d.HasTimestamp != want.HasTimestamp || d.TSVal != want.TSVal || d.TSEcr != want.TSEcr {
		return fmt.Sprintf("options %v", l.Options)
	}
	return ""
}

func disagreeUDP(d *Decoded, src, dst netip.Addr, l *layers.UDP) string {
	if d.Stop != StopNone || d.Proto != protoUDP {
		return "gopacket found UDP"
	}
	if !bytes.Equal(d.Payload, l.Payload) {
		return fmt.Sprintf("UDP payload of %d bytes, not %d", len(l.Payload), len(d.Payload))
	}
	return disagreeEnds(d, src, dst, uint16(l.SrcPort), uint16(l.DstPort))
}

// TestAgainstGopacket compares every packet of every sample capture.
func TestAgainstGopacket(t *testing.T) {
	files, err := filepath.Glob("../../pcaps/*.pcap*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	links := make(map[capture.LinkType]int)
	for _, name := range files {
		r, err := pcapfile.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		var d Decoded
		var compared, tcp int
		for {
			p, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			d.Decode(&p)
			pkt := oracle(&p)
			if d.Stop == StopNone && unknownToOracle(pkt) {
				continue
			}
			if pkt == nil || pkt.ErrorLayer() != nil && d.Stop == StopNone && pkt.TransportLayer() == nil {
				t.Errorf("%s packet %d: gopacket does not decode it; decoded as %v", name, p.Number, d.Stop)
				continue
			}
			if s := disagree(&d, pkt); s != "" {
				t.Errorf("%s packet %d: gopacket says %s; decoded as %+v", name, p.Number, s, d)
			}
			compared++
			links[p.Link]++
			if d.IsTCP() {
				tcp++
			}
		}
		if tcp == 0 {
			t.Errorf("%s: no TCP among %d packets", name, compared)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, l := range []capture.LinkType{capture.LinkEthernet, capture.LinkLinuxSLL, capture.LinkLinuxSLL2} {
		if links[l] == 0 {
			t.Errorf("no packet of link type %v was compared", l)
		}
	}
	t.Logf("packets compared by link type: %v", links)
}

// TestSerializedByGopacket decodes frames that gopacket built.
func TestSerializedByGopacket(t *testing.T) {
	eth := &layers.Ethernet{SrcMAC: mac[:6], DstMAC: mac[6:], EthernetType: layers.EthernetTypeIPv4}
	eth6 := &layers.Ethernet{SrcMAC: mac[:6], DstMAC: mac[6:], EthernetType: layers.EthernetTypeIPv6}
	ethV := &layers.Ethernet{SrcMAC: mac[:6], DstMAC: mac[6:], EthernetType: layers.EthernetTypeDot1Q}
	vlan := &layers.Dot1Q{VLANIdentifier: 77, Type: layers.EthernetTypeIPv4}
	v4 := &layers.IPv4{Version: 4, TTL: 3, Id: 9, Protocol: layers.IPProtocolTCP, SrcIP: []byte{10, 0, 0, 9}, DstIP: []byte{10, 0, 0, 1}}
	v4u := &layers.IPv4{Version: 4, TTL: 3, Id: 9, Protocol: layers.IPProtocolUDP, SrcIP: []byte{10, 0, 0, 1}, DstIP: []byte{10, 0, 0, 9}}
	v6 := &layers.IPv6{Version: 6, HopLimit: 5, NextHeader: layers.IPProtocolTCP, SrcIP: addr6b, DstIP: addr6a}
	seg := &layers.TCP{SrcPort: 80, DstPort: 50000, Seq: 1 << 31, Ack: 7, SYN: true, ACK: true, NS: true, Window: 65535, Options: []layers.TCPOption{
		{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{5, 0xb4}},
		{OptionType: layers.TCPOptionKindSACKPermitted, OptionLength: 2},
		{OptionType: layers.TCPOptionKindWindowScale, OptionLength: 3, OptionData: []byte{9}},
	}}
	dgram := &layers.UDP{SrcPort: 5353, DstPort: 5354}
	for name, stack := range map[string][]gopacket.SerializableLayer{
		"ip4 tcp": {eth, v4, seg}, "ip4 udp": {eth, v4u, dgram}, "ip6 tcp": {eth6, v6, seg}, "vlan": {ethV, vlan, v4, seg},
	} {
		for _, body := range []string{"", "x", "hello, world"} {
			buf := gopacket.NewSerializeBuffer()
			err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true}, append(stack, gopacket.Payload(body))...)
			if err != nil {
				t.Fatal(err)
			}
			p := capture.Packet{Link: capture.LinkEthernet, Data: buf.Bytes(), OrigLen: uint32(len(buf.Bytes()))}
			var d Decoded
			d.Decode(&p)
			if s := disagree(&d, oracle(&p)); s != "" || d.Stop != StopNone || string(d.Payload) != body {
				t.Errorf("%s with %q: gopacket says %s; decoded as %+v", name, body, s, d)
			}
			if name == "vlan" && (d.VLANs != 1 || d.VLAN != 77) {
				t.Errorf("%d tags, the last %d", d.VLANs, d.VLAN)
			}
		}
	}
}
