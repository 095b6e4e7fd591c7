package rules

// answerRules are the rules about what the server answers, and when the client begins.
func answerRules() []Rule {
	return []Rule{
		{
			ID: "HS-ACCEPT", Severity: Error, Reference: "RFC 6455 §4.2.2",
			Summary: "Sec-WebSocket-Accept missing or not what the key gives",
			Meaning: "The 101 carries one Sec-WebSocket-Accept: base64 of the SHA-1 of the key as it stands in the request, followed by 258EAFA5-E914-47DA-95CA-C5AB0DC85B11. It proves that the server read this request and knows the protocol. " +
				"A client must fail the connection when the value is missing or different; browsers say \"Incorrect 'Sec-WebSocket-Accept' header value\" and the page gets close code 1006.",
			Evidence: "Sec-WebSocket-Accept of the 101 against the value worked out from Sec-WebSocket-Key. A wrong value is compared with what the known mistakes would give, and the one that fits is named. Not judged without a single key (see HS-KEY) or over HTTP/2.",
			Causes: []string{
				"The GUID mistyped, in lower case, or missing from a hand-written server.",
				"The key decoded from base64 before hashing; it is hashed as text.",
				"The hash sent in hexadecimal, or the hexadecimal form encoded in base64.",
				"The key hashed with its leading space or with the line end still on it.",
				"A cache or a test double that answers with the 101 of another connection, or with the key itself.",
			},
			Fix:        "accept = base64(sha1(trim(key) + \"258EAFA5-E914-47DA-95CA-C5AB0DC85B11\")), with the raw 20 bytes of the hash. Check it with the RFC's example: the key dGhlIHNhbXBsZSBub25jZQ== gives s3pPLMBiTxaQ9kYGzzhZRbK+xOo=.",
			References: []Ref{rfc6455("4.2.2", "the server's answer, item 5.4"), rfc6455("4.1", "the client checks it, answer item 4"), rfc6455("1.3", "the example worked out"), rfc6455("11.3.3", "only once in an answer")},
		},
		{
			ID: "HS-SUBPROTOCOL", Severity: Error, Reference: "RFC 6455 §4.2.2",
			Summary: "one chosen that was not offered, or several",
			Meaning: "The client lists the subprotocols it speaks in Sec-WebSocket-Protocol, in order of preference; the server takes one of them, exactly as it was written, or leaves the header out. A client must fail the connection when the answer names one that it did not offer. " +
				"Taking none is legal by RFC 6455; browsers nevertheless fail a connection for which the page asked for subprotocols and got none.",
			Evidence: "Sec-WebSocket-Protocol of the 101 against the list of the request; names are compared byte for byte. Judged by itself (several, empty) where the request was not captured.",
			Causes: []string{
				"A server that sends the client's whole list back instead of choosing.",
				"A server with a fixed subprotocol that answers it whether it was offered or not.",
				"Names that differ in letter case or version: graphql-ws (the old subscriptions-transport-ws) and graphql-transport-ws (the graphql-ws package) are different protocols.",
				"A token smuggled through the subprotocol list because browsers cannot set headers, echoed or cut wrongly by the server.",
				"A proxy that terminates WebSocket and opens its own without passing the list on.",
			},
			Fix:        "Server: answer with one name from the request's list, or with no header. Client: offer every name that you accept. Most libraries choose for you when given the supported names (Subprotocols of gorilla/websocket, handleProtocols of ws, subprotocols of Python's websockets).",
			References: []Ref{rfc6455("4.2.2", "the server's answer, item 5.5"), rfc6455("4.1", "the client checks it, answer item 6"), rfc6455("11.3.4", "Sec-WebSocket-Protocol"), rfc6455("1.9", "subprotocols")},
		},
		{
			ID: "HS-EXTENSION", Severity: Error, Reference: "RFC 6455 §9.1, RFC 7692 §7.1",
			Summary: "one chosen that was not offered, or bad parameters in offer or answer",
			Meaning: "Extensions are offered by the client and taken or left by the server; the server may take only what was offered, with parameters that the extension allows in an answer to that offer. For permessage-deflate: the four known parameters, each once, the two no_context_takeover ones without a value, window bits from 8 to 15 without leading zeros; " +
				"client_max_window_bits only in answer to an offer that has it; server_max_window_bits and server_no_context_takeover repeated when they were asked for. A client must fail the connection for an answer that breaks this, and a server must decline an offer that does.",
			Evidence: "Sec-WebSocket-Extensions of request and 101, each read as one list by the grammar of §9.1. The answer is held against the offer that it fits best. Where the request was not captured, only what is wrong with the answer by itself is reported.",
			Causes: []string{
				"A server that answers client_max_window_bits to every client, also to those that did not offer it.",
				"A server that ignores server_max_window_bits or server_no_context_takeover in the offer and still answers permessage-deflate.",
				"The offer echoed as the answer, with client_max_window_bits left without the value that an answer needs.",
				"A proxy that removes the header from the request only, so that the answer accepts what nobody offered.",
				"The draft's names x-webkit-deflate-frame or deflate-frame answered to a client that offered permessage-deflate.",
			},
			Fix:        "Build the answer from the parsed offer and do not echo it: decline an offer with anything unknown by leaving it out, and repeat what the client demanded. When in doubt answer without extensions, which is always legal.",
			References: []Ref{rfc6455("9.1", "negotiating extensions"), rfc7692("7.1", "extension parameters"), rfc7692("7.1.2.2", "client_max_window_bits"), rfc7692("5.1", "general negotiation flow")},
		},
		{
			ID: "HS-STATUS", Severity: Warning, Reference: "RFC 6455 §4.2.2",
			Summary: "refused, and what the answer says about why",
			Meaning: "A server that does not want the connection answers with a status other than 101, and the connection stays HTTP. (Over HTTP/2 a status of 2xx is acceptance.) That is the server's right, hence a warning. A browser does not show status or body to the page: the script sees an error event and close code 1006, whatever the reason was. " +
				"The capture is often the only place where the reason can be read.",
			Evidence: "Status and reason of the answer, and its headers Sec-WebSocket-Version, WWW-Authenticate, Location, Upgrade, Retry-After, Allow and Server; together with whether the request still had its Upgrade headers.",
			Causes: []string{
				"400 or 426 behind a proxy: the request lost Upgrade or Connection on the way (HS-UPGRADE, HS-CONNECTION), nginx without the two proxy_set_header lines.",
				"403: the Origin is not on the server's list (CheckOrigin of gorilla/websocket, OriginPatterns of coder/websocket, allowed_origins elsewhere), or a firewall in front.",
				"401 or 407: a cookie or token is missing; browsers cannot add an Authorization header to a WebSocket.",
				"404 or 200: wrong path, a single-page application's catch-all route, or a static file server.",
				"301, 302, 307, 308: http to https or a missing slash; most clients do not follow.",
				"502, 503, 504: the proxy found nobody behind it. 429 and 503 with Retry-After: rate limits. 431: cookies too large.",
			},
			Fix:        "Read the finding's sentence: it names the status, what the answer says and what that usually means. Make the first hop that still saw Upgrade pass it on; put the client's exact Origin on the server's list; use the final address instead of one that redirects.",
			References: []Ref{rfc6455("4.2.2", "the server's answer"), rfc6455("4.1", "what the client does with another status, answer item 1"), rfc6455("10.2", "origin considerations"), rfc9110("15", "status codes")},
		},
		{
			ID: "HS-EARLY-DATA", Severity: Error, Reference: "RFC 6455 §4.1",
			Summary: "frames before the 101 was complete",
			Meaning: "Once the client has sent its handshake it must wait for the server's before it sends anything more. Until then it does not know whether the other side speaks WebSocket: the bytes may be taken for a second HTTP request by the server or by a proxy, which is how requests are smuggled. " +
				"Servers that read head and body in one go drop such bytes, and the first message is lost without a trace.",
			Evidence: "Bytes of the client after the request's empty line that arrived in a packet before the one that completed the server's head; the finding gives both packet numbers. The side at fault is the client and the frame is 1.",
			Causes: []string{
				"A hand-written client that writes request and first message without reading in between.",
				"A client that fires its first message from a timer or from the TCP connect callback instead of the WebSocket's open event.",
				"A proxy that forwards the client's early bytes, or a reused connection on which an earlier request's body was not fully read.",
				"A capture point far from the server or with clocks of several machines merged, so that packets appear in another order than they happened.",
			},
			Fix:        "Client: send after the 101 was read and checked, that is in onopen. Server: keep what was read beyond the head and hand it to the frame parser, or close; do not drop it.",
			References: []Ref{rfc6455("4.1", "the client waits for the response"), rfc9112("11.2", "request smuggling")},
		},
	}
}
