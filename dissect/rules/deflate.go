package rules

// deflateRules are the rules about compressed messages.
func deflateRules() []Rule {
	return []Rule{
		{
			ID: "PMD-INFLATE", Severity: Error, Reference: "RFC 7692 §7.2",
			Summary: "compressed message that does not inflate",
			Meaning: "The payload of a message with RSV1, joined from its fragments and with 00 00 FF FF put back at the end, is raw DEFLATE data (RFC 1951): no zlib or gzip header, no checksum. With context takeover it may refer back to earlier messages of the same direction. With no_context_takeover agreed for the sender it may not, because the receiver has thrown its window away. " +
				"A receiver that cannot inflate a message fails the connection, mostly with 1002, 1007 or 1009.",
			Evidence: "The message's payload, inflated under the parameters of the 101 with the window of the direction's earlier messages. The finding names the fault in the DEFLATE data, and whether another context rule would have made it work. A payload that inflates, but does not end where the receiver's 00 00 FF FF belongs, is named too: it breaks the next message at receivers that keep their state. Silent where messages before it were not captured and it refers to them.",
			Causes: []string{
				"A sender that keeps its compressor over messages although no_context_takeover was agreed for its side.",
				"server_ and client_ parameters mixed up: each side bound to the other's.",
				"zlib (first bytes 78 01, 78 5E, 78 9C or 78 DA) or gzip (1F 8B) format instead of raw DEFLATE: windowBits must be negative in zlib's interface.",
				"The last four bytes 00 00 FF FF not cut off, or cut off when they were not there (flush with Z_SYNC_FLUSH first).",
				"An empty message compressed to no bytes: zlib flushes nothing twice (Mojolicious). It must be the one byte 00, or go uncompressed.",
				"Each fragment compressed by itself; a message dropped after it went through the compressor; two threads on one compressor.",
			},
			Fix:        "Compress whole messages with raw DEFLATE, end with a sync flush, drop the trailing 00 00 FF FF. Reset the compressor after each message if no_context_takeover is agreed for your side. Everything that was compressed must be sent, in that order.",
			References: []Ref{rfc7692("7.2.1", "compression"), rfc7692("7.2.2", "decompression"), rfc7692("7.1.1", "context takeover"), {RFC: 1951, Title: "DEFLATE"}},
		},
		{
			ID: "PMD-PARAM", Severity: Error, Reference: "RFC 7692 §7.1",
			Summary: "frames that disobey the negotiated window or context parameters",
			Meaning: "server_max_window_bits and client_max_window_bits bound how far back the data of that side may refer: 2 to the power of the value, in bytes. A receiver that reserved just that window cannot inflate data that refers further, or inflates it to something else. " +
				"A receiver with a full window of 32 KiB does not notice: such a fault shows with some peers only.",
			Evidence: "The largest distance in the DEFLATE data of a message, against the window that the 101 agreed for the sender (15 bits, 32768 bytes, where it says nothing). References to earlier messages under no_context_takeover are PMD-INFLATE's. Silent where the handshake was not captured.",
			Causes: []string{
				"A server that answers server_max_window_bits=N and then compresses with a full window, because its library has no setting for it (Go's compress/flate has none).",
				"A client that offers client_max_window_bits, is given a smaller value and ignores it.",
				"Bits 8: zlib silently uses 9 for raw DEFLATE in older versions and refuses 8 in newer ones.",
				"Parameters of the two sides mixed up.",
			},
			Fix:        "Open the compressor with the agreed bits (deflateInit2 with windowBits -9 to -15). If the library cannot do it, do not answer server_max_window_bits: decline an offer that asks for it; and do not offer client_max_window_bits.",
			References: []Ref{rfc7692("7.1.2", "limiting the sliding window"), rfc7692("7.1.2.1", "server_max_window_bits"), rfc7692("7.1.2.2", "client_max_window_bits")},
		},
	}
}
