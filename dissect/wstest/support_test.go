package wstest_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/websocket"
)

// judgeTB is a testing.TB that remembers failures instead of failing.
type judgeTB struct {
	testing.TB
	mu     sync.Mutex
	errors []string
	logs   []string
}

func (j *judgeTB) Helper() {}
func (j *judgeTB) Errorf(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.errors = append(j.errors, fmt.Sprintf(format, args...))
}
func (j *judgeTB) Logf(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.logs = append(j.logs, fmt.Sprintf(format, args...))
}
func (j *judgeTB) Fatalf(format string, args ...any) {
	j.Errorf(format, args...)
	runtime.Goexit()
}
func (j *judgeTB) FailNow() { runtime.Goexit() }

// verdict runs an assertion and returns what it said: nothing if it passed.
func verdict(t *testing.T, assert func(testing.TB)) string {
	t.Helper()
	j := &judgeTB{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		assert(j)
	}()
	<-done
	return strings.Join(j.errors, "\n")
}

// caught fails the test unless the assertion fails and its failure shows every one of want.
func caught(t *testing.T, assert func(testing.TB), want ...string) {
	t.Helper()
	got := verdict(t, assert)
	if got == "" {
		t.Errorf("the assertion passed; want a failure with %q", want)
		return
	}
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("the failure does not show %q:\n%s", w, got)
		}
	}
	t.Logf("the failure reads:\n%s", got)
}

// sampleKey and its accept value are those of RFC 6455 §1.3.
const sampleKey = "dGhlIHNhbXBsZSBub25jZQ=="

// upgradeRequest is a client's handshake; extra are further header lines.
func upgradeRequest(host string, extra ...string) string {
	lines := append([]string{"GET /chat HTTP/1.1", "Host: " + host, "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Key: " + sampleKey, "Sec-WebSocket-Version: 13"}, extra...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// upgradeResponse is a server's answer with the given accept value.
func upgradeResponse(accept string, extra ...string) string {
	lines := append([]string{"HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Accept: " + accept}, extra...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// frame makes a frame, masked with mask if there is one.
func frame(op websocket.Opcode, rsv uint8, payload []byte, mask ...byte) []byte {
	h := websocket.Header{Fin: true, Opcode: op, RSV: rsv, Length: uint64(len(payload)), Masked: len(mask) == 4}
	if h.Masked {
		h.Mask = [4]byte(mask)
	}
	return websocket.Unmask(h.Append(nil), payload, h.Mask, 0)
}

// rawClient connects, shakes hands and sends frames; then it reads to the end.
func rawClient(t *testing.T, addr string, frames ...[]byte) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	speak(t, c, addr, frames...)
}

func speak(t *testing.T, c net.Conn, host string, frames ...[]byte) {
	t.Helper()
	if _, err := io.WriteString(c, upgradeRequest(host)); err != nil {
		t.Fatal(err)
	}
	br := bufio.NewReader(c)
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the server answered %s", resp.Status)
	}
	if _, err := c.Write(bytes.Join(frames, nil)); err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, br)
}

// rawServer serves one connection: it answers the handshake with an accept value
// made by accept, sends frames, and reads until the client ends.
func rawServer(t *testing.T, l net.Listener, accept func(key string) string, header []string, frames ...[]byte) {
	t.Helper()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		br := bufio.NewReader(c)
		req, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		out := []byte(upgradeResponse(accept(req.Header.Get("Sec-WebSocket-Key")), header...))
		if _, err := c.Write(append(out, bytes.Join(frames, nil)...)); err != nil {
			return
		}
		io.Copy(io.Discard, br)
	}()
}
