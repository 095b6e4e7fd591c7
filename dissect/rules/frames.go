package rules

// frameRules are the rules about single frames.
func frameRules() []Rule {
	return []Rule{
		{
			ID: "WS-MASK", Severity: Error, Reference: "RFC 6455 §5.1",
			Summary: "client frame not masked, or server frame masked",
			Meaning: "A client masks every frame it sends, control frames and empty ones too, and over TLS as well; a server masks none. Each must close the connection on seeing the other do it wrong, 1002 being the code for it. " +
				"Masking keeps a page from choosing the bytes on the wire, which could otherwise poison caches of proxies that take them for HTTP; it is no encryption. Over HTTP/2 it stays (RFC 8441 §5).",
			Evidence: "The MASK bit, the top bit of a frame's second byte. Reported once a direction, at the first frame that is wrong; a client that does not mask usually never does.",
			Causes: []string{
				"A hand-written or embedded client that leaves masking out \"because it is TLS anyway\" or to save cycles.",
				"A server built from a client library, or a proxy that copies frames from one side to the other without masking anew.",
				"A library with masking switched off for measurements.",
			},
			Fix:        "Client: set the MASK bit, draw a fresh random key for every frame, XOR the payload with it. Server and proxy: clear the bit and send the payload as it is. A relay has to unmask and mask again, it cannot copy frames.",
			References: []Ref{rfc6455("5.1", "who masks"), rfc6455("5.3", "the masking algorithm"), rfc6455("10.3", "attacks on infrastructure")},
		},
		{
			ID: "WS-MASK-KEY", Severity: Warning, Reference: "RFC 6455 §5.3, §10.3",
			Summary: "masking key zero, the same three times running, or predictable from those before",
			Meaning: "A client picks a fresh masking key for every frame from a strong source of randomness, and a key must not help to predict the next one. Who can foresee the key can choose the payload so that the masked bytes are what he likes, and masking protects nothing. " +
				"The connection works all the same and no peer can refuse it, hence a warning.",
			Evidence: "The four key bytes of the client's frames in order: zero; three alike running; two alternating; constant steps (counters); linear congruential generators with small or well-known multipliers, in either byte order. A random key is called predictable less than once in 10^13 frames. Reported once a connection; a hole starts the comparison anew.",
			Causes: []string{
				"Key 00000000 on purpose, to skip the XOR: seen in embedded clients, benchmarks and some load generators. an empty generateMask function gives it in node's ws.",
				"A fixed key from an example, such as 37 fa 21 3d of RFC 6455 §5.7, or drawn once a connection.",
				"rand() seeded with the time, a counter or a clock as the key on microcontrollers.",
				"A random generator that was never seeded after start-up.",
			},
			Fix:        "Draw four bytes from the system's cryptographic source for every frame: getrandom, crypto/rand, SecureRandom, os.urandom; esp_fill_random on ESP32. A buffer of random bytes filled in one call is cheap enough.",
			References: []Ref{rfc6455("5.3", "choosing masking keys"), rfc6455("10.3", "why they must be unpredictable"), {RFC: 4086, Title: "randomness requirements for security"}},
		},
		{
			ID: "WS-RSV", Severity: Error, Reference: "RFC 6455 §5.2, RFC 7692 §6",
			Summary: "reserved bit without a negotiated extension, or RSV1 where RFC 7692 forbids it",
			Meaning: "RSV1, RSV2 and RSV3 are zero unless an extension was agreed that gives them a meaning; a receiver must fail the connection otherwise. permessage-deflate uses RSV1, on the first frame of a data message only: it says that the whole message is compressed. On continuation and control frames it is forbidden. " +
				"This is what browsers report as \"One or more reserved bits are on\" and node's ws as \"RSV1 must be clear\".",
			Evidence: "Bits 0x40, 0x20 and 0x10 of a frame's first byte, against the extensions of the 101. With an extension agreed that is not known, or without the handshake in the capture, what may be legal is not reported.",
			Causes: []string{
				"A proxy that removes Sec-WebSocket-Extensions from the answer, while the server goes on compressing.",
				"A server that compresses because the client offered it, without accepting it in the 101.",
				"RSV1 repeated on every fragment of a compressed message.",
				"The stream out of step: something wrote bytes between frames (two threads on one socket, an HTTP error page, a debug print), and payload is read as a header. Look for WS-OPCODE and WS-LENGTH close by.",
			},
			Fix:        "Set RSV1 only when the 101 accepted permessage-deflate, on the first frame of a compressed message. Let proxies pass Sec-WebSocket-Extensions both ways or strip it both ways. Guard the socket's writer with one lock.",
			References: []Ref{rfc6455("5.2", "base framing: RSV1, RSV2, RSV3"), rfc7692("6", "RSV1 as the per-message compressed bit"), rfc7692("6.1", "not on control frames and later fragments")},
		},
		{
			ID: "WS-OPCODE", Severity: Error, Reference: "RFC 6455 §5.2",
			Summary: "reserved opcode",
			Meaning: "Opcodes 0 (continuation), 1 (text), 2 (binary), 8 (close), 9 (ping) and 10 (pong) are defined; 3 to 7 are reserved for further data frames and 11 to 15 for further control frames. A receiver must fail the connection on an opcode it does not know. " +
				"No extension in use defines new ones, so a reserved opcode nearly always means that sender and receiver disagree about where a frame begins.",
			Evidence: "The low four bits of a frame's first byte. Silent where an extension that is not known was agreed. Nothing else is judged in such a frame.",
			Causes: []string{
				"A wrong length or mask flag in an earlier frame, so that payload is read as the next header.",
				"Two writers on one socket whose frames interleave.",
				"Plain text or HTTP written to the socket after the upgrade: a first byte of 0x48 ('H') reads as opcode 8 with RSV1, 0x7b (an opening brace) as opcode 11.",
				"Opcodes of an application's own.",
			},
			Fix:        "Check the sender's length encoding and that each frame is written under one lock. Own message types belong into the payload or a subprotocol, not into the opcode.",
			References: []Ref{rfc6455("5.2", "base framing: opcode"), rfc6455("5.8", "extensibility"), rfc6455("11.8", "opcode registry")},
		},
		{
			ID: "WS-LENGTH", Severity: Error, Reference: "RFC 6455 §5.2",
			Summary: "length not in the shortest form, or its top bit set",
			Meaning: "Payloads up to 125 bytes have their length in 7 bits, up to 65535 in 16 more, and above in 64 more of which the top bit is zero; always the shortest form that holds the value, in network byte order. Lenient receivers read a longer form too. " +
				"Where a firewall refuses what an endpoint takes, connections break on some networks only. A top bit that is set makes lengths negative in code with signed integers.",
			Evidence: "The 7-bit length in a frame's second byte and the 2 or 8 bytes after it. Both forms are given in the finding.",
			Causes: []string{
				"A sender that always writes the 16-bit or 64-bit form to keep its code short.",
				"A threshold off by one: 125 or 65535 written in the next longer form, or < 125 for <= 125.",
				"Length bytes in little-endian order, which makes lengths huge.",
				"The stream out of step (see WS-OPCODE).",
			},
			Fix:        "if n <= 125: one byte; else if n <= 65535: 126 and two bytes; else 127 and eight bytes, big-endian. The length does not count the masking key.",
			References: []Ref{rfc6455("5.2", "base framing: payload length"), rfc6455("5.7", "examples")},
		},
		{
			ID: "WS-CONTROL", Severity: Error, Reference: "RFC 6455 §5.5",
			Summary:  "control frame fragmented or longer than 125",
			Meaning:  "Close, ping and pong frames carry at most 125 bytes and are never fragmented, so that they can stand between the fragments of a message and be answered without buffering. A receiver fails the connection when one is longer or lacks FIN.",
			Evidence: "Opcode 8, 9 or 10 with the FIN bit clear, or with a length above 125. A length in a longer form than needed is WS-LENGTH's and not reported twice.",
			Causes: []string{
				"A close reason that is too long, typically an exception's message or a stack trace: 123 bytes are left after the code.",
				"A ping with a JSON body of its own.",
				"A library that fragments everything by its buffer, control frames too.",
				"The stream out of step (see WS-OPCODE).",
			},
			Fix:        "Cut close reasons to 123 bytes, at a character's border, and pings to 125 or leave them empty; put diagnostics into a message before the close. Always set FIN on control frames.",
			References: []Ref{rfc6455("5.5", "control frames"), rfc6455("5.4", "control frames between fragments")},
		},
	}
}
