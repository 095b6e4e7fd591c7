package rules

// closeRules are the rules about how a conversation ends.
func closeRules() []Rule {
	return []Rule{
		{
			ID: "WS-CLOSE", Severity: Error, Reference: "RFC 6455 §5.5.1, §7.4",
			Summary: "close of one byte, or a code that may not be sent",
			Meaning: "A close frame is empty, or begins with a status code of two bytes. The codes 1000 to 1003, 1007 to 1014 and 3000 to 4999 may be sent. 1005, 1006 and 1015 are what a local interface reports when there was no code, no close frame or no TLS; 1004 is reserved; below 1000 and above 4999 there are none, and 1016 to 2999 are kept for the protocol. " +
				"Strict receivers answer 1002, and the application never sees the code that was meant.",
			Evidence: "The body of the close frame after unmasking: its length, and its first two bytes as a big-endian number.",
			Causes: []string{
				"A proxy or library that passes on the 1005 or 1006 that it was told locally as if it had been received.",
				"An application's own code outside of 3000 to 4999: 0, 1, an HTTP status such as 404, or 5000.",
				"The code in little-endian order (1000 becomes 59395), as text (\"1000\") or in a single byte.",
				"Codes 1012 to 1014, registered after RFC 6455, refused by an old peer: legal, and not reported here.",
			},
			Fix:        "Send 1000 or 1001 for a normal end, 1011 for a failure of the server, 4000 to 4999 for meanings of your own. When a relay got no code, it sends an empty close frame.",
			References: []Ref{rfc6455("5.5.1", "close"), rfc6455("7.4.1", "defined status codes"), rfc6455("7.4.2", "reserved ranges"), page("IANA WebSocket close code registry", "https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number")},
		},
		{
			ID: "WS-AFTER-CLOSE", Severity: Error, Reference: "RFC 6455 §5.5.1",
			Summary: "frames after the close frame",
			Meaning: "A close frame is the last thing a side sends: no data frames may follow it, and an endpoint that has sent and received one closes the TCP connection. What comes later is not read by a conforming peer, so messages sent then are lost without an error. " +
				"A second close frame and pongs after the close do no harm in practice, but have no place either.",
			Evidence: "Any frame in the same direction after a close frame. Reported once, at the first; what follows is not judged further. Frames of the other side after it received the close are not meant: it may finish its message first.",
			Causes: []string{
				"A library that answers every close frame, even the answer to its own: Python's websocket-client sends a second one.",
				"A sending queue or broadcast loop that is not stopped when close() is called.",
				"A heartbeat timer that outlives the connection.",
				"close() called from one thread while another is writing.",
			},
			Fix:        "Mark the direction as closed in the same critical section that writes the close frame, refuse writes after it, and stop timers there. Answer a close only if none was sent yet.",
			References: []Ref{rfc6455("5.5.1", "no data frames after a close"), rfc6455("1.4", "closing handshake"), rfc6455("7.1.2", "starting the closing handshake")},
		},
		{
			ID: "WS-NO-CLOSE", Severity: Warning, Reference: "RFC 6455 §7.1.5",
			Summary: "the connection ended and this side sent no close frame (its peer reports 1006)",
			Meaning: "An orderly end is a close frame from each side, then the end of TCP. Where TCP ends without one, the peer cannot tell a finished conversation from a broken one and reports 1006 locally, a code that is never on the wire. " +
				"Every \"why do I get 1006\" ends here: the finding says which side ended TCP, by FIN or by RST, and how long after the last frame.",
			Evidence: "The frames of each direction up to its FIN, or both directions up to a RST. One finding a side. Silent where the end of the direction was not captured, or frames may hide in a hole before it.",
			Causes: []string{
				"A process that was killed, crashed or redeployed; a tab or app that was closed or suspended.",
				"An idle timeout on the way: nginx's proxy_read_timeout (60 s), AWS ALB (60 s), Heroku (55 s), Azure (4 min); look for a steady interval since the last frame.",
				"A handler that returns or closes the socket instead of calling the WebSocket's close.",
				"A client that fails the connection over a breach of the protocol: look for errors just before.",
				"A client that waits for the server to close TCP, as it should, and a server that does not.",
			},
			Fix:        "Close with the library's close(code, reason), and wait for the peer's answer with a timeout before closing TCP. On shutdown send 1001 to everybody first. Send pings more often than the smallest idle timeout, or raise it.",
			References: []Ref{rfc6455("7.1.5", "1006 when no close frame was received"), rfc6455("7.1.1", "closing the connection"), rfc6455("7.2.3", "recovering from abnormal closure"), rfc6455("7.4.1", "1006 is never sent")},
		},
	}
}
