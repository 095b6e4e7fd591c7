package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
)

// coderEnd is an endpoint on coder/websocket.
type coderEnd struct {
	*websocket.Conn
	log    endLog
	mu     sync.Mutex
	closes bool   // a close frame was sent
	closed bool   // one was received
	pinged string // payload of the last pong
}

func (e *coderEnd) entries() *endLog { return &e.log }
func (e *coderEnd) shut()            { e.CloseNow() }

func (e *coderEnd) onPing(_ context.Context, b []byte) bool {
	e.log.receive(newEntry("ping", b))
	e.log.send(newEntry("pong", b)) // the library's own answer
	return true
}

func (e *coderEnd) onPong(_ context.Context, b []byte) {
	e.log.receive(newEntry("pong", b))
	e.mu.Lock()
	e.pinged = string(b)
	e.mu.Unlock()
}

func (e *coderEnd) send(s step) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	switch s.Op {
	case "ping":
		return e.ping(ctx)
	case "close":
		return e.close(s)
	}
	kind := websocket.MessageText
	if s.Op == "binary" {
		kind = websocket.MessageBinary
	}
	if s.Parts == 0 {
		e.log.send(s.entry())
		return e.Write(ctx, kind, s.Data)
	}
	w, err := e.Writer(ctx, kind)
	if err != nil {
		return err
	}
	for i, part := range s.parts() {
		if i == 1 && s.Ping {
			if err := e.ping(ctx); err != nil {
				return err
			}
		}
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	e.log.send(s.entry())
	return w.Close()
}

// ping sends a ping, whose payload the library chooses, and waits for the pong.
func (e *coderEnd) ping(ctx context.Context) error {
	if err := e.Ping(ctx); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.log.send(newEntry("ping", []byte(e.pinged)))
	return nil
}

// close sends a close frame. Close reads the answer itself, if no Read is under
// way; without an error the answer had the same code, and no more is known of it.
func (e *coderEnd) close(s step) error {
	e.mu.Lock()
	e.closes = true
	e.log.send(s.entry())
	e.mu.Unlock()
	code := websocket.StatusCode(s.Code)
	if s.Code == 0 {
		code = websocket.StatusNoStatusRcvd
	}
	if err := e.Close(code, s.Reason); err != nil {
		return err
	}
	e.receivedClose(s)
	return nil
}

// receivedClose notes the peer's close frame, the first time, and the answer that
// the library gives to it.
func (e *coderEnd) receivedClose(s step) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.log.receive(s.entry())
	}
	if !e.closes {
		e.log.send(s.entry())
	}
	e.closed, e.closes = true, true
}

func (e *coderEnd) receive() (*step, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	kind, b, err := e.Read(ctx)
	var ce websocket.CloseError
	if errors.As(err, &ce) {
		closed := step{Op: "close", Code: int(ce.Code), Reason: ce.Reason}
		if ce.Code == websocket.StatusNoStatusRcvd {
			closed.Code = 0
		}
		e.receivedClose(closed)
		return nil, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil && e.closes {
		return nil, nil // Close was faster
	}
	if err != nil {
		return nil, err
	}
	s := &step{Op: "text", Data: b}
	if kind == websocket.MessageBinary {
		s.Op = "binary"
	}
	e.log.receive(s.entry())
	return s, nil
}

// gorillaEnd is an endpoint on gorilla/websocket.
type gorillaEnd struct {
	*gorilla.Conn
	log    endLog
	mu     sync.Mutex // one writer at a time, and the log in its order
	closes bool
}

func newGorillaEnd(c *gorilla.Conn, compress bool) *gorillaEnd {
	e := &gorillaEnd{Conn: c}
	c.EnableWriteCompression(compress)
	c.SetReadDeadline(time.Now().Add(patience))
	c.SetPingHandler(func(data string) error {
		e.log.receive(newEntry("ping", []byte(data)))
		return e.control(gorilla.PongMessage, "pong", []byte(data))
	})
	c.SetPongHandler(func(data string) error {
		e.log.receive(newEntry("pong", []byte(data)))
		return nil
	})
	c.SetCloseHandler(func(code int, reason string) error {
		closed := step{Op: "close", Code: code, Reason: reason}
		if code == gorilla.CloseNoStatusReceived {
			closed.Code = 0
		}
		e.log.receive(closed.entry())
		return e.close(closed)
	})
	return e
}

func (e *gorillaEnd) entries() *endLog { return &e.log }
func (e *gorillaEnd) shut()            { e.Conn.Close() }

func (e *gorillaEnd) control(kind int, op string, data []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.controlLocked(kind, op, data)
}

func (e *gorillaEnd) controlLocked(kind int, op string, data []byte) error {
	if e.closes {
		return nil // nothing may follow a close frame
	}
	e.log.send(newEntry(op, data))
	return e.WriteControl(kind, data, time.Now().Add(patience))
}

// close sends a close frame, the first time.
func (e *gorillaEnd) close(s step) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closes {
		return nil
	}
	e.closes = true
	e.log.send(s.entry())
	return e.WriteControl(gorilla.CloseMessage, s.body(), time.Now().Add(patience))
}

func (e *gorillaEnd) send(s step) error {
	switch s.Op {
	case "ping":
		return e.control(gorilla.PingMessage, "ping", s.Data)
	case "close":
		return e.close(s)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	kind := gorilla.TextMessage
	if s.Op == "binary" {
		kind = gorilla.BinaryMessage
	}
	if s.Parts == 0 {
		e.log.send(s.entry())
		return e.WriteMessage(kind, s.Data)
	}
	w, err := e.NextWriter(kind)
	if err != nil {
		return err
	}
	for i, part := range s.parts() {
		if i == 1 && s.Ping {
			if err := e.controlLocked(gorilla.PingMessage, "ping", s.between()); err != nil {
				return err
			}
		}
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	e.log.send(s.entry())
	return w.Close()
}

func (e *gorillaEnd) receive() (*step, error) {
	kind, b, err := e.ReadMessage()
	var ce *gorilla.CloseError
	if errors.As(err, &ce) && ce.Code != gorilla.CloseAbnormalClosure {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s := &step{Op: "text", Data: b}
	if kind == gorilla.BinaryMessage {
		s.Op = "binary"
	}
	e.log.receive(s.entry())
	return s, nil
}
