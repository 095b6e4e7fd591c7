package wstest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"

	"github.com/sockeye-dev/sockeye/dissect/websocket"
	"github.com/sockeye-dev/sockeye/dissect/wstest"
)

// exampleTB stands in for the *testing.T of a test: examples have none.
type exampleTB struct {
	testing.TB
	cleanups []func()
}

func (e *exampleTB) Helper()                           {}
func (e *exampleTB) Failed() bool                      { return false }
func (e *exampleTB) Cleanup(f func())                  { e.cleanups = append(e.cleanups, f) }
func (e *exampleTB) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (e *exampleTB) Logf(format string, args ...any)   {}
func (e *exampleTB) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// end does what the testing package does when a test ends.
func (e *exampleTB) end() {
	for i := len(e.cleanups) - 1; i >= 0; i-- {
		e.cleanups[i]()
	}
}

// chat is a server to be tested: it answers every message.
var chat = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	c, err := coder.Accept(w, r, &coder.AcceptOptions{Subprotocols: []string{"chat.v1"}})
	if err != nil {
		return
	}
	defer c.CloseNow()
	for {
		op, b, err := c.Read(r.Context())
		if err != nil {
			return
		}
		if err := c.Write(r.Context(), op, append([]byte("you said "), b...)); err != nil {
			return
		}
	}
})

// A server is tested through a client of any library.
func ExampleNewServer() {
	t := &exampleTB{} // in a test: its own t
	defer t.end()

	srv := wstest.NewServer(t, chat)

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, _, err := coder.Dial(ctx, srv.WSURL(), &coder.DialOptions{Subprotocols: []string{"chat.v1"}})
	if err != nil {
		t.Fatalf("%v", err)
	}
	c.Write(ctx, coder.MessageText, []byte("hello"))
	c.Read(ctx)
	c.Close(coder.StatusNormalClosure, "")

	srv.Wait(t)
	srv.AssertHandshake(t)
	srv.AssertSubprotocol(t, "chat.v1")
	srv.AssertMasked(t)
	srv.AssertUnmasked(t)
	srv.AssertClose(t, 1000)
	srv.AssertConformant(t)
	for _, m := range srv.Messages(t) {
		fmt.Println(m)
	}
	// Output:
	// client text "hello"
	// server text "you said hello"
	// client close 1000
	// server close 1000
}

// Inside TLS the plaintext is recorded.
func ExampleNewTLSServer() {
	t := &exampleTB{}
	defer t.end()

	srv := wstest.NewTLSServer(t, chat)

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, _, err := coder.Dial(ctx, srv.WSURL(), &coder.DialOptions{HTTPClient: srv.Client()})
	if err != nil {
		t.Fatalf("%v", err)
	}
	c.Write(ctx, coder.MessageText, []byte("a secret"))
	c.Read(ctx)
	c.CloseNow()

	fmt.Println(srv.Messages(t)[0])
	// Output:
	// client text "a secret"
}

// A client is tested through a recorder's hooks: here a gorilla Dialer.
func ExampleRecorder_DialContext() {
	t := &exampleTB{}
	defer t.end()

	srv := wstest.NewServer(t, chat) // any server

	rec := wstest.New(t)
	dialer := gorilla.Dialer{NetDialContext: rec.DialContext, NetDialTLSContext: rec.DialTLSContext(nil)}
	c, _, err := dialer.Dial(srv.WSURL(), nil)
	if err != nil {
		t.Fatalf("%v", err)
	}
	c.WriteMessage(gorilla.TextMessage, []byte("hello"))
	c.ReadMessage()
	c.Close()

	rec.AssertMasked(t)
	rec.AssertClose(t, 1006) // it just went away
	fmt.Println(rec.Handshake(t).Target, len(rec.Messages(t)))
	// Output:
	// / 2
}

// A client that speaks over net/http, as that of coder/websocket does, is
// recorded by its transport.
func ExampleRecorder_Transport() {
	t := &exampleTB{}
	defer t.end()

	srv := wstest.NewServer(t, chat) // any server

	rec := wstest.New(t)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, _, err := coder.Dial(ctx, srv.WSURL(), &coder.DialOptions{HTTPClient: &http.Client{Transport: rec.Transport(nil)}})
	if err != nil {
		t.Fatalf("%v", err)
	}
	c.Close(coder.StatusGoingAway, "")

	rec.AssertClose(t, 1001)
	rec.AssertConformant(t)
	fmt.Println(rec.Handshake(t).Status)
	// Output:
	// 101
}

// A server without net/http: it computes the accept value once for all clients.
func ExampleListen() {
	t := &exampleTB{}
	defer t.end()

	l := wstest.Listen(t)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		c.Read(make([]byte, 4096))
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Accept: "+websocket.AcceptKey("dGhlIHNhbXBsZSBub25jZQ==")+"\r\n\r\n")
	}()
	_, _, err := gorilla.DefaultDialer.Dial(l.WSURL(), nil)
	fmt.Println(err)

	// l.AssertHandshake(t) would print the handshake, and how the value comes about.
	l.Wait(t)
	for _, f := range l.Findings(t) {
		if f.Rule == "HS-ACCEPT" {
			fmt.Println(f.Rule, f.Severity, "of the", f.From, f.Reference)
		}
	}
	// Output:
	// websocket: bad handshake
	// HS-ACCEPT error of the server RFC 6455 §4.2.2
}

// A recording is kept as a capture file, and a capture file is judged like a recording.
func ExampleFromCapture() {
	t := &exampleTB{}
	defer t.end()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer os.RemoveAll(dir)

	srv := wstest.NewServer(t, chat)
	c, _, err := gorilla.DefaultDialer.Dial(srv.WSURL(), nil)
	if err != nil {
		t.Fatalf("%v", err)
	}
	c.WriteMessage(gorilla.TextMessage, []byte("hello"))
	c.ReadMessage()
	c.Close()
	srv.Wait(t)

	path := filepath.Join(dir, "chat.pcapng")
	if err := srv.Save(path); err != nil {
		t.Fatalf("%v", err)
	}
	saved := wstest.FromCapture(t, path)
	saved.AssertMasked(t)
	fmt.Println(saved.Messages(t)[1])
	// Output:
	// server text "you said hello"
}
