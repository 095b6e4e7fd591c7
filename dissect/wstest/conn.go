package wstest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A Conn is a recorded connection. It is a net.Conn to be used in place of the
// one it was made of, and its assertions are about this connection alone.
//
// It hides the type of the connection inside. An http.Server therefore does not
// see that a connection is TLS, and speaks HTTP/1.1 on it.
type Conn struct {
	*Recording
	inner net.Conn
	rec   *Recorder
	side  Side // whose end this is
	index int

	addr [2]netip.AddrPort // by Side; invalid where the connection is not TCP

	reading, writing sync.Mutex // keep the log in the order of the wire

	// What is known about its ends, under rec.mu.
	closed  bool    // by Close, or by a reset
	ended   [2]bool // by Side: the direction ended
	trouble error   // the first error of Read or Write that is not an end
}

var _ net.Conn = (*Conn)(nil)

// NewConn records one connection, of which the test holds the given side's end.
func NewConn(t testing.TB, c net.Conn, side Side, opts ...Option) *Conn {
	t.Helper()
	return New(t, opts...).wrap(c, side)
}

// Read implements net.Conn.
func (c *Conn) Read(b []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	n, err := c.inner.Read(b)
	if n > 0 {
		c.rec.note(c, sent, c.side.Other(), b[:n])
	}
	if err != nil {
		c.failed(err)
	}
	return n, err
}

// Write implements net.Conn. The bytes are recorded before they are passed on,
// so that the recording is never behind what a peer answers; what could not be
// written is taken back.
func (c *Conn) Write(b []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	index, ok := 0, false
	if len(b) > 0 {
		index, ok = c.rec.note(c, sent, c.side, b)
	}
	n, err := c.inner.Write(b)
	if ok && n < len(b) {
		c.rec.shorten(index, max(n, 0))
	}
	if err != nil {
		c.failed(err)
	}
	return n, err
}

// failed notes what an error says about the connection.
func (c *Conn) failed(err error) {
	r := c.rec
	r.mu.Lock()
	defer r.mu.Unlock()
	peer := c.side.Other()
	switch {
	case c.closed, errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe), errors.Is(err, os.ErrDeadlineExceeded):
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		c.finish(peer)
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		c.closed, c.ended = true, [2]bool{true, true}
		r.add(entry{conn: c.index, what: aborted, from: peer})
	case c.trouble == nil:
		c.trouble = err
		r.change()
	}
}

// finish notes once that a direction ended. rec.mu is held.
func (c *Conn) finish(from Side) {
	if !c.ended[from] {
		c.ended[from] = true
		c.rec.add(entry{conn: c.index, what: finished, from: from})
	}
}

// Close implements net.Conn.
func (c *Conn) Close() error {
	c.rec.mu.Lock()
	if !c.closed {
		c.closed = true
		c.finish(c.side)
		c.rec.change()
	}
	c.rec.mu.Unlock()
	return c.inner.Close()
}

// CloseWrite ends this side's direction where the connection inside can;
// otherwise it returns errors.ErrUnsupported.
func (c *Conn) CloseWrite() error {
	half, ok := c.inner.(interface{ CloseWrite() error })
	if !ok {
		return fmt.Errorf("wstest: CloseWrite of a %T: %w", c.inner, errors.ErrUnsupported)
	}
	c.rec.mu.Lock()
	if !c.closed {
		c.finish(c.side)
	}
	c.rec.mu.Unlock()
	return half.CloseWrite()
}

// NetConn returns the connection inside. What is read or written there is not recorded.
func (c *Conn) NetConn() net.Conn { return c.inner }

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.inner.LocalAddr() }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.inner.RemoteAddr() }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error { return c.inner.SetDeadline(t) }

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.inner.SetReadDeadline(t) }

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.inner.SetWriteDeadline(t) }

// tail is what is known about a recorded connection besides its bytes.
type tail struct {
	side    Side
	tls     bool
	open    bool
	trouble error
	addr    [2]netip.AddrPort
}

// tail is called with rec.mu held.
func (c *Conn) tail() tail {
	_, inTLS := c.inner.(*tls.Conn)
	return tail{side: c.side, tls: inTLS, open: !c.closed, trouble: c.trouble, addr: c.addr}
}

// how says where the connection was recorded.
func (e *tail) how() string {
	if e.tls {
		return fmt.Sprintf("recorded at the %v inside TLS", e.side)
	}
	return fmt.Sprintf("recorded at the %v", e.side)
}

func addrPort(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	p := t.AddrPort()
	return netip.AddrPortFrom(p.Addr().Unmap().WithZone(""), p.Port())
}
