package rules

// captureRules say what a capture cannot show. Nobody in the conversation is at fault.
func captureRules() []Rule {
	tcpdump := page("tcpdump(1)", "https://www.tcpdump.org/manpages/tcpdump.1.html")
	pcapng := page("pcapng capture file format", "https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/")
	return []Rule{
		{
			ID: "CAP-LOST", Severity: Info,
			Summary: "bytes of the stream are not in the capture although the receiver got them",
			Meaning: "Segments are missing from the capture. Where the receiver acknowledged past them they did arrive: the capture missed them, not the network. The stream goes on after the hole with its exact size counted. " +
				"Messages in it are incomplete or absent, compressed messages after it may not be readable, and rules that depend on what is missing keep silent. A finding elsewhere in the connection stays valid.",
			Evidence: "Sequence numbers that no packet carried, and that were acknowledged, or never came before the connection or the file ended, or that a bound on buffered bytes gave up. The finding gives the count of bytes and of holes.",
			Causes: []string{
				"The capturing machine was too slow, or its buffer too small (see CAP-DROPPED).",
				"A SPAN or mirror port that carries more than its line rate, and drops first.",
				"Asymmetric routes or bonded links of which one was captured; several receive queues merged out of order.",
				"A capture filter that matches only part of the packets, fragments for example, of which only the first has ports.",
			},
			Fix:        "Capture on an endpoint if you can; enlarge the buffer (tcpdump -B, in KiB); filter in the kernel for the ports of interest; write to a fast disk; use a TAP instead of a mirror port.",
			References: []Ref{rfc9293("3.4", "sequence numbers and acknowledgements"), tcpdump},
		},
		{
			ID: "CAP-SNAPLEN", Severity: Info,
			Summary: "packets were cut to the snap length: the rest of their bytes is not in the capture",
			Meaning: "The capture was taken with a snap length below the packets' size: each file record keeps the original length, but only the first bytes. Every cut packet makes a hole in the stream. Frame headers are found again, payloads are not. " +
				"Lengths and counts stay right, since they come from headers.",
			Evidence: "Records whose captured length is smaller than their original length, held against the IP length. The finding gives the snap length, the number of packets and the bytes.",
			Causes: []string{
				"tcpdump -s 96, -s 128 or similar; very old versions cut at 68 bytes by default.",
				"A monitoring appliance or flow recorder that keeps headers only.",
				"editcap -s or an anonymising step that removed payloads.",
				"Segmentation offload: packets up to 64 KiB against a snap length meant for 1,514.",
			},
			Fix:        "Capture again with the whole packet: tcpdump -s 0 (262144 bytes), or sockeye capture. If payloads must not be stored, check while capturing and keep the findings only.",
			References: []Ref{tcpdump, pcapng},
		},
		{
			ID: "CAP-ONE-WAY", Severity: Info,
			Summary: "only one direction of the connection is in the capture",
			Meaning: "Packets of one side only were captured. Its stream can be read, but nothing says what the other side received or answered: handshakes cannot be judged as a pair, pings have no pongs, and loss cannot be told from waiting. " +
				"Negotiated compression is not known if the server's direction is the missing one.",
			Evidence: "A connection with payload in one direction, acknowledgement numbers that advance by bytes nobody was seen to send, and no packet of the other side.",
			Causes: []string{
				"Asymmetric routing, or one link of a bond.",
				"A mirror port configured for ingress or egress only.",
				"A filter with src or dst where host and port without direction were meant.",
				"Direct server return behind a load balancer: answers take another way.",
			},
			Fix:        "Mirror both directions (rx and tx); use host and port without src or dst; capture on the endpoint. Two captures of one direction each can be given together: they are merged by time.",
			References: []Ref{tcpdump},
		},
		{
			ID: "CAP-MIDSTREAM", Severity: Info,
			Summary: "the beginning of the connection is not in the capture",
			Meaning: "The connection was there before the capture began, or its SYN was not captured. The handshake cannot be judged, nor is it known whether compression was agreed, with what parameters, or which subprotocol. WebSocket is recognised from its frames alone, the client being the side that masks. " +
				"With context takeover, messages that refer to bytes before the beginning cannot be inflated; the rest is shown.",
			Evidence: "The first packet seen of the connection is not a SYN. The finding says from which packet and byte on the stream could be followed.",
			Causes: []string{
				"Long-lived connections, as WebSockets are: the capture was started afterwards.",
				"A ring of capture files of which the first was given alone.",
				"A filter on tcp flags or on payload that leaves SYNs out.",
				"TLS connections whose handshake is missing cannot be decrypted at all, key log or not.",
			},
			Fix:        "Start the capture, then make the client connect again: restart it, reload the page, or close the connection from the server. Give all files of a ring together.",
			References: []Ref{rfc7692("7.1.1", "context takeover"), rfc9293("3.5", "establishing a connection")},
		},
		{
			ID: "CAP-DROPPED", Severity: Warning,
			Summary: "packets were dropped while capturing",
			Meaning: "The kernel, the network card or the capturing program says that it dropped packets. Nobody knows which: holes in streams show some of them, but whole connections may be missing as well. " +
				"Everything that was found is still true; that nothing else was found proves nothing. The finding is about the capture as a whole and belongs to no connection; check --strict fails because of it.",
			Evidence: "Live: the counters of the packet socket. In files: isb_ifdrop, isb_osdrop and epb_dropcount of pcapng. Classic pcap files do not record drops; CAP-LOST is all there is then.",
			Causes: []string{
				"The default buffer (2 MiB for tcpdump) at a burst.",
				"A slow disk, compression or name resolution in the capturing process.",
				"No filter in the kernel, so that everything is copied.",
				"A machine at its limit: the endpoint's own load, or a virtual machine without its share.",
			},
			Fix:        "Use a filter (-f) so that unwanted packets are not copied; enlarge the buffer (tcpdump -B 65536); record first (sockeye capture -w) and analyse the file later; move the capture to a quieter machine.",
			References: []Ref{tcpdump, pcapng, page("packet(7), PACKET_STATISTICS", "https://man7.org/linux/man-pages/man7/packet.7.html")},
		},
	}
}
