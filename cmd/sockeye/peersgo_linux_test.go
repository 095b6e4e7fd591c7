package main

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
)

// endpoint is one end of a conversation, whatever library it runs on. What it
// sends and receives stands in its log.
type endpoint interface {
	// send sends a message: step.Op text, binary, ping or close.
	send(s step) error
	// receive returns the next data message. The error is nil with the peer's
	// close frame, and the message is nil.
	receive() (*step, error)
	// shut closes the TCP connection.
	shut()
	entries() *endLog
}

// patience is how long anything may take on a slow machine.
const patience = 3 * time.Minute

// serve answers until the peer closes. It reads on while it answers: there are
// answers to its pings.
func serve(t *testing.T, e endpoint) {
	defer e.shut()
	heard := make(chan *step, 1000)
	go func() {
		defer close(heard)
		for {
			got, err := e.receive()
			if err != nil {
				t.Error("server:", err)
			}
			if err != nil || got == nil {
				return
			}
			heard <- got
		}
	}()
	for got := range heard {
		for _, s := range answers(got) {
			if err := e.send(s); err != nil {
				t.Errorf("server sends %s: %v", s.Op, err)
				return
			}
		}
	}
}

// play says all of a script and hears until the server closes. It waits for all
// answers before it closes, and before a long message: two peers that only send
// would wait for each other.
func play(t *testing.T, e endpoint, script []step) {
	defer e.shut()
	answered, ended := make(chan bool, 1000), make(chan error, 1)
	go func() {
		for {
			got, err := e.receive()
			if err != nil || got == nil {
				close(answered)
				ended <- err
				return
			}
			answered <- true
		}
	}()
	owed := 0
	for _, s := range script {
		for ; owed > 0 && (s.Op == "close" || len(s.Data) > 100_000); owed-- {
			<-answered
		}
		if err := e.send(s); err != nil {
			t.Errorf("client sends %s: %v", s.Op, err)
			return
		}
		owed += len(echoes(s))
	}
	if err := <-ended; err != nil {
		t.Error("client:", err)
	}
}

// Compression of a conversation, as the paths of the servers name it.
const (
	takeover   = "takeover"
	noTakeover = "no-takeover"
	plain      = "plain"
)

var coderModes = map[string]websocket.CompressionMode{
	takeover: websocket.CompressionContextTakeover, noTakeover: websocket.CompressionNoContextTakeover, plain: websocket.CompressionDisabled,
}

// fragmentSize is gorilla's write buffer: it fragments longer messages.
const fragmentSize = 1000

// goServer serves /coder/MODE/N and /gorilla/MODE/N, where N numbers conversations.
type goServer struct {
	t    *testing.T
	mu   sync.Mutex
	ends map[string]chan *served // by path

	other http.Handler // for all other paths; may be nil
}

// expect returns where the server's end of the conversation with a path will be
// told, once it is over.
func (s *goServer) expect(path string) <-chan *served {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := make(chan *served, 1)
	s.ends[path] = c
	return c
}

// served is the server's end of one conversation.
type served struct {
	log            *endLog
	client, server string // addresses
}

func (s *goServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	done := s.ends[r.URL.Path]
	s.mu.Unlock()
	part := strings.Split(r.URL.Path, "/")
	if done == nil && s.other != nil {
		s.other.ServeHTTP(w, r)
		return
	}
	if done == nil || len(part) != 4 {
		http.NotFound(w, r)
		return
	}
	var e endpoint
	if part[1] == "gorilla" {
		up := gorilla.Upgrader{EnableCompression: part[2] != plain, WriteBufferSize: fragmentSize, CheckOrigin: func(*http.Request) bool { return true }}
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			s.t.Error(err)
			return
		}
		e = newGorillaEnd(c, part[2] != plain)
	} else {
		end := &coderEnd{}
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{
			CompressionMode: coderModes[part[2]], CompressionThreshold: 1, InsecureSkipVerify: true,
			OnPingReceived: end.onPing, OnPongReceived: end.onPong,
		})
		if err != nil {
			s.t.Error(err)
			return
		}
		c.SetReadLimit(-1)
		end.Conn = c
		e = end
	}
	server := r.Context().Value(http.LocalAddrContextKey).(net.Addr).String()
	serve(s.t, e)
	done <- &served{e.entries(), r.RemoteAddr, server}
}

// newGoServer serves on an address of the place.
func newGoServer(t *testing.T, p place, host string) (*goServer, string) {
	l := p.listen(t, host)
	s := &goServer{t: t, ends: map[string]chan *served{}}
	srv := &http.Server{Handler: s}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	return s, l.Addr().String()
}

// talkGo holds one conversation as a client in the place, and returns the
// client's log and address.
func talkGo(t *testing.T, p place, library, mode, url string, script []step) (*endLog, string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var local string
	dial := func(_ context.Context, _, addr string) (net.Conn, error) {
		c, err := p.dial(addr)
		if err == nil {
			local = c.LocalAddr().String()
		}
		return c, err
	}
	if library == "gorilla" {
		d := gorilla.Dialer{NetDialContext: dial, EnableCompression: mode != plain, WriteBufferSize: fragmentSize}
		c, _, err := d.DialContext(ctx, url, nil)
		if err != nil {
			t.Error(err)
			return nil, ""
		}
		e := newGorillaEnd(c, mode != plain)
		play(t, e, script)
		return e.entries(), local
	}
	e := &coderEnd{}
	c, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient:      &http.Client{Transport: &http.Transport{DialContext: dial}},
		CompressionMode: coderModes[mode], CompressionThreshold: 1, OnPingReceived: e.onPing, OnPongReceived: e.onPong,
	})
	if err != nil {
		t.Error(err)
		return nil, ""
	}
	c.SetReadLimit(-1)
	e.Conn = c
	play(t, e, script)
	return e.entries(), local
}
