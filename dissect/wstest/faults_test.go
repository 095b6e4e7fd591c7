package wstest_test

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"

	"github.com/sockeye-dev/sockeye/dissect/websocket"
	"github.com/sockeye-dev/sockeye/dissect/wstest"
)

// Each test lets a real peer of one of the libraries, or a raw socket, do
// something wrong to another, and looks at how the assertions fail.

var mask = []byte{0x12, 0x34, 0x56, 0x78}

func closeBody(code uint16, reason string) []byte {
	return append([]byte{byte(code >> 8), byte(code)}, reason...)
}

func TestUnmaskedClient(t *testing.T) {
	srv := wstest.NewServer(t, coderEcho(t, nil))
	rawClient(t, srv.Listener.Addr().String(), frame(websocket.Text, 0, []byte("naked salmon")))
	srv.Wait(t)
	want := []string{"WS-MASK", "RFC 6455 §5.1", "81 0c 6e 61 6b 65 64", "naked salmon", "frame 1 of the client"}
	caught(t, func(t testing.TB) { srv.AssertMasked(t) }, want...)
	caught(t, func(t testing.TB) { srv.AssertConformant(t) }, want...)
	srv.AssertHandshake(t)
	srv.AssertConformant(t, "WS-MASK")
	srv.AssertConformant(t, "WS-*")
}

func TestUnmaskedClientThroughTLS(t *testing.T) {
	srv := wstest.NewTLSServer(t, gorillaEcho(&gorilla.Upgrader{}))
	c, err := tls.Dial("tcp", srv.Listener.Addr().String(), &tls.Config{RootCAs: srv.RootCAs()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	speak(t, c, "127.0.0.1", frame(websocket.Text, 0, []byte("naked salmon")))
	srv.Wait(t)
	caught(t, func(t testing.TB) { srv.AssertMasked(t) }, "WS-MASK", "inside TLS", "81 0c 6e 61 6b 65 64", "naked salmon")
}

func TestMaskedServer(t *testing.T) {
	l := wstest.Listen(t)
	rawServer(t, l, websocket.AcceptKey, nil, frame(websocket.Text, 0, []byte("hidden"), mask...))
	c, _, err := gorilla.DefaultDialer.Dial(l.WSURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.ReadMessage(); err == nil {
		t.Error("gorilla took a masked frame of a server")
	}
	c.Close()
	l.Wait(t)
	caught(t, func(t testing.TB) { l.AssertUnmasked(t) }, "WS-MASK", "RFC 6455 §5.1", "81 86 12 34 56 78", "hidden", "frame 1 of the server")
	caught(t, func(t testing.TB) { l.AssertConformant(t) }, "WS-MASK")
}

func TestWrongAccept(t *testing.T) {
	l := wstest.Listen(t)
	rawServer(t, l, func(string) string { return websocket.AcceptKey(sampleKey) }, nil) // the same for every client
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, _, err := coder.Dial(ctx, l.WSURL(), nil); err == nil {
		t.Fatal("coder took a wrong accept value")
	}
	want := []string{"HS-ACCEPT", "RFC 6455 §4.2.2", websocket.AcceptKey(sampleKey), "expected", "✗ differs"}
	caught(t, func(t testing.TB) { l.AssertHandshake(t) }, want...)
	caught(t, func(t testing.TB) { l.AssertConformant(t) }, want...)
}

func TestMissingSubprotocol(t *testing.T) {
	srv := wstest.NewServer(t, coderEcho(t, nil)) // speaks none
	coderTalk(t, srv.WSURL(), &coder.DialOptions{Subprotocols: []string{"chat.v1"}}, "hi")
	caught(t, func(t testing.TB) { srv.AssertSubprotocol(t, "chat.v1") },
		`the server chose no subprotocol, want "chat.v1"`, `offered ["chat.v1"]`, "RFC 6455 §4.2.2", "Sec-Websocket-Protocol: chat.v1")
	srv.AssertSubprotocol(t, "")
	srv.AssertConformant(t) // it is no breach of the protocol
}

// A subprotocol that the client did not offer is one, even if the test asks for it.
func TestForeignSubprotocol(t *testing.T) {
	l := wstest.Listen(t)
	rawServer(t, l, websocket.AcceptKey, []string{"Sec-WebSocket-Protocol: mqtt"})
	if c, _, err := gorilla.DefaultDialer.Dial(l.WSURL(), nil); err == nil {
		c.Close()
	}
	caught(t, func(t testing.TB) { l.AssertSubprotocol(t, "mqtt") }, "HS-SUBPROTOCOL", "mqtt")
}

func TestFixedMaskingKey(t *testing.T) {
	srv := wstest.NewServer(t, gorillaEcho(&gorilla.Upgrader{}))
	var frames [][]byte
	for _, s := range []string{"one", "two", "three", "four"} {
		frames = append(frames, frame(websocket.Text, 0, []byte(s), mask...))
	}
	frames = append(frames, frame(websocket.Close, 0, closeBody(1000, ""), mask...))
	rawClient(t, srv.Listener.Addr().String(), frames...)
	srv.Wait(t)
	caught(t, func(t testing.TB) { srv.AssertMasked(t) }, "WS-MASK-KEY", "RFC 6455 §5.3", "12 34 56 78", "three")
	srv.AssertConformant(t) // a warning

	j := &judgeTB{TB: t}
	srv.AssertConformant(j)
	if len(j.logs) != 1 || !strings.Contains(j.logs[0], "WS-MASK-KEY") {
		t.Errorf("the warning is not listed: %q", j.logs)
	}
}

func TestStrict(t *testing.T) {
	srv := wstest.NewServer(t, gorillaEcho(&gorilla.Upgrader{}), wstest.Strict())
	one := frame(websocket.Text, 0, []byte("again"), mask...)
	rawClient(t, srv.Listener.Addr().String(), one, one, one, frame(websocket.Close, 0, nil, 1, 2, 3, 4))
	srv.Wait(t)
	caught(t, func(t testing.TB) { srv.AssertConformant(t) }, "WS-MASK-KEY (warning of the client)")
	srv.AssertClose(t, 1005) // a close frame without a code
}

func TestCloseCode1005(t *testing.T) {
	srv := wstest.NewServer(t, coderEcho(t, nil))
	rawClient(t, srv.Listener.Addr().String(), frame(websocket.Close, 0, closeBody(1005, "nothing"), mask...))
	srv.Wait(t)
	want := []string{"1005", "RFC 6455 §7.4", "88 89 12 34 56 78", "frame 1 of the client"}
	caught(t, func(t testing.TB) { srv.AssertConformant(t) }, append(want, "WS-CLOSE")...)
	caught(t, func(t testing.TB) { srv.AssertClose(t, 1005) }, append(want, "may not be sent")...)
	caught(t, func(t testing.TB) { srv.AssertClose(t, 1000) }, want...)
}

func TestInvalidUTF8(t *testing.T) {
	srv := wstest.NewServer(t, gorillaEcho(&gorilla.Upgrader{})) // gorilla does not check
	rawClient(t, srv.Listener.Addr().String(), frame(websocket.Text, 0, []byte("salm\xc3\x28n"), mask...),
		frame(websocket.Close, 0, closeBody(1000, ""), 9, 8, 7, 6))
	srv.Wait(t)
	// The client is at fault, and so is the server that echoed it.
	caught(t, func(t testing.TB) { srv.AssertConformant(t) }, "WS-UTF8", "RFC 6455 §8.1", "byte 4", "c3 28", `salm\xc3(n`,
		"frame 1 of the client", "frame 1 of the server", "81 07 73 61 6c 6d c3 28  6e")
	srv.AssertConformant(t, "WS-UTF8")
}

func TestCompressedWithoutNegotiation(t *testing.T) {
	l := wstest.Listen(t)
	rawServer(t, l, websocket.AcceptKey, nil, frame(websocket.Text, websocket.RSV1, []byte{0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00}))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, _, err := coder.Dial(ctx, l.WSURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(ctx); err == nil {
		t.Error("coder took a compressed frame")
	}
	c.CloseNow()
	l.Wait(t)
	caught(t, func(t testing.TB) { l.AssertConformant(t) }, "WS-RSV", "RSV1", "c1 07 f2 48 cd", "frame 1 of the server", "§5.2")
	caught(t, func(t testing.TB) { l.AssertCompressed(t) }, "the server answered nothing")
}

// The faults of a client are seen at the client's end too.
func TestClientEnd(t *testing.T) {
	srv := wstest.NewServer(t, coderEcho(t, nil))
	c, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	rec := wstest.NewConn(t, c, wstest.ClientSide)
	speak(t, rec, "localhost", frame(websocket.Text, 0, []byte("naked")))
	rec.Close()
	caught(t, func(t testing.TB) { rec.AssertMasked(t) }, "WS-MASK", "recorded at the client", "81 05 6e 61 6b 65 64")
}

func TestRefused(t *testing.T) {
	srv := wstest.NewServer(t, gorillaEcho(&gorilla.Upgrader{}))
	c, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Write([]byte(strings.Replace(upgradeRequest("x"), "Version: 13", "Version: 8", 1)))
	caught(t, func(t testing.TB) { srv.AssertHandshake(t) }, "HS-VERSION", "400")
	if h := srv.Handshake(t); h.Accepted || h.Version != "8" {
		t.Errorf("handshake %+v", h)
	}
	caught(t, func(t testing.TB) { srv.AssertSubprotocol(t, "") }, "no handshake was accepted")
}

// A connection that ends without a close frame is 1006 to both APIs and here.
func TestNoCloseFrame(t *testing.T) {
	srv := wstest.NewServer(t, gorillaEcho(&gorilla.Upgrader{}))
	c, _, err := gorilla.DefaultDialer.Dial(srv.WSURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	c.WriteMessage(gorilla.TextMessage, []byte("so long"))
	c.Close()
	srv.AssertClose(t, 1006)
	caught(t, func(t testing.TB) { srv.AssertClose(t, 1000) }, "without a close frame (1006), want code 1000", "so long")
}
