// Package ws writes WebSocket bytes: handshakes and frames (RFC 6455). It is
// kept apart from the analyzer's own grammar on purpose, so that a mistake in
// one is not repeated in the other.
package ws

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
)

// Opcodes (RFC 6455 §5.2).
const (
	Continuation = 0
	Text         = 1
	Binary       = 2
	Close        = 8
	Ping         = 9
	Pong         = 10
)

// Name returns an opcode's name as manifests spell it.
func Name(op byte) string {
	switch op {
	case Text:
		return "text"
	case Binary:
		return "binary"
	case Close:
		return "close"
	case Ping:
		return "ping"
	case Pong:
		return "pong"
	}
	return "continuation"
}

// Frame is one frame's header.
type Frame struct {
	Fin, RSV1 bool
	Op        byte
	Masked    bool
	Key       [4]byte
	Length    uint64
}

// AppendHeader appends the header with the length in its shortest form (§5.2).
func AppendHeader(b []byte, f *Frame) []byte {
	first := f.Op
	if f.Fin {
		first |= 0x80
	}
	if f.RSV1 {
		first |= 0x40
	}
	var mask byte
	if f.Masked {
		mask = 0x80
	}
	switch {
	case f.Length < 126:
		b = append(b, first, mask|byte(f.Length))
	case f.Length < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, first, mask|126), uint16(f.Length))
	default:
		b = binary.BigEndian.AppendUint64(append(b, first, mask|127), f.Length)
	}
	if f.Masked {
		b = append(b, f.Key[:]...)
	}
	return b
}

// AppendPayload appends the payload, masked where the frame is (§5.3). pos is the
// position of payload[0] in the frame's payload.
func AppendPayload(b []byte, f *Frame, payload []byte, pos uint64) []byte {
	n := len(b)
	b = append(b, payload...)
	if f.Masked {
		mask(b[n:], f.Key, pos)
	}
	return b
}

func mask(b []byte, key [4]byte, pos uint64) {
	var k [4]byte
	for i := range k {
		k[i] = key[(pos+uint64(i))&3]
	}
	word := binary.LittleEndian.Uint32(k[:])
	wide := uint64(word)<<32 | uint64(word)
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^wide)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= k[i&3]
	}
}

// Accept returns the Sec-WebSocket-Accept that answers key (§4.2.2).
func Accept(key string) string {
	h := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(h[:])
}

// AppendRequest appends an opening handshake. extensions may be empty.
func AppendRequest(b []byte, host, path, key, extensions string) []byte {
	b = append(b, "GET "+path+" HTTP/1.1\r\nHost: "+host+"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: "+key+"\r\nSec-WebSocket-Version: 13\r\nOrigin: http://"+host+"\r\n"...)
	if extensions != "" {
		b = append(b, "Sec-WebSocket-Extensions: "+extensions+"\r\n"...)
	}
	return append(b, "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n\r\n"...)
}

// AppendResponse appends the 101 that accepts key. extensions may be empty.
func AppendResponse(b []byte, key, extensions string) []byte {
	b = append(b, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: "+Accept(key)+"\r\n"...)
	if extensions != "" {
		b = append(b, "Sec-WebSocket-Extensions: "+extensions+"\r\n"...)
	}
	return append(b, "\r\n"...)
}
