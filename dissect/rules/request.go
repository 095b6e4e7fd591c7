package rules

// requestRules are the rules about what the client asks, and two about both heads.
func requestRules() []Rule {
	return []Rule{
		{
			ID: "HS-METHOD", Severity: Error, Reference: "RFC 6455 §4.1",
			Summary: "not GET, or HTTP below 1.1",
			Meaning: "The opening handshake is a GET request of HTTP/1.1 or higher. HTTP/1.0 knows no Upgrade: a server has to ignore the header in such a request (RFC 9110 §7.8), so a conforming one answers with a plain page or an error; some, node's ws for one, open a WebSocket all the same. " +
				"Over HTTP/2 the request is CONNECT with :protocol websocket instead (RFC 8441 §4).",
			Evidence: "Method and version of the request line; over HTTP/2 the pseudo-headers :method and :protocol. Requests with any sign of WebSocket (Upgrade: websocket or a Sec-WebSocket header) are judged, whatever was answered.",
			Causes: []string{
				"A reverse proxy that speaks HTTP/1.0 to the server behind it: nginx did so unless told otherwise until lately.",
				"A hand-written client that writes HTTP/1.0, or that turns the handshake into a POST.",
				"A load balancer's health check or a script that calls the WebSocket path with POST, HEAD or OPTIONS.",
				"A CORS preflight provoked by fetch() against the WebSocket path; WebSocket itself makes none.",
			},
			Fix:        "Send GET and HTTP/1.1. In nginx: proxy_http_version 1.1, together with the Upgrade and Connection headers. In a client, leave the request line to the WebSocket library.",
			References: []Ref{rfc6455("4.1", "client requirements, request item 2"), rfc9110("7.8", "Upgrade is ignored in HTTP/1.0"), rfc8441("4", "the extended CONNECT method")},
		},
		{
			ID: "HS-HOST", Severity: Error, Reference: "RFC 6455 §4.1",
			Summary: "no or several Host",
			Meaning: "The request must name the server's host, and its port if it is not the default one, in exactly one Host header. HTTP/1.1 servers have to answer 400 to a request without Host or with more than one (RFC 9112 §3.2). " +
				"Two of them are more than untidy: a proxy that routes by one and a server that trusts the other can be played against each other.",
			Evidence: "The number of Host header fields of the request. Not judged over HTTP/2, where :authority takes its place.",
			Causes: []string{
				"A hand-written client or microcontroller sketch that copies the minimal example and leaves Host out.",
				"A caller's own Host header added to the one that the library writes already.",
				"A proxy that adds a Host instead of replacing it.",
			},
			Fix:        "Send one Host, host[:port] as in the ws or wss address. Set it through the library's own option (Host of the request in Go, host in websocket-client) and not as an extra header.",
			References: []Ref{rfc6455("4.1", "client requirements, request item 4"), rfc9112("3.2", "Host and request target"), rfc9110("7.2", "Host and :authority")},
		},
		{
			ID: "HS-UPGRADE", Severity: Error, Reference: "RFC 6455 §4.2.1",
			Summary: "Upgrade lacks the token websocket",
			Meaning: "Request and 101 both carry an Upgrade header with the token websocket, in any letter case. Without it in the request a server sees an ordinary GET and answers as to one. Without it in the answer the client must fail the connection, although the server believes it is open. " +
				"Upgrade is hop-by-hop: every proxy on the way has to be told to pass it on.",
			Evidence: "The values of all Upgrade fields, read as one list, of the request; of the answer too if it was 101. Not judged over HTTP/2, where the headers are gone (RFC 8441 §5).",
			Causes: []string{
				"nginx, Apache or a CDN in front of the server that drops hop-by-hop headers: the request arrives without Upgrade and is answered 400, 426 or 200.",
				"A corporate proxy or antivirus that rewrites plain ws:// requests.",
				"A hand-written server whose 101 forgets the header, or writes \"Upgrade: WebSocket/13\".",
				"A browser, curl or a crawler that opens the WebSocket path as a page.",
			},
			Fix:        "In nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\". In Apache: mod_proxy_wstunnel, or upgrade=websocket in ProxyPass. In a server: answer Upgrade: websocket. Through proxies you do not control, use wss: they cannot see inside.",
			References: []Ref{rfc6455("4.2.1", "reading the client's handshake, item 3"), rfc6455("4.2.2", "the server's answer, item 5.2"), rfc9110("7.8", "Upgrade")},
		},
		{
			ID: "HS-CONNECTION", Severity: Error, Reference: "RFC 6455 §4.2.1",
			Summary: "Connection lacks the token Upgrade",
			Meaning: "Request and 101 both carry a Connection header with the token Upgrade, in any letter case; other tokens may stand beside it, as in \"keep-alive, Upgrade\". It says that Upgrade belongs to this hop. " +
				"Without it a recipient must not act on Upgrade, and a client must fail the connection when the answer lacks it.",
			Evidence: "The values of all Connection fields, read as one list, of the request; of the answer too if it was 101. Not judged over HTTP/2.",
			Causes: []string{
				"nginx's default: it sends Connection: close to the server behind it.",
				"Only one half of the usual proxy setting was made: Upgrade is passed on, Connection is not.",
				"A server that compares the whole value with \"Upgrade\" wrongly refuses Firefox's \"keep-alive, Upgrade\"; the request is right then and the refusal shows as HS-STATUS.",
				"A framework's middleware that sets Connection: keep-alive or close on every response, the 101 too.",
			},
			Fix:        "Send Connection: Upgrade on both sides; compare tokens without regard to case, and look through the list. In nginx: proxy_set_header Connection \"upgrade\", or a map of $http_upgrade to it so that plain requests keep their connections.",
			References: []Ref{rfc6455("4.2.1", "reading the client's handshake, item 4"), rfc6455("4.2.2", "the server's answer, item 5.3"), rfc9110("7.6.1", "Connection")},
		},
		{
			ID: "HS-SYNTAX", Severity: Warning, Reference: "RFC 9112 §2.2, §5.2",
			Summary: "line ends or folding that RFC 9112 forbids; the handshake is read all the same",
			Meaning: "Every line of an HTTP head ends in CR LF, a field name is followed by its colon at once, and a field is not continued on a line that begins with white space. Recipients differ in what they put up with: one takes a bare LF for a line end, another answers 400. " +
				"Where a proxy and a server disagree about where a line ends, requests can be smuggled past the proxy. The head is read leniently here, so that the rest can be judged.",
			Evidence: "The bytes of both heads: bare LF or CR as a line end, lines that begin with white space (obsolete folding), white space before the colon, stray bytes in front of the head. The finding quotes the line and gives its number.",
			Causes: []string{
				"A hand-written client or server that ends lines with \\n, or relies on a text mode stream to turn it into CR LF.",
				"A heredoc, printf or template with Unix line ends piped into a socket.",
				"A long header (Cookie, Authorization) folded by an old mail or HTTP library.",
				"Embedded firmware that joins heads from string fragments.",
			},
			Fix:        "End every line with \\r\\n and the head with \\r\\n\\r\\n, write each field on one line, and put nothing between name and colon.",
			References: []Ref{rfc9112("2.2", "message parsing"), rfc9112("5.1", "field line parsing"), rfc9112("5.2", "obsolete line folding"), rfc9112("11.2", "request smuggling")},
		},
		{
			ID: "HS-KEY", Severity: Error, Reference: "RFC 6455 §4.1",
			Summary: "Sec-WebSocket-Key missing, repeated, not base64 of 16 bytes",
			Meaning: "The client sends one Sec-WebSocket-Key: 16 bytes chosen at random for this connection, in base64, which makes 24 characters of which the last two are \"==\". It is no secret and no authentication. It lets the client see that the answer comes from a server that speaks WebSocket, and that it is not one out of a cache. " +
				"Strict servers answer 400 to a bad key; lenient ones hash whatever they got.",
			Evidence: "The number of Sec-WebSocket-Key fields of the request, and whether the value is base64 that decodes to 16 bytes. Not judged over HTTP/2, where there is no key (RFC 8441 §5).",
			Causes: []string{
				"A hand-written client that sends a word, a hexadecimal string or a UUID instead of base64 of 16 bytes.",
				"Base64 of a 16 or 24 character text that was meant to be the key itself, or padding cut off.",
				"A caller's own Sec-WebSocket-Key beside the one that the library sends.",
				"Requests made with curl or a load tool where the header was left out or kept from a hixie-76 example (Sec-WebSocket-Key1 and Key2).",
			},
			Fix:        "Take 16 bytes from a cryptographic random source for each connection and send their standard base64, padding and all. Do not set the header yourself when a library makes the handshake.",
			References: []Ref{rfc6455("4.1", "client requirements, request item 7"), rfc6455("11.3.1", "Sec-WebSocket-Key, only once in a request"), rfc6455("1.3", "what the key is for")},
		},
		{
			ID: "HS-VERSION", Severity: Error, Reference: "RFC 6455 §4.2.2, §4.4",
			Summary: "version missing or not 13; a 426 without Sec-WebSocket-Version to a request whose version was not 13",
			Meaning: "The client sends Sec-WebSocket-Version: 13, once. A server that does not speak the version asked for must refuse it with a status such as 426 and name the versions it does speak in Sec-WebSocket-Version, so that the client can choose. " +
				"Versions 0 to 12 were drafts: 7 and 8 frame the same way, but below 7 the bytes mean other things.",
			Evidence: "The Sec-WebSocket-Version fields of the request, against the value 13 exactly; and those of the answer if it was a 426 to such a request. A 426 to a request for version 13 is not judged here: it says something else (see HS-STATUS).",
			Causes: []string{
				"A very old client or embedded library that still sends 8 (hybi-08 to 12) or none at all (hixie-76).",
				"A hand-written client that leaves the header out: some servers let it pass, node's ws and gorilla/websocket answer 400.",
				"Test tools that probe other versions on purpose.",
				"A server or a gateway that uses 426 as a general \"upgrade wanted\" page and does not name versions.",
			},
			Fix:        "Client: send Sec-WebSocket-Version: 13 once; update a library that speaks drafts. Server: answer another version with 426, Upgrade: websocket, Connection: Upgrade and Sec-WebSocket-Version: 13.",
			References: []Ref{rfc6455("4.1", "client requirements, request item 9"), rfc6455("4.2.2", "the server's answer, item 4"), rfc6455("4.4", "supporting several versions"), rfc9110("15.5.22", "426 Upgrade Required")},
		},
	}
}
