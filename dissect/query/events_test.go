package query

import (
	"net/netip"
	"time"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// Events that the tests match against, one or more of each kind.

var testTime = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC).UnixNano()

func testInfo() *ConnInfo {
	return &ConnInfo{
		Client: netip.MustParseAddrPort("10.0.0.7:50122"), Server: netip.MustParseAddrPort("192.168.1.1:8080"),
		Protocol: "websocket", Layers: []string{"tls", "http/1.1", "websocket"}, State: "closed", ClosedBy: event.Server,
		Host: "chat.example.com", Path: "/chat?token=1", Status: 101, Subprotocol: "graphql-transport-ws",
		SNI: "chat.example.com", ALPN: "http/1.1", RTT: 1_500_000, Rules: []string{"WS-MASK", "HS-ACCEPT"},
	}
}

func testMessage(opcode uint8, payload string) *event.Event {
	return &event.Event{
		Time: testTime, Conn: 3, From: event.Client, Packets: [2]uint64{17, 19},
		Detail: &event.Message{
			Number: 5, Opcode: opcode, Length: uint64(len(payload)), WireLength: uint64(len(payload)), Frames: 2, Masked: true,
			Payload: []byte(payload), Text: opcode == 1, Complete: true, Latency: -1, Offset: 1000,
		},
	}
}

func testEvents() map[string]*event.Event {
	pong := testMessage(10, "p")
	pong.From = event.Server
	pong.Detail.(*event.Message).Latency = 60_000_000
	pong.Detail.(*event.Message).Masked = false
	holed := testMessage(1, "abc\x00\x00")
	holed.Detail.(*event.Message).Missing = 2
	holed.Detail.(*event.Message).Complete = false
	of := func(d event.Detail, from event.Side) *event.Event {
		return &event.Event{Time: testTime, Conn: 3, From: from, Packets: [2]uint64{4, 6}, Detail: d}
	}
	return map[string]*event.Event{
		"text":   testMessage(1, "hello world"),
		"empty":  testMessage(1, ""),
		"json":   testMessage(1, `{"user":{"name":"x","id":1234567890123456789},"items":[{"price":9.5},{"price":10}],"ok":true,"none":null,"odd key":"\u00e9\n"}`),
		"binary": testMessage(2, "\x81\x88\xff"),
		"close":  testMessage(8, "\x03\xf3internal"),
		"bare":   testMessage(8, ""),
		"pong":   pong,
		"holed":  holed,
		"frame":  of(&event.Frame{Number: 1, Offset: 7, Fin: true, RSV: 4, Opcode: 1, Masked: true, Mask: [4]byte{0x37, 0xfa, 0x21, 0x3d}, Length: 9, HeaderLength: 6, Message: 1}, event.Client),
		"conn": of(&event.Connection{
			Start: testTime - 5e9, End: testTime, Client: "[2001:db8::1]:443", Server: "10.9.9.9:80", Protocol: "raw", Layers: []string{"raw"}, Guess: "redis",
			State: "reset", ClosedBy: event.Client, Midstream: true, Packets: 12, Bytes: [2]uint64{100, 2048}, Missing: [2]uint64{0, 5}, Host: "a.example", Path: "/x", Status: 502,
			Subprotocol: "v1", SNI: "s.example", ALPN: "h2", RTT: 2_000_000, Errors: 1, Warnings: 2, HasMessages: true, Messages: [2]uint64{4, 0},
		}, event.NoSide),
		"handshake": of(&event.Handshake{
			Method: "GET", Target: "/chat", HTTPVersion: "1.1", Status: 101, Reason: "Switching Protocols", Accepted: true, Key: "k==", Accept: "a=", AcceptExpected: "b=", Version: "13",
			Origin: "http://localhost", Host: "chat.example.com", SubprotocolsOffered: []string{"mqtt", "v1"}, Subprotocol: "v1", ExtensionsOffered: "permessage-deflate", Extensions: "permessage-deflate; x",
			RequestHeaders:  []event.Header{{Name: "User-Agent", Value: "Firefox/1"}, {Name: "Cookie", Value: "a=1"}},
			ResponseHeaders: []event.Header{{Name: "Server", Value: "nginx"}, {Name: "Set-Cookie", Value: "b"}, {Name: "set-cookie", Value: "c"}},
		}, event.Client),
		"data":    of(&event.Data{Offset: 9, Bytes: []byte("stream text")}, event.Server),
		"gap":     of(&event.Gap{Offset: 20, Length: 5, Cause: "lost"}, event.Client),
		"finding": of(&event.Finding{Rule: "WS-MASK", Severity: event.Error, Frame: 2, Message: 1, Text: "not masked", Reference: "RFC 6455 §5.1", Evidence: "bytes 81 05", Advice: "mask it"}, event.Client),
	}
}
