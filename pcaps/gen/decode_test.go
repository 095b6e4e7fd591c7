package main

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// A second, slow and simple reading of a capture, to hold manifests against: gopacket's
// layers, streams as arrays in which the first copy of a byte wins, the standard
// library's inflater. It shares no code with the generator.

// flow is one connection as read.
type flow struct {
	ends    [2]string // client, server
	dirs    [2]side
	packets uint64
}

type side struct {
	known  bool // first is set
	first  uint32
	data   []byte
	have   []bool
	differ int // bytes of later copies that differ
}

func (s *side) put(seq uint32, b []byte) {
	at := int(int32(seq - s.first))
	for i, v := range b {
		k := at + i
		if k < 0 || k > len(s.data)+1<<20 { // before the capture, or of no connection seen
			continue
		}
		for k >= len(s.data) {
			s.data, s.have = append(s.data, 0), append(s.have, false)
		}
		if s.have[k] {
			if s.data[k] != v {
				s.differ++
			}
			continue
		}
		s.data[k], s.have[k] = v, true
	}
}

// lost returns how many bytes below n are missing.
func (s *side) lost(n uint64) (lost uint64) {
	for i := range n {
		if i >= uint64(len(s.have)) || !s.have[i] {
			lost++
		}
	}
	return lost
}

// Tags of connections whose captures break what readCapture otherwise demands.
const (
	badChecksum = "bad-checksum"
	badClock    = "clock"
)

// readCapture reads a pcap file into flows in order of first packet, and checks
// every packet's time and checksums, unless a tag says that they are wrong.
func readCapture(t *testing.T, file []byte, tags ...string) (flows []*flow, packets uint64) {
	t.Helper()
	le := binary.LittleEndian
	link := layers.LinkType(le.Uint32(file[20:]))
	open := map[string]*flow{}
	last := uint64(0)
	whole := fragments{}
	for rest := file[24:]; len(rest) > 0; {
		kept, orig := le.Uint32(rest[8:]), le.Uint32(rest[12:])
		now := uint64(le.Uint32(rest))*1e6 + uint64(le.Uint32(rest[4:]))
		if now < last && !slices.Contains(tags, badClock) {
			t.Fatalf("packet %d: time goes back", packets+1)
		}
		last = now
		frame := rest[16 : 16+kept]
		rest = rest[16+kept:]
		packets++
		frame = readable(frame)
		if frame = whole.put(frame); frame == nil {
			continue
		}
		p := gopacket.NewPacket(frame, link, gopacket.NoCopy)
		tcp, _ := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
		network := innermost(p)
		if kept == orig && !slices.Contains(tags, badChecksum) {
			checkSums(t, packets, p, network)
		}
		if tcp == nil {
			continue
		}
		payload := tcp.Payload
		if l := network.LayerPayload(); len(payload) == 0 && len(l) > int(tcp.DataOffset)*4 {
			payload = l[tcp.DataOffset*4:]
		}
		flows = follow(flows, open, network.NetworkFlow(), tcp, payload)
	}
	return flows, packets
}

// innermost returns the IP layer that carries TCP or UDP, inside of all tunnels.
func innermost(p gopacket.Packet) (ip gopacket.NetworkLayer) {
	for _, l := range p.Layers() {
		if n, ok := l.(gopacket.NetworkLayer); ok {
			ip = n
		}
	}
	return ip
}

// fragments are datagrams that wait for their fragments, by addresses and identification.
type fragments map[string]*datagram

type datagram struct {
	side
	size int
}

// put returns the frame that becomes whole with this one: the frame itself
// unless it is a fragment, nil if others are missing. The first copy of a byte wins.
func (f fragments) put(frame []byte) []byte {
	be := binary.BigEndian
	if len(frame) < 54 {
		return frame
	}
	ip := frame[14:]
	var key string
	var head, from int
	var more bool
	switch ethertype := be.Uint16(frame[12:]); {
	case ethertype == 0x0800 && be.Uint16(ip[6:])&0x3fff != 0:
		key, head = string(ip[4:6])+string(ip[12:20]), 20
		from, more = int(be.Uint16(ip[6:])&0x1fff)*8, ip[6]&0x20 != 0
		ip = ip[:be.Uint16(ip[2:])]
	case ethertype == 0x86dd && ip[6] == 44:
		key, head = string(ip[44:48])+string(ip[8:40]), 48
		from, more = int(be.Uint16(ip[42:])&^7), ip[43]&1 != 0
	default:
		return frame
	}
	d := f[key]
	if d == nil {
		d = &datagram{}
		f[key] = d
	}
	d.side.put(uint32(from), ip[head:])
	if !more {
		d.size = from + len(ip) - head
	}
	if d.size == 0 || d.lost(uint64(d.size)) > 0 {
		return nil
	}
	delete(f, key)
	out := bytes.Clone(frame[:14+min(head, 40)])
	out = append(out, d.data[:d.size]...)
	if head == 20 {
		be.PutUint16(out[16:], uint16(20+d.size))
		be.PutUint16(out[20:], 0)
		be.PutUint16(out[24:], 0)
		be.PutUint16(out[24:], ^addUp(out[14:34], 0))
		return out
	}
	be.PutUint16(out[18:], uint16(d.size))
	out[20] = ip[40]
	return out
}

// readable returns a copy of a frame with what gopacket does not decode replaced
// by its equal: the VLAN type 0x9100 and, in IPv6 straight on Ethernet, the length 0 of offload.
func readable(frame []byte) []byte {
	frame = bytes.Clone(frame)
	be := binary.BigEndian
	if be.Uint16(frame[12:]) == 0x9100 {
		be.PutUint16(frame[12:], 0x8100)
	}
	if be.Uint16(frame[12:]) == 0x86dd && be.Uint16(frame[18:]) == 0 {
		be.PutUint16(frame[18:], uint16(len(frame)-54))
	}
	return frame
}

func follow(flows []*flow, open map[string]*flow, network gopacket.Flow, tcp *layers.TCP, payload []byte) []*flow {
	src := hostPort(network.Src().String(), uint16(tcp.SrcPort))
	dst := hostPort(network.Dst().String(), uint16(tcp.DstPort))
	f, dir := open[src+dst], 0
	if f == nil {
		f, dir = open[dst+src], 1
	}
	fresh := f == nil || tcp.SYN && !tcp.ACK && f.dirs[dir].known && f.dirs[dir].first != tcp.Seq+1
	if fresh {
		delete(open, src+dst)
		delete(open, dst+src)
		f, dir = &flow{ends: [2]string{src, dst}}, 0
		open[src+dst] = f
		flows = append(flows, f)
	}
	f.packets++
	s := &f.dirs[dir]
	seq := tcp.Seq
	if tcp.SYN {
		seq++
	}
	if !s.known {
		s.known, s.first = true, seq
	}
	s.put(seq, payload)
	return flows
}

func hostPort(host string, port uint16) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return fmt.Sprintf("%s:%d", host, port)
}

// checkSums verifies the IP and TCP or UDP checksums of a whole packet by adding it up (RFC 1071).
func checkSums(t *testing.T, n uint64, p gopacket.Packet, network gopacket.NetworkLayer) {
	t.Helper()
	if ip, ok := network.(*layers.IPv4); ok {
		if s := addUp(ip.Contents, 0); s != 0xffff {
			t.Fatalf("packet %d: IP header adds up to %#x", n, s)
		}
	}
	if network == nil {
		t.Fatalf("packet %d: no IP layer: %v", n, p)
	}
	segment := network.LayerPayload()
	proto := uint32(6)
	if p.Layer(layers.LayerTypeTCP) == nil && p.Layer(layers.LayerTypeUDP) != nil {
		proto = 17
	}
	acc := proto + uint32(len(segment))
	flow := network.NetworkFlow()
	acc += uint32(addUp(flow.Src().Raw(), 0)) + uint32(addUp(flow.Dst().Raw(), 0))
	if s := addUp(segment, acc); s != 0xffff {
		t.Fatalf("packet %d: segment adds up to %#x", n, s)
	}
}

func addUp(b []byte, acc uint32) uint16 {
	for i, v := range b {
		acc += uint32(v) << (8 * (1 - uint(i)&1))
		acc = acc>>16 + acc&0xffff
	}
	return uint16(acc>>16 + acc&0xffff)
}

// decoded is a WebSocket message as read.
type decoded struct {
	number  uint64
	op      byte
	payload []byte
	offset  int
}

// readMessages splits a direction's stream after its HTTP head into messages, in
// order of completion. bits is the inflater's window and fresh no_context_takeover.
func readMessages(stream []byte, bits int, fresh bool) (list []decoded, frames uint64, err error) {
	_, after, ok := bytes.Cut(stream, []byte("\r\n\r\n"))
	if !ok {
		return nil, 0, fmt.Errorf("no HTTP head")
	}
	at := len(stream) - len(after)
	var parts []byte
	var first decoded
	var compressed bool
	var window []byte
	for started := uint64(0); at < len(stream); frames++ {
		offset := at
		fin, rsv1, op, payload, size := readFrame(stream[at:])
		if size == 0 {
			return list, frames, nil // cut off
		}
		at += size
		if op >= 8 {
			started++
			list = append(list, decoded{started, op, payload, offset})
			continue
		}
		if op != 0 {
			started++
			first, compressed, parts = decoded{number: started, op: op, offset: offset}, rsv1, nil
		}
		parts = append(parts, payload...)
		if !fin {
			continue
		}
		if compressed {
			if fresh {
				window = nil
			}
			if parts, err = inflate(parts, window); err != nil {
				return nil, 0, fmt.Errorf("message %d: %w", first.number, err)
			}
			window = append(window, parts...)
			window = window[max(0, len(window)-1<<bits):]
		}
		first.payload = parts
		list = append(list, first)
	}
	return list, frames, nil
}

func readFrame(b []byte) (fin, rsv1 bool, op byte, payload []byte, size int) {
	if len(b) < 2 {
		return
	}
	n, at := uint64(b[1]&0x7f), 2
	switch {
	case n == 126 && len(b) >= 4:
		n, at = uint64(binary.BigEndian.Uint16(b[2:])), 4
	case n == 127 && len(b) >= 10:
		n, at = binary.BigEndian.Uint64(b[2:]), 10
	}
	var key []byte
	if b[1]&0x80 != 0 {
		key = b[at:min(at+4, len(b))]
		at += 4
	}
	if uint64(len(b)) < uint64(at)+n {
		return
	}
	payload = bytes.Clone(b[at : at+int(n)])
	for i := range payload {
		if key != nil {
			payload[i] ^= key[i%4]
		}
	}
	return b[0]&0x80 != 0, b[0]&0x40 != 0, b[0] & 15, payload, at + int(n)
}

// inflate decodes one message (RFC 7692 §7.2.2). What follows a block with BFINAL
// is read as a stream of its own that continues the window.
func inflate(b, window []byte) ([]byte, error) {
	src := bytes.NewReader(append(bytes.Clone(b), 0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff))
	out, err := io.ReadAll(flate.NewReaderDict(src, window))
	return out, err
}

func digest(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}
