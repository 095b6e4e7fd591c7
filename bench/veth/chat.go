//go:build ignore

package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"
)

// Where a frame's parts begin: Ethernet, IPv4 and TCP without options.
const (
	ipAt, tcpAt, headerLen = 14, 34, 54
)

// burst is how many messages a side of a connection sends at a time.
const burst = 32

// connections is how many conversations there are, in turn.
const connections = 500

// chat is many conversations at once: each begins with a handshake, and then one
// side and the other send bursts of text messages, each message in a segment of
// its own.
type chat struct {
	to    *sender
	sent  int // packets
	conns []conversation
	texts [2][]text // of client and server
}

// conversation is a connection's two directions.
type conversation struct {
	port uint16 // the client's
	next [2]uint32
}

// text is a burst of messages of the same length.
type text struct {
	bytes   []byte
	segment int // bytes of each message, with its frame header
}

func newChat(to *sender) *chat {
	c := &chat{to: to}
	rnd := rand.New(rand.NewPCG(1, 2))
	for from := range c.texts {
		for length := 24; length < 126; length += 8 {
			c.texts[from] = append(c.texts[from], newText(rnd, from, length))
		}
	}
	return c
}

// newText makes frames with a payload of length bytes, at most 125; those of the
// client, side 0, are masked (RFC 6455 §5.2).
func newText(rnd *rand.Rand, from, length int) text {
	var t text
	for n := range burst {
		message := fmt.Appendf(nil, `{"n":%d,"text":"`, n)
		for len(message) < length-2 {
			message = append(message, "etaoin shrdlu"[rnd.IntN(13)])
		}
		message = append(message, `"}`...)
		if from == 0 {
			mask := binary.LittleEndian.AppendUint32(nil, rnd.Uint32())
			for i := range message {
				message[i] ^= mask[i%4]
			}
			t.bytes = append(append(t.bytes, 0x81, 0x80|byte(length)), mask...)
		} else {
			t.bytes = append(t.bytes, 0x81, byte(length))
		}
		t.bytes = append(t.bytes, message...)
	}
	t.segment = len(t.bytes) / burst
	return t
}

// send sends n packets at a rate, of which 0 is as fast as they go.
func (c *chat) send(n, rate int) error {
	begun := time.Now()
	for i := range connections {
		c.conns = append(c.conns, conversation{port: uint16(10000 + i)})
		if err := c.handshake(&c.conns[i]); err != nil {
			return err
		}
		pace(begun, c.sent, rate)
	}
	var frame []byte
	for i := 0; c.sent < n; i++ {
		conn, from := &c.conns[i%len(c.conns)], i/len(c.conns)%2
		t := &c.texts[from][i%len(c.texts[from])]
		messages := min(burst, n-c.sent)
		payload := t.bytes[:messages*t.segment]
		frame = appendHeader(frame[:0], conn, from, ack|psh, len(payload))
		frame = append(frame, payload...)
		segment := t.segment
		if messages == 1 {
			segment = 0
		}
		if err := c.to.send(frame, segment); err != nil {
			return err
		}
		conn.next[from] += uint32(len(payload))
		c.sent += messages
		pace(begun, c.sent, rate)
	}
	return nil
}

// pace waits until it is time for the packets behind the first n. It sleeps where
// there is time for it: the processors may be few.
func pace(begun time.Time, n, rate int) {
	if rate == 0 {
		return
	}
	due := time.Duration(float64(n) / float64(rate) * float64(time.Second))
	for {
		early := due - time.Since(begun)
		if early <= 0 {
			return
		}
		if early > 500*time.Microsecond {
			time.Sleep(early)
		}
	}
}

const (
	syn = 1 << 1
	psh = 1 << 3
	ack = 1 << 4
)

// handshake sends a connection's beginning, TCP's and WebSocket's.
func (c *chat) handshake(k *conversation) error {
	const request = "GET /chat HTTP/1.1\r\nHost: chat.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
	const answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
	for _, p := range []struct {
		from    int
		flags   byte
		payload string
	}{{0, syn, ""}, {1, syn | ack, ""}, {0, ack, ""}, {0, ack | psh, request}, {1, ack | psh, answer}} {
		frame := appendHeader(nil, k, p.from, p.flags, len(p.payload))
		if err := c.to.send(append(frame, p.payload...), 0); err != nil {
			return err
		}
		k.next[p.from] += uint32(len(p.payload))
		if p.flags&syn != 0 {
			k.next[p.from]++
		}
		c.sent++
	}
	return nil
}

// appendHeader appends the headers of a segment. The kernel completes those of a
// divided one; of others, checksums are wrong, as with offloading.
func appendHeader(b []byte, k *conversation, from int, flags byte, payload int) []byte {
	be := binary.BigEndian
	b = append(b, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0)
	b = be.AppendUint16(append(b, 0x45, 0), uint16(headerLen-ipAt+payload))
	b = append(b, 0, 1, 0x40, 0, 64, 6, 0, 0)
	ports := [2]uint16{k.port, 80}
	b = append(b, 10, 0, 0, byte(1+from), 10, 0, 0, byte(2-from))
	b = be.AppendUint16(be.AppendUint16(b, ports[from]), ports[1-from])
	b = be.AppendUint32(b, k.next[from])
	if flags&ack != 0 {
		b = be.AppendUint32(b, k.next[1-from])
	} else {
		b = be.AppendUint32(b, 0)
	}
	return append(b, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0)
}
