package tui

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"time"

	// The maintained continuation of google/gopacket, whose package layers fills tables
	// of 5 MiB when a program that links it starts, whatever it then does.
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// maxPackets is how many packets of a message are drawn with their layers.
const maxPackets = 64

// packetsAvailable tells whether an event was carried by packets.
func (a *App) packetsAvailable(e *event.Event) bool { return e.Packets[0] != 0 && a.conv != nil }

// packetLines are the packets that carried an event, with their layers.
func (a *App) packetLines(e *event.Event, width int) document {
	numbers := a.src.Packets(e.Conn, e.Packets[0], e.Packets[1])
	var out fixed
	for i, n := range numbers {
		if i == maxPackets {
			out = append(out, line{{rWarning, sprintf("… and %d more packets of this connection", len(numbers)-maxPackets)}})
			break
		}
		p, err := a.src.Packet(e.Conn, n)
		if err != nil {
			out = append(out, line{{rError, sprintf("packet %d: %v", n, err)}})
			continue
		}
		at := time.Unix(0, p.Time).UTC().Format("15:04:05.000000")
		out = append(out, line{{rHeading, sprintf("Packet %d", n)}, {rDim, sprintf("  %s  %s on the wire, %s captured", at, event.Size(uint64(p.Length)), event.Size(uint64(len(p.Data))))}})
		out = append(out, layerTree(p, width)...)
		if !a.revealed {
			var r event.StreamRedactor
			p.Data = r.Append(nil, p.Data)
		}
		hex := newHexDoc(p.Data, width, nil)
		for k := range hex.Len() {
			out = append(out, hex.Line(k))
		}
		out = append(out, line{})
	}
	if len(numbers) == 0 {
		out = append(out, line{{rDim, "its packets are not indexed"}})
	}
	return out
}

// layerTree is gopacket's view of a packet: a line a layer, its fields under it.
// Its decoders panic on some damaged packets; such a one is reported.
func layerTree(p Packet, width int) (out []line) {
	data, first := p.Data, gopacket.Decoder(layers.LinkType(p.LinkType))
	switch {
	case p.LinkType == linkSLL2 && len(data) >= sll2Length:
		out = append(out, sll2Lines(data, width)...)
		first, data = layers.EthernetType(binary.BigEndian.Uint16(data)), data[sll2Length:]
	case p.LinkType > 255: // gopacket's link types have 8 bits
		return []line{{{rDim, sprintf("link type %d: gopacket does not know its layers", p.LinkType)}}}
	}
	defer func() {
		if x := recover(); x != nil {
			out = append(out, line{{rError, "gopacket's decoder gave up on this packet"}})
		}
	}()
	pk := gopacket.NewPacket(data, first, gopacket.DecodeOptions{NoCopy: true})
	for _, l := range pk.Layers() {
		out = append(out, line{{rKey, "▾ " + l.LayerType().String()}, {rDim, sprintf("  %s header, %s payload", event.Size(uint64(len(l.LayerContents()))), event.Size(uint64(len(l.LayerPayload()))))}})
		if l.LayerType() == gopacket.LayerTypePayload {
			continue
		}
		text := strings.Join(layerFields(l), "  ")
		for _, w := range wrapped(rPlain, text, width-4) {
			out = append(out, append(line{{rPlain, "    "}}, w...))
		}
	}
	if f := pk.ErrorLayer(); f != nil {
		out = append(out, line{{rWarning, "⚠ " + f.Error().Error()}})
	}
	return out
}

// Linux cooked capture v2, which gopacket does not know
// (https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html).
const (
	linkSLL2   = 276
	sll2Length = 20
)

// sll2Types are the packet types of cooked captures.
var sll2Types = [...]string{"to us", "broadcast", "multicast", "to somebody else", "sent by us"}

// sll2Lines is the header of a packet of a cooked capture v2, at least sll2Length bytes.
func sll2Lines(p []byte, width int) []line {
	kind := sprintf("%d", p[10])
	if int(p[10]) < len(sll2Types) {
		kind = sll2Types[p[10]]
	}
	text := sprintf("ProtocolType=%v  InterfaceIndex=%d  ARPHRDType=%d  PacketType=%s  AddrLen=%d  Addr=%x",
		layers.EthernetType(binary.BigEndian.Uint16(p)), binary.BigEndian.Uint32(p[4:]), binary.BigEndian.Uint16(p[8:]), kind, p[11], p[12:12+min(p[11], 8)])
	out := []line{{{rKey, "▾ Linux SLL2"}, {rDim, sprintf("  %s header, %s payload", event.Size(sll2Length), event.Size(uint64(len(p)-sll2Length)))}}}
	for _, w := range wrapped(rPlain, text, width-4) {
		out = append(out, append(line{{rPlain, "    "}}, w...))
	}
	return out
}

// layerFields are the fields of a layer as name=value.
func layerFields(l gopacket.Layer) []string {
	v := reflect.Indirect(reflect.ValueOf(l))
	if v.Kind() != reflect.Struct {
		return nil
	}
	var out []string
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous || !f.IsExported() || f.Name == "Contents" || f.Name == "Payload" {
			continue
		}
		x := v.Field(i)
		switch x.Kind() {
		case reflect.Func, reflect.Pointer, reflect.Map, reflect.Interface:
			continue
		case reflect.Slice:
			if x.Len() == 0 {
				continue
			}
			if _, text := x.Interface().(fmt.Stringer); !text && x.Type().Elem().Kind() == reflect.Uint8 {
				out = append(out, fmt.Sprintf("%s=%x", f.Name, x.Interface()))
				continue
			}
		case reflect.Bool:
			if x.Bool() {
				out = append(out, f.Name)
			}
			continue
		}
		out = append(out, event.Cut(event.SafeString(fmt.Sprintf("%s=%v", f.Name, x.Interface())), 200))
	}
	return out
}
