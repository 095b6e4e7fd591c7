package wstest_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"

	"github.com/sockeye-dev/sockeye/dissect/wstest"
)

// coderEcho is a server of github.com/coder/websocket that echoes messages.
func coderEcho(t *testing.T, o *coder.AcceptOptions) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := coder.Accept(w, r, o)
		if err != nil {
			return
		}
		defer c.CloseNow()
		ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
		defer cancel()
		for {
			op, b, err := c.Read(ctx)
			if err != nil {
				return
			}
			if err := c.Write(ctx, op, b); err != nil {
				return
			}
		}
	})
}

// gorillaEcho is a server of github.com/gorilla/websocket that echoes messages.
func gorillaEcho(up *gorilla.Upgrader) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for {
			op, b, err := c.ReadMessage()
			if err != nil {
				return
			}
			if err := c.WriteMessage(op, b); err != nil {
				return
			}
		}
	})
}

// coderTalk says texts to a server, hears their echoes and closes with 1000.
func coderTalk(t *testing.T, url string, o *coder.DialOptions, texts ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, _, err := coder.Dial(ctx, url, o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	for _, s := range texts {
		if err := c.Write(ctx, coder.MessageText, []byte(s)); err != nil {
			t.Fatal(err)
		}
		if _, b, err := c.Read(ctx); err != nil || string(b) != s {
			t.Fatalf("echo of %.40q: %.40q, %v", s, b, err)
		}
	}
	if err := c.Close(coder.StatusNormalClosure, "bye"); err != nil {
		t.Fatal(err)
	}
}

// gorillaTalk does the same with the other library.
func gorillaTalk(t *testing.T, url string, d *gorilla.Dialer, texts ...string) {
	t.Helper()
	c, _, err := d.Dial(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, s := range texts {
		if err := c.WriteMessage(gorilla.TextMessage, []byte(s)); err != nil {
			t.Fatal(err)
		}
		if _, b, err := c.ReadMessage(); err != nil || string(b) != s {
			t.Fatalf("echo of %.40q: %.40q, %v", s, b, err)
		}
	}
	bye := gorilla.FormatCloseMessage(gorilla.CloseNormalClosure, "bye")
	if err := c.WriteMessage(gorilla.CloseMessage, bye); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.ReadMessage(); !gorilla.IsCloseError(err, 1000) {
		t.Fatalf("closing: %v", err)
	}
}

// good asserts all that is true of a sound conversation of texts and their echoes.
func good(t *testing.T, r *wstest.Recording, texts ...string) {
	t.Helper()
	r.Wait(t)
	r.AssertHandshake(t)
	r.AssertMasked(t)
	r.AssertUnmasked(t)
	r.AssertClose(t, 1000)
	r.AssertConformant(t)
	var said [2][]string
	for _, m := range r.Messages(t) {
		if m.Opcode == 1 {
			said[m.From] = append(said[m.From], string(m.Payload))
		}
	}
	for side, got := range said {
		if strings.Join(got, "|") != strings.Join(texts, "|") {
			t.Errorf("%v said %.80q, want %.80q", wstest.Side(side), got, texts)
		}
	}
}

var texts = []string{"hello", strings.Repeat("the salmon swims upstream ", 60), "späwning 🐟"}

func TestCoderServer(t *testing.T) {
	srv := wstest.NewServer(t, coderEcho(t, &coder.AcceptOptions{Subprotocols: []string{"chat.v1"}}))
	coderTalk(t, srv.WSURL(), &coder.DialOptions{Subprotocols: []string{"chat.v2", "chat.v1"}}, texts...)
	good(t, srv.Recording, texts...)
	srv.AssertSubprotocol(t, "chat.v1")
	if h := srv.Handshake(t); h.Status != 101 || h.Accept != h.AcceptExpected || h.Target != "/" {
		t.Errorf("handshake %+v", h)
	}
	caught(t, func(t testing.TB) { srv.AssertCompressed(t) }, "was not agreed on", "RFC 7692")
}

func TestGorillaServer(t *testing.T) {
	srv := wstest.NewServer(t, gorillaEcho(&gorilla.Upgrader{EnableCompression: true, Subprotocols: []string{"a"}}))
	gorillaTalk(t, srv.WSURL(), &gorilla.Dialer{EnableCompression: true, Subprotocols: []string{"a"}}, texts...)
	good(t, srv.Recording, texts...)
	srv.AssertCompressed(t)
	srv.AssertSubprotocol(t, "a")
}

func TestTLSServer(t *testing.T) {
	var state *tls.ConnectionState
	echo := gorillaEcho(&gorilla.Upgrader{})
	srv := wstest.NewTLSServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		state = r.TLS
		echo.ServeHTTP(w, r)
	}))
	coderTalk(t, srv.WSURL(), &coder.DialOptions{HTTPClient: srv.Client()}, texts...)
	good(t, srv.Recording, texts...)
	if state == nil || !state.HandshakeComplete {
		t.Errorf("Request.TLS is %+v", state)
	}
	gorillaTalk(t, srv.WSURL(), &gorilla.Dialer{TLSClientConfig: &tls.Config{RootCAs: srv.RootCAs()}}, "second")
	good(t, srv.Connection(t, 2), "second")
	if srv.Certificate() == nil {
		t.Error("no certificate")
	}
	resp, err := srv.Client().Get("https://example.com/") // httptest's name for its servers
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

func TestTransport(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls %v", secure), func(t *testing.T) {
			start := wstest.NewServer
			if secure {
				start = wstest.NewTLSServer
			}
			srv := start(t, coderEcho(t, &coder.AcceptOptions{CompressionMode: coder.CompressionContextTakeover}))
			rec := wstest.New(t)
			client := &http.Client{Transport: rec.Transport(srv.Client().Transport.(*http.Transport))}
			coderTalk(t, srv.WSURL(), &coder.DialOptions{HTTPClient: client, CompressionMode: coder.CompressionContextTakeover}, texts...)
			good(t, rec.Recording, texts...)
			good(t, srv.Recording, texts...)
			rec.AssertCompressed(t)
		})
	}
}

func TestDialContext(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls %v", secure), func(t *testing.T) {
			start := wstest.NewServer
			if secure {
				start = wstest.NewTLSServer
			}
			srv := start(t, gorillaEcho(&gorilla.Upgrader{}))
			rec := wstest.New(t)
			gorillaTalk(t, srv.WSURL(), &gorilla.Dialer{NetDialContext: rec.DialContext,
				NetDialTLSContext: rec.DialTLSContext(&tls.Config{RootCAs: srv.RootCAs()})}, texts...)
			good(t, rec.Recording, texts...)
		})
	}
}

// A TLS handshake that fails leaves a connection without bytes, and its reason.
func TestDistrust(t *testing.T) {
	srv := wstest.NewTLSServer(t, gorillaEcho(&gorilla.Upgrader{}), wstest.Timeout(time.Minute))
	srv.Config.ErrorLog = nil
	_, _, err := gorilla.DefaultDialer.Dial(srv.WSURL(), nil)
	if err == nil {
		t.Fatal("the certificate was trusted")
	}
	srv.Wait(t)
	caught(t, func(t testing.TB) { srv.AssertHandshake(t) }, "no WebSocket connection was recorded", "tls: bad certificate")
}

func TestConcurrentConnections(t *testing.T) {
	srv := wstest.NewServer(t, coderEcho(t, nil))
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			coderTalk(t, srv.WSURL(), nil, fmt.Sprintf("hello %d", i))
			srv.Messages(t)
		})
	}
	group.Wait()
	srv.Wait(t)
	srv.AssertConformant(t)
	srv.AssertClose(t, 1000)
	said := map[string]int{}
	for _, m := range srv.Messages(t) {
		said[string(m.Payload)]++
	}
	for i := range 20 {
		if n := said[fmt.Sprintf("hello %d", i)]; n != 2 {
			t.Errorf("message %d is there %d times, want it and its echo", i, n)
		}
	}
	if n := len(srv.Connections(t)); n != 20 {
		t.Errorf("%d connections", n)
	}
	caught(t, func(t testing.TB) { srv.Handshake(t) }, "20 handshakes", "Connection")
	good(t, srv.Connection(t, 7), srv.Connection(t, 7).Messages(t)[0].String()[len(`client text "`):][:len(srv.Connection(t, 7).Messages(t)[0].Payload)])
}

// Other traffic on a recorded server is no WebSocket and breaks no rule.
func TestPlainHTTP(t *testing.T) {
	srv := wstest.NewServer(t, http.NotFoundHandler(), wstest.Timeout(time.Second))
	resp, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	caught(t, func(t testing.TB) { srv.AssertConformant(t) }, "no WebSocket connection was recorded", "http")
	if err := errors.Join(srv.Save(t.TempDir() + "/plain.pcapng")); err != nil {
		t.Error(err)
	}
}
