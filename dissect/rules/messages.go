package rules

// messageRules are the rules about what frames make together.
func messageRules() []Rule {
	return []Rule{
		{
			ID: "WS-FRAGMENT", Severity: Error, Reference: "RFC 6455 §5.4",
			Summary: "continuation without a start, or a new message inside an unfinished one",
			Meaning: "A message is one frame with FIN, or a frame with opcode text or binary without FIN, then continuation frames of which the last has FIN. Fragments of two messages may not be mixed; only control frames may stand between them. " +
				"A receiver cannot tell which message a stray fragment belongs to and fails the connection, which browsers report as an unexpected continuation or data frame.",
			Evidence: "Opcode and FIN of the data frames of one direction in order. After a hole that may have hidden frames, and at the start of a connection joined in midstream, the first frames are not judged.",
			Causes: []string{
				"Two threads or tasks that write fragmented messages to one socket without a lock around the whole message.",
				"A streamed message given up half-way, an exception in a writer for example, and the next message begun.",
				"A sender that repeats the opcode text or binary on every fragment instead of continuation.",
				"An empty last fragment with the wrong opcode.",
			},
			Fix:        "First frame: opcode, no FIN; then opcode 0; FIN on the last one. Hold one lock from the first to the last fragment. When a message cannot be finished, close the connection.",
			References: []Ref{rfc6455("5.4", "fragmentation")},
		},
		{
			ID: "WS-UTF8", Severity: Error, Reference: "RFC 6455 §8.1",
			Summary: "text or close reason not UTF-8",
			Meaning: "The payload of a text message, after unmasking and decompression, and the reason of a close are UTF-8. A character may be split between fragments; the message as a whole counts (§5.6). A receiver that finds ill-formed bytes must fail the connection, with 1007. " +
				"Overlong forms, surrogates (ED A0 to ED BF) and code points above U+10FFFF are ill-formed too.",
			Evidence: "The whole message with all its fragments; the finding gives the offset of the first ill-formed sequence in the payload (of a close: in the reason) and shows the bytes. Messages with bytes that were not captured, or that do not inflate, are not judged.",
			Causes: []string{
				"Binary data (images, protobuf, MessagePack, gzip) sent with opcode text.",
				"Text in Latin-1, Windows-1252 or a local code page: a lone byte such as E9 for é.",
				"A string cut at a byte count, in the middle of a character; close reasons cut to 123 bytes above all.",
				"Surrogates written one by one (CESU-8, Java's modified UTF-8).",
				"A wrong masking key or offset: after unmasking everything is garbage.",
			},
			Fix:        "Send bytes that are not text with opcode binary. Encode strings as UTF-8 at the border, and cut them between characters.",
			References: []Ref{rfc6455("8.1", "handling errors in UTF-8 data"), rfc6455("5.6", "text frames"), rfc6455("5.5.1", "close reason"), {RFC: 3629, Section: "3", Title: "UTF-8 definition"}},
		},
		{
			ID: "WS-PONG", Severity: Info, Reference: "RFC 6455 §5.5.2, §5.5.3",
			Summary: "unanswered ping, or pong that answers nothing",
			Meaning: "A ping is answered by a pong with the same payload as soon as is practical, unless a close was received before; of several pings waiting, answering the latest is enough. A pong that nobody asked for is legal as a one-way heartbeat. " +
				"Pings without an answer are what makes servers drop connections after 20 to 60 seconds, so they are worth seeing, but a capture that ends early looks the same: this is information.",
			Evidence: "Payloads of pings and of the other direction's pongs, in order. Unanswered pings are reported only if the peer sent frames later than the ping, and not those behind a close frame. A pong that answers nothing is reported once a side, at the first of them. Silent after holes in the other direction, and where the handshake was not captured.",
			Causes: []string{
				"An event loop blocked by long work: the pong is written by the same loop.",
				"A client whose library answers pings only while the application reads (gorilla/websocket, coder/websocket, Python's websocket-client).",
				"A half-dead connection: the peer has gone, TCP has not noticed yet (see TCP-HALF-OPEN).",
				"Heartbeats of the application (Socket.IO, STOMP, GraphQL) taken for WebSocket pings: they are messages and do not count here.",
			},
			Fix:        "Keep a reader running at all times, even when you only send. Answer pings outside of long work. Set the ping interval below the smallest idle timeout on the way; nginx has 60 s by default, many load balancers have 60 s, some less.",
			References: []Ref{rfc6455("5.5.2", "ping"), rfc6455("5.5.3", "pong")},
		},
	}
}
