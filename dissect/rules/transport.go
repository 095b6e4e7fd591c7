package rules

// tcpRules are the rules about the transport below.
func tcpRules() []Rule {
	return []Rule{
		{
			ID: "TCP-OVERLAP", Severity: Warning, Reference: "RFC 9293 §3.4",
			Summary: "a retransmission carries other bytes than the first copy: both shown, the first kept",
			Meaning: "A sequence number stands for one byte of the stream, and a retransmission repeats that byte. Where two segments carry different bytes for the same number, which of them the application got depends on the receiver's TCP and on what reached it. " +
				"It is the classical way to show an inspector one thing and the receiver another, or the mark of something broken on the way. The first copy is kept here, so what is shown may not be what was read.",
			Evidence: "Segments that cover sequence numbers delivered or held before, compared byte for byte as long as the first copy is remembered. Keep-alives (one byte below the next expected number) are exempt, their byte is garbage by design.",
			Causes: []string{
				"Evasion of an inspection system, or a test tool that imitates it.",
				"Injection: a device or attacker on the path answers faster than the real peer.",
				"A load balancer, NAT or transparent proxy that rewrites payload and not every copy of it.",
				"A broken network card or driver (segmentation offload), memory faults; wrong checksums beside it point that way.",
				"Several captures merged in which a pair of addresses and ports means different connections.",
			},
			Fix:        "Look at both copies in the evidence and at TTL, IP ID and MAC address of the two packets: different values mean different senders. Capture at both ends. If the network is trusted, suspect middleboxes and offloading first.",
			References: []Ref{rfc9293("3.4", "sequence numbers"), rfc9293("3.10.7.4", "what a receiver does with overlapping segments"), {RFC: 5961, Title: "robustness against blind in-window attacks"}},
		},
		{
			ID: "TCP-RESET", Severity: Info, Reference: "RFC 9293 §3.5.2",
			Summary: "reset, by whom, and how many bytes the other side had not acknowledged",
			Meaning: "A RST ends a connection at once: no waiting, and what is in flight or unread in either direction is thrown away. It is legal, and the normal end for some programs; but after it no side knows what the other received, and a WebSocket ends with 1006. " +
				"The bytes not acknowledged are what was certainly at risk.",
			Evidence: "The first segment with the RST flag whose sequence number is acceptable, its sender, whether that had sent FIN before, and the gap between the highest byte it sent and the highest acknowledged. Its packet is the RST. A RST outside of the window is ignored, as a receiver would.",
			Causes: []string{
				"A process that ends, or closes its socket with unread data in it: the kernel sends RST instead of FIN.",
				"SO_LINGER with a timeout of 0, common in load testers and in proxies under pressure.",
				"Data sent to a side that has closed already, or to a port where nobody listens (RST to the SYN).",
				"A firewall, NAT or load balancer that forgot or cut the connection: the RST then has another TTL than the endpoint's packets.",
			},
			Fix:        "Read until the end of the stream before closing, or shut down the sending side first and wait. Compare the TTL of the RST with other packets of that side to see whether the endpoint sent it. Keep idle connections alive below the middlebox's timeout.",
			References: []Ref{rfc9293("3.5.2", "reset generation"), rfc9293("3.5.3", "reset processing"), rfc9293("3.6", "closing a connection"), {RFC: 5961, Section: "3", Title: "which RST a receiver believes"}},
		},
		{
			ID: "TCP-HALF-OPEN", Severity: Info, Reference: "RFC 9293 §3.8.3",
			Summary: "one side retransmits to silence",
			Meaning: "One side sends the same bytes again and again, at growing intervals, and nothing comes back, neither data nor an acknowledgement. The peer is gone or cannot be reached, and the sender keeps the connection open until its retransmissions give up, which should take 100 seconds at least and takes about 15 minutes on Linux. " +
				"Until then the application believes that its messages are on their way.",
			Evidence: "Retransmissions of the same sequence number with no packet from the other side in between, up to the end of the connection or of the capture. A capture that sees one direction only is CAP-ONE-WAY and not judged.",
			Causes: []string{
				"A laptop or phone that sleeps or changed its network, a cable pulled, a container or VM stopped without a FIN.",
				"A NAT or firewall that dropped its state and now discards the packets silently.",
				"Packets that are too large with ICMP blocked (path MTU black hole): small ones pass, the first full one never does.",
				"The capture ended, or lost the other direction, shortly before the answer.",
			},
			Fix:        "Send pings and give up when no pong comes within a deadline; do not wait for TCP. Set TCP_USER_TIMEOUT (Linux) or keep-alives with short intervals on the server. With a black hole: allow ICMP \"fragmentation needed\" or clamp the MSS.",
			References: []Ref{rfc9293("3.8.3", "connection failures"), rfc9293("3.5.1", "half-open connections"), rfc9293("3.8.1", "retransmission timeout"), rfc9293("3.8.4", "keep-alives"), {RFC: 2923, Section: "2.1", Title: "black hole detection"}},
		},
	}
}
