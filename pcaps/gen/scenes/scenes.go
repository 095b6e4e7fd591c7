package scenes

import (
	"io"
	"math/rand/v2"

	"github.com/sockeye-dev/sockeye/pcaps/gen/manifest"
	"github.com/sockeye-dev/sockeye/pcaps/gen/wire"
)

// Scene is one accident.
type Scene struct {
	Name  string
	About string
	// Expect says what an analyzer should make of it, one sentence an entry.
	Expect []string
	link   wire.Link
	play   func(*script)
}

// All returns the scenes in the order of the README.
func All() []Scene {
	return []Scene{
		{"tcp-fast-open", "TCP Fast Open: the handshake request travels on the SYN",
			[]string{"the request is read from the SYN's payload", "nothing is missing"}, wire.Ethernet, fastOpen},
		{"syn-retransmitted", "the SYN is sent three times, the SYN-ACK twice",
			[]string{"one connection, nothing missing"}, wire.Ethernet, synRetransmitted},
		{"simultaneous-open", "both sides send a SYN before they see the other's",
			[]string{"one connection", "the client is who sends the request"}, wire.Ethernet, simultaneousOpen},
		{"early-data-before-101", "the client sends a frame together with its request, before the 101",
			[]string{"HS-EARLY-DATA at the client", "the early message is decoded all the same"}, wire.Ethernet, earlyData},
		{"port-reuse", "three connections on the same addresses and ports within a second, the second never closed",
			[]string{"three connections, each with its own messages"}, wire.Ethernet, portReuse},
		{"sequence-wrap", "sequence numbers pass 2^32 inside of messages, with a reordered segment over the wrap",
			[]string{"nothing is missing"}, wire.Ethernet, sequenceWrap},
		{"keepalive-garbage", "keep-alive probes carry a garbage byte in place of the last one sent",
			[]string{"the garbage byte is in no stream", "no TCP-OVERLAP"}, wire.Ethernet, keepAlive},
		{"zero-window-probe", "the server closes its window; the client probes with the next byte until it opens",
			[]string{"the probed byte is in the stream once"}, wire.Ethernet, zeroWindow},
		{"urgent-data", "a segment with URG set: the urgent byte stays in place",
			[]string{"the urgent byte is part of the stream"}, wire.Ethernet, urgentData},
		{"overlap-conflict", "retransmissions with other bytes than the first copy, before and after it was in order",
			[]string{"the first copy wins", "TCP-OVERLAP names both copies"}, wire.Ethernet, overlapConflict},
		{"fin-before-data", "the FIN arrives before the last data segment",
			[]string{"the last message is seen, then the end"}, wire.Ethernet, finBeforeData},
		{"rst-out-of-window", "a RST far outside of the window; the conversation goes on",
			[]string{"the RST is ignored: the connection closes with FIN"}, wire.Ethernet, rstOutOfWindow},
		{"hole-in-payload", "a segment inside of a long message was not captured, though acknowledged",
			[]string{"a gap of the lost bytes in that message", "every other message is decoded"}, wire.Ethernet, holeInPayload},
		{"hole-over-header", "a segment with the end of one message and the header of the next was not captured",
			[]string{"decoding goes on at the next header that a chain of frames confirms", "messages after that are decoded"}, wire.Ethernet, holeOverHeader},
		{"snaplen-cut", "long packets are cut to 200 bytes by the snap length",
			[]string{"the cut bytes are gaps with cause snaplen", "short messages are decoded"}, wire.Ethernet, snaplenCut},
		{"one-way", "only what the server sends was captured",
			[]string{"the server's messages are decoded", "the client's direction is missing as a whole"}, wire.Ethernet, oneWay},
		{"midstream-both", "the capture begins in the conversation: one connection at frame borders, one within frames",
			[]string{"both are recognised as WebSocket", "messages after the first border are decoded"}, wire.Ethernet, midstreamBoth},
		{"fragments-interleaved-controls", "fragmented messages in both directions at once, pings and pongs between the fragments, an empty last frame",
			[]string{"control messages come first, the fragmented ones are whole"}, wire.Ethernet, fragments},
		{"offload-length-zero", "segmentation offload left 0 as the IP length, IPv4 and IPv6",
			[]string{"the length is taken from the captured frame"}, wire.Ethernet, lengthZero},
		{"vlan-qinq", "VLAN tags: 802.1Q, 802.1ad with 802.1Q, 0x9100 with 802.1Q",
			[]string{"three connections, nothing missing"}, wire.Ethernet, vlan},
		{"null-loopback", "link type BSD loopback, IPv4 and IPv6", []string{"two connections, nothing missing"}, wire.Null, twoFamilies(wire.Null)},
		{"ppp", "link type PPP, IPv4 and IPv6", []string{"two connections, nothing missing"}, wire.PPP, twoFamilies(wire.PPP)},
		{"retransmission", "segments sent again: as they were, cut otherwise, before and after they were acknowledged",
			[]string{"every byte is in the stream once"}, wire.Ethernet, retransmission},
		{"reordering", "segments of a message arrive in any order, in both directions",
			[]string{"nothing is missing"}, wire.Ethernet, reordering},
		{"duplicates", "every packet was captured twice, the second copy at once or behind the next packet",
			[]string{"one connection, every message once"}, wire.Ethernet, duplicates},
		{"half-open", "a client that closed its direction and is talked to all the same; a server that went away without a word",
			[]string{"the first connection is half-open, its last messages are decoded", "TCP-HALF-OPEN at the second"}, wire.Ethernet, halfOpen},
		{"half-handshake", "parts of the TCP handshake alone: a SYN, a SYN-ACK, neither, or a refusal, with and without a conversation behind them",
			[]string{"six connections, nothing missing", "only the one without any SYN is in midstream"}, wire.Ethernet, halfHandshake},
		{"data-before-syn-ack", "data that was captured, or sent, before the SYN-ACK",
			[]string{"three connections, nothing missing", "none is in midstream"}, wire.Ethernet, dataBeforeSynAck},
		{"rst-in-window", "a RST inside of the window with a wrong sequence number: disregarded twice, heeded once",
			[]string{"where its alleged sender goes on, the connection closes with FIN", "the one that falls silent was reset"}, wire.Ethernet, rstInWindow},
		{"ack-storm", "a message is injected in the client's name: both sides tell each other 40 times where they stand",
			[]string{"the injected message was first and stays", "TCP-OVERLAP names the client's own bytes"}, wire.Ethernet, ackStorm},
		{"sequence-jump", "stray segments far outside of the stream; a stream that is 60,000 bytes farther on in its next packet",
			[]string{"the strays are in no stream", "the jump is a gap of its exact size"}, wire.Ethernet, sequenceJump},
		{"clock-backwards", "timestamps go back by seconds and by hours, and leap a year ahead for one packet",
			[]string{"one connection, nothing missing"}, wire.Ethernet, clockBackwards},
		{"window-unscaled", "midstream with an unknown window scale: more in flight, and a RST farther out, than the window field alone allows",
			[]string{"nothing is missing", "the RST counts"}, wire.Ethernet, windowUnscaled},
		{"one-way-client", "only what the client sends was captured",
			[]string{"the client's messages are decoded", "the server's direction is missing as a whole"}, wire.Ethernet, oneWayClient},
		{"offload-checksums", "checksums that the network card was to fill in, and a segment longer than any Ethernet frame",
			[]string{"nothing is dropped for its checksum"}, wire.Ethernet, offloadChecksums},
		{"encapsulations", "one conversation each in VXLAN, GRE, MPLS, PPPoE, ERSPAN, Geneve, GTP-U, IP in IP and 6in4",
			[]string{"nine connections, nothing missing"}, wire.Ethernet, encapsulations},
		{"ip-fragments", "IPv4 and IPv6 fragments: out of order, overlapping with other bytes, one missing",
			[]string{"what is whole is put together, the first copy of a byte wins", "the datagram without its middle is a gap"}, wire.Ethernet, ipFragments},
		{"seen-twice", "capturing on all interfaces of a router: each segment as it is and again in VXLAN, in GRE, or in fragments",
			[]string{"three connections, every message once"}, wire.Ethernet, seenTwice},
		{"planted-faults", "nine connections of a chat, three with a fault: a wrong accept value, a frame without a mask, an end without a close frame",
			[]string{"HS-ACCEPT, WS-MASK and WS-NO-CLOSE at one connection each", "every message is decoded"}, wire.Ethernet, plantedFaults},
		{"hostile-text", "escape sequences, tags, hyperlinks, bidirectional overrides and characters of no width in every text",
			[]string{"no control character reaches a terminal"}, wire.Ethernet, hostileText},
	}
}

// Write makes the scene's capture and manifest.
func (sc *Scene) Write(pcap, m io.Writer) error {
	f := wire.NewFile(pcap, sc.link)
	s := &script{f: f, clock: epoch, keys: rand.NewPCG(6455, 1)}
	sc.play(s)
	out := manifest.NewWriter(m, manifest.Manifest{
		Capture: sc.Name + ".pcap", Profile: "scene", Description: sc.About, Expect: sc.Expect, Detail: "messages"})
	for _, c := range s.conns {
		out.Connection(c.books())
	}
	if err := f.Flush(); err != nil {
		return err
	}
	_, err := out.Close(f.Packets(), f.Size())
	return err
}
