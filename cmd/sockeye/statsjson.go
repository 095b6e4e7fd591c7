package main

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// flat is a JSON object under construction. Keys are written in this package
// and need no escapes.
type flat []byte

func (f *flat) key(k string) {
	if len(*f) == 0 {
		*f = append(*f, '{')
	} else {
		*f = append(*f, ',')
	}
	*f = append(strconv.AppendQuote(*f, strings.ReplaceAll(k, "-", "_")), ':')
}

func (f *flat) text(k, v string) { f.key(k); *f = strconv.AppendQuote(*f, v) }
func (f *flat) num(k string, n uint64) {
	f.key(k)
	*f = strconv.AppendUint(*f, n, 10)
}

// decimal adds a number with at most three decimals.
func (f *flat) decimal(k string, v float64) {
	f.key(k)
	*f = append(*f, strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', 3, 64), "0"), ".")...)
}

// counts adds an object of the numbers above zero, by name.
func (f *flat) counts(k string, m map[string]uint64) {
	f.key(k)
	b, err := json.Marshal(m)
	if err != nil || m == nil {
		b = []byte("{}")
	}
	*f = append(*f, b...)
}

// statsJSON is the totals as one line of JSON, with the keys of docs/json.md.
func statsJSON(t *dissect.Totals) []byte {
	var f flat
	f.text("kind", "stats")
	if t.Packets > 0 {
		const layout = "2006-01-02T15:04:05.000000000Z"
		f.text("start", time.Unix(0, t.First).UTC().Format(layout))
		f.text("end", time.Unix(0, t.Last).UTC().Format(layout))
		f.decimal("duration_ms", float64(t.Last-t.First)/1e6)
	}
	f.packets(t)
	f.connections(t)
	f.tcp(t)
	f.messages(t)
	f.num("findings", t.Findings)
	f.num("errors", t.Errors)
	f.num("warnings", t.Warnings)
	f.counts("rules", t.ByRule)
	f.num("bounded", t.Bounded)
	return append(f, "}\n"...)
}

func (f *flat) packets(t *dissect.Totals) {
	f.num("packets", t.Packets)
	f.num("tcp_packets", t.TCPPackets)
	f.num("udp_packets", t.UDPPackets)
	stops := map[string]uint64{}
	for stop, n := range t.Stops {
		if n > 0 {
			stops[packet.Stop(stop).String()] = n
		}
	}
	f.counts("not_decoded", stops)
	s := shareOf(t)
	f.num("bytes", t.Bytes)
	f.num("link_bytes", s.link)
	f.num("header_bytes", s.headers)
	f.num("frame_header_bytes", s.frames)
	f.num("websocket_bytes", s.payload)
	f.num("other_stream_bytes", s.streams)
	f.num("surplus_bytes", s.surplus)
	f.num("other_bytes", s.rest)
}

func (f *flat) connections(t *dissect.Totals) {
	f.num("connections", t.Connections)
	for _, p := range protocols {
		f.num(p+"_connections", t.ByProtocol[p])
	}
	for _, s := range states {
		f.num(s+"_connections", t.ByState[s])
	}
	f.num("midstream_connections", t.Midstream)
	f.num("handshakes_accepted", t.Handshakes[0])
	f.num("handshakes_refused", t.Handshakes[1])
}

// tcp adds what happened to the streams.
func (f *flat) tcp(t *dissect.Totals) {
	for side := event.Client; side < event.NoSide; side++ {
		f.num(side.String()+"_bytes", t.StreamBytes[side])
		f.num(side.String()+"_missing", t.MissingBytes[side])
		f.num(side.String()+"_retransmitted", t.Retransmitted[side])
	}
	for c := reassembly.Lost; c <= reassembly.Midstream; c++ {
		f.num("gaps_"+c.String(), t.TCP.Gaps[c])
		f.num("missing_"+c.String(), t.TCP.MissingBytes[c])
	}
	f.num("out_of_order", t.TCP.OutOfOrder)
	f.num("overlaps", t.TCP.Overlaps)
}

// messages adds what WebSocket carried, by direction.
func (f *flat) messages(t *dissect.Totals) {
	f.num("messages", t.Messages)
	f.num("undecoded", t.Undecoded)
	for side := event.Client; side < event.NoSide; side++ {
		by := side.String() + "_"
		f.num(by+"messages", messagesOf(t, side))
		for _, op := range opcodes {
			f.num(by+op.name, t.ByOpcode[side][op.code])
		}
		f.num(by+"frames", t.Frames[side])
		f.num(by+"header_length", t.FrameHeaders[side])
		f.num(by+"wire_length", t.WirePayload[side])
		f.num(by+"length", t.DecodedPayload[side])
		f.num(by+"missing_length", t.MissingPayload[side])
		f.num(by+"compressed_wire_length", t.CompressedWire[side])
		f.num(by+"compressed_length", t.CompressedPlain[side])
		if wire := t.CompressedWire[side]; wire > 0 {
			f.decimal(by+"compression_ratio", float64(t.CompressedPlain[side])/float64(wire))
		}
	}
}
