// Package wstest lets Go tests look at the WebSocket conversations of the
// programs they test: the handshake, every frame and message, and what RFC 6455
// and RFC 7692 have to say about them.
//
// It records both directions of real connections in the process of the test,
// at a net.Conn. It needs no privileges and captures no packets; inside TLS it
// sees the plaintext, because it stands around the TLS connection.
//
//	NewServer, NewTLSServer ─┐
//	Listen, WrapListener ────┼► Conn ─ Read, Write ─► Recorder ─► synthesised packets ─► dissect.Analyzer ─► assertions
//	Transport, DialContext ──┘                                        │
//	                                                                  └► Save: pcapng
//	FromCapture: a capture file ─────────────────────────────────────────► dissect.Analyzer ─► assertions
//
// A test of a server:
//
//	func TestChat(t *testing.T) {
//		srv := wstest.NewServer(t, chatHandler)
//		talkTo(srv.WSURL())
//		srv.AssertSubprotocol(t, "chat.v1")
//		srv.AssertClose(t, 1000)
//		srv.AssertConformant(t)
//	}
//
// A test of a client dials through a recorder's hooks, whatever library it uses:
//
//	rec := wstest.New(t)
//	websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: &http.Client{Transport: rec.Transport(nil)}}) // coder/websocket
//	dialer := websocket.Dialer{NetDialContext: rec.DialContext, NetDialTLSContext: rec.DialTLSContext(cfg)}   // gorilla/websocket
//
// # What a recording holds
//
// A recording holds what the recorded end read and wrote, in that order. Bytes
// are recorded before Write passes them on and before Read returns them. So
// whatever a peer has seen of the recorded end is in the recording; what a peer
// sent and the recorded end has not read is not.
//
// # When assertions look
//
// Peers may still be at work when an assertion is called. Handshake,
// AssertHandshake, AssertSubprotocol, AssertCompressed and AssertClose wait for
// what they are about. All others wait until every recorded connection is closed
// or nothing happened for a moment (Quiet). No wait is longer than Timeout. Wait
// insists that the connections end. An assertion that finds nothing to judge fails.
//
// An assertion on a Recorder is about each of its WebSocket connections;
// Connection narrows it to one. Recorders, connections and recordings are safe for
// concurrent use. Recorded connections that are still open are closed when the
// test ends.
package wstest
