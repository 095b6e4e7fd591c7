package wstest_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gorilla "github.com/gorilla/websocket"

	"github.com/sockeye-dev/sockeye/dissect/websocket"
	"github.com/sockeye-dev/sockeye/dissect/wstest"
)

const pcaps = "../../pcaps/"

func TestFromCapture(t *testing.T) {
	r := wstest.FromCapture(t, pcaps+"websockets-deflate-takeover.pcap")
	r.Wait(t)
	r.AssertHandshake(t)
	r.AssertMasked(t)
	r.AssertUnmasked(t)
	r.AssertCompressed(t)
	if n := len(r.Messages(t)); n == 0 {
		t.Error("no messages")
	}
	bad := wstest.FromCapture(t, pcaps+"misbehave-a.pcap")
	caught(t, func(t testing.TB) { bad.AssertConformant(t) }, "broken: 1 rule", "RFC 6455", "the conversation:")
	if rules := len(bad.Findings(t)); rules < 5 {
		t.Errorf("%d findings", rules)
	}
	caught(t, func(t testing.TB) { wstest.FromCapture(t, "no such file") }, "no such file")
	caught(t, func(t testing.TB) { wstest.FromCapture(t, "doc.go") }, "doc.go")
	caught(t, func(t testing.TB) { wstest.FromCapture(t, pcaps+"chat-small.pcap", wstest.Limit(1000)) }, "more than 1000 bytes", "Limit")
	if err := bad.Connection(t, 1).Save(filepath.Join(t.TempDir(), "x")); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("saving one connection of a file: %v", err)
	}
}

// pipe records a raw conversation over a net.Pipe and returns its ends: that of
// the server is recorded.
func pipe(t *testing.T, opts ...wstest.Option) (client net.Conn, server *wstest.Conn) {
	a, b := net.Pipe()
	t.Cleanup(func() { a.Close() })
	return a, wstest.NewConn(t, b, wstest.ServerSide, opts...)
}

// exchange sends b from one end to the other.
func exchange(t *testing.T, from, to net.Conn, b []byte) {
	t.Helper()
	var group sync.WaitGroup
	group.Go(func() { from.Write(b) })
	if _, err := io.ReadFull(to, make([]byte, len(b))); err != nil {
		t.Error(err)
	}
	group.Wait()
}

func shake(t *testing.T, client, server net.Conn) {
	t.Helper()
	exchange(t, client, server, []byte(upgradeRequest("pipe")))
	exchange(t, server, client, []byte(upgradeResponse(websocket.AcceptKey(sampleKey))))
}

// Assertions on what is there wait for it; others do not need the end.
func TestAssertWhileOpen(t *testing.T) {
	client, server := pipe(t)
	go func() {
		time.Sleep(30 * time.Millisecond)
		shake(t, client, server)
		exchange(t, client, server, frame(websocket.Text, 0, []byte("hi"), mask...))
		time.Sleep(30 * time.Millisecond)
		exchange(t, server, client, frame(websocket.Close, 0, closeBody(4001, "enough")))
	}()
	if h := server.Handshake(t); h.Host != "pipe" {
		t.Errorf("handshake %+v", h)
	}
	if m := server.WaitMessages(t, 1); string(m[0].Payload) != "hi" || m[0].From != wstest.ClientSide {
		t.Errorf("messages %v", m)
	}
	server.AssertClose(t, 4001)
	server.AssertMasked(t)
	server.AssertConformant(t) // still open
	caught(t, func(t testing.TB) { server.AssertClose(t, 1000) }, "the server closed with code 4001", "want 1000", "enough")
}

// A message or handshake that is still under way is not one yet.
func TestUnderWay(t *testing.T) {
	client, server := pipe(t, wstest.Timeout(50*time.Millisecond), wstest.Quiet(10*time.Millisecond))
	exchange(t, client, server, []byte(upgradeRequest("pipe")))
	if h := server.Handshakes(t); len(h) != 0 {
		t.Errorf("handshakes %v", h)
	}
	caught(t, func(t testing.TB) { server.AssertHandshake(t) }, "no WebSocket connection", "still open")
	exchange(t, server, client, []byte(upgradeResponse(websocket.AcceptKey(sampleKey))))
	f := frame(websocket.Text, 0, []byte("hello"), mask...)
	exchange(t, client, server, f[:8])
	if m := server.Messages(t); len(m) != 0 {
		t.Errorf("messages %v", m)
	}
	exchange(t, client, server, f[8:])
	if m := server.Messages(t); len(m) != 1 || string(m[0].Payload) != "hello" {
		t.Errorf("messages %v", m)
	}
	caught(t, func(t testing.TB) { server.Wait(t) }, "did not end within 50ms", "still open")
	caught(t, func(t testing.TB) { server.WaitMessages(t, 2) }, "1 of 2 messages")
	caught(t, func(t testing.TB) { server.AssertClose(t, 1000) }, "still open; want code 1000")
	caught(t, func(t testing.TB) { server.AssertUnmasked(t) }, "the server sent no frame")
	server.Close()
	server.Wait(t)
}

func TestNothingRecorded(t *testing.T) {
	rec := wstest.New(t, wstest.Timeout(10*time.Millisecond))
	for _, f := range []func(testing.TB){
		func(t testing.TB) { rec.AssertConformant(t) },
		func(t testing.TB) { rec.AssertHandshake(t) },
		func(t testing.TB) { rec.AssertMasked(t) },
		func(t testing.TB) { rec.AssertClose(t, 1006) },
		func(t testing.TB) { rec.AssertSubprotocol(t, "") },
		func(t testing.TB) { rec.Handshake(t) },
		func(t testing.TB) { rec.Wait(t) },
	} {
		caught(t, f, "no connection was recorded")
	}
	caught(t, func(t testing.TB) { rec.Connection(t, 1) }, "no connection 1")
}

func TestLimit(t *testing.T) {
	client, server := pipe(t, wstest.Limit(2000))
	shake(t, client, server)
	server.AssertHandshake(t)
	for range 10 {
		exchange(t, client, server, frame(websocket.Binary, 0, make([]byte, 300), mask...))
	}
	for _, f := range []func(testing.TB){
		func(t testing.TB) { server.AssertConformant(t) },
		func(t testing.TB) { server.AssertHandshake(t) },
		func(t testing.TB) { server.Messages(t) },
		func(t testing.TB) { server.WaitMessages(t, 1) },
	} {
		caught(t, f, "the recording is incomplete: more than 2000 bytes", "wstest.Limit")
	}
	path := filepath.Join(t.TempDir(), "part.pcapng")
	if err := server.Save(path); err == nil || !strings.Contains(err.Error(), "incomplete") {
		t.Errorf("Save says %v", err)
	}
	if n := len(wstest.FromCapture(t, path).Messages(t)); n == 0 {
		t.Error("what came before the limit was not saved")
	}
}

// What could not be written is not in the recording.
func TestShortWrite(t *testing.T) {
	client, server := pipe(t)
	shake(t, client, server)
	one, two := frame(websocket.Text, 0, []byte("one")), frame(websocket.Text, 0, []byte("two"))
	go func() {
		io.ReadFull(client, make([]byte, len(one)))
		client.Close()
	}()
	if n, err := server.Write(append(one, two...)); n != len(one) || err == nil {
		t.Fatalf("%d bytes written, %v", n, err)
	}
	server.Close()
	if m := server.Messages(t); len(m) != 1 || string(m[0].Payload) != "one" {
		t.Errorf("messages %v", m)
	}
}

func TestReset(t *testing.T) {
	l := wstest.Listen(t)
	rawServer(t, l, websocket.AcceptKey, nil)
	c, _, err := gorilla.DefaultDialer.Dial(l.WSURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	c.WriteMessage(gorilla.TextMessage, []byte("and then"))
	l.WaitMessages(t, 1)
	c.NetConn().(*net.TCPConn).SetLinger(0)
	c.Close()
	l.Wait(t)
	if s := l.Connections(t)[0]; s.State != "reset" || s.ClosedBy != wstest.ClientSide {
		t.Errorf("the connection is %q by the %v", s.State, s.ClosedBy)
	}
	l.AssertClose(t, 1006)
}

func TestCloseWrite(t *testing.T) {
	l := wstest.Listen(t)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		io.WriteString(c, "that is all")
		c.(*wstest.Conn).CloseWrite()
		io.Copy(io.Discard, c)
		c.Close()
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(c); string(b) != "that is all" || err != nil {
		t.Errorf("read %q, %v", b, err)
	}
	c.Close()
	l.Wait(t)
	if s := l.Connections(t)[0]; s.State != "closed" || s.ClosedBy != wstest.ServerSide || s.Protocol != "raw" {
		t.Errorf("the connection is %+v", s)
	}
	_, server := pipe(t)
	if err := server.CloseWrite(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("CloseWrite of a pipe: %v", err)
	}
}

func TestIPv6(t *testing.T) {
	inner, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 loopback here: %v", err)
	}
	defer inner.Close()
	rec := wstest.New(t)
	rawServer(t, rec.WrapListener(inner), websocket.AcceptKey, nil, frame(websocket.Text, 0, []byte("six")), frame(websocket.Close, 0, closeBody(1000, "")))
	c, _, err := gorilla.DefaultDialer.Dial("ws://"+inner.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	c.ReadMessage()
	c.Close()
	rec.Wait(t)
	rec.AssertConformant(t)
	if s := rec.Connections(t)[0]; s.Server != inner.Addr().String() {
		t.Errorf("the server is %s, want %s", s.Server, inner.Addr())
	}
}

// When a test ends, its connections are closed, and saved if it failed.
func TestCleanup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "failed.pcapng")
	var client net.Conn
	t.Run("passes", func(t *testing.T) {
		var server *wstest.Conn
		client, server = pipe(t, wstest.SaveOnFailure(path))
		shake(t, client, server)
	})
	if _, err := client.Write([]byte("x")); err == nil {
		t.Error("the connection outlived its test")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the recording of a test that passed was saved")
	}

	f := &failedTB{TB: t}
	a, b := net.Pipe()
	server := wstest.NewConn(f, b, wstest.ServerSide, wstest.SaveOnFailure(path))
	shake(t, a, server)
	for _, c := range f.cleanups {
		c()
	}
	wstest.FromCapture(t, path).AssertHandshake(t)
	a.Close()
}

// failedTB is a test that failed.
type failedTB struct {
	testing.TB
	cleanups []func()
}

func (f *failedTB) Failed() bool     { return true }
func (f *failedTB) Cleanup(c func()) { f.cleanups = append(f.cleanups, c) }

// Every connection of many is numbered in the order in which they began.
func TestConnectionNumbers(t *testing.T) {
	rec := wstest.New(t)
	for i := range 5 {
		a, b := net.Pipe()
		c := rec.WrapServer(b)
		exchange(t, a, c, fmt.Appendf(nil, "GET /%d HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n", i+1, sampleKey))
		exchange(t, c, a, []byte(upgradeResponse(websocket.AcceptKey(sampleKey))))
		a.Close()
		c.Close()
	}
	rec.Wait(t)
	for i := range 5 {
		if h := rec.Connection(t, i+1).Handshake(t); h.Target != fmt.Sprintf("/%d", i+1) {
			t.Errorf("connection %d asked for %s", i+1, h.Target)
		}
	}
}
