package wstest

import (
	"bytes"
	"io"
	"net"
	"path/filepath"
	"reflect"
	"syscall"
	"testing"
	"time"
)

// scriptConn is a connection that does what a fuzzer's bytes say: each Read and
// each Write takes an order.
type scriptConn struct {
	net.Conn
	orders []byte
	end    error // what Read says once it ended
}

func (s *scriptConn) order(n int) []byte {
	b := s.orders[:min(n, len(s.orders))]
	s.orders = s.orders[len(b):]
	return b
}

// Read returns the next bytes of the script, or an end: of the stream, or by reset.
func (s *scriptConn) Read(b []byte) (int, error) {
	o := s.order(1)
	switch {
	case s.end != nil:
		return 0, s.end
	case len(o) == 0 || o[0] == 0xff:
		s.end = io.EOF
	case o[0] == 0xfe:
		s.end = syscall.ECONNRESET
	default:
		return copy(b, s.order(int(o[0]))), nil
	}
	return 0, s.end
}

// Write takes all of b, or the part that the script says.
func (s *scriptConn) Write(b []byte) (int, error) {
	if o := s.order(1); len(o) == 1 && o[0] >= 0xf0 {
		return len(b) / 2, io.ErrShortWrite
	}
	return len(b), nil
}

func (s *scriptConn) Close() error         { return nil }
func (s *scriptConn) LocalAddr() net.Addr  { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }
func (s *scriptConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv6loopback, Port: 81} }

// FuzzRecording lets two connections read and write what the script says, by
// turns, and holds three things: a connection's streams are exactly what was read
// and written; nothing is missing in them; the saved file says the same.
func FuzzRecording(f *testing.F) {
	f.Add([]byte("\x20GET / HTTP/1.1\r\nHost: x\r\nUpgrade:\x10 websocket\r\n\r\nxx\x05hello\xff"))
	f.Add([]byte("\x04\x81\x02hi\xfe"))
	f.Add(append([]byte{0xf0, 0x10}, bytes.Repeat([]byte{0x05, 0x82, 0x81, 1, 2, 3, 4, 5}, 20)...))
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 4096 {
			return
		}
		rec := New(t, Timeout(time.Second))
		var want [2][2]bytes.Buffer // by connection and side
		conns := []*Conn{rec.WrapServer(&scriptConn{orders: script[:len(script)/2]}), rec.WrapClient(&scriptConn{orders: script[len(script)/2:]})}
		buf := make([]byte, 64)
		for range 40 {
			for i, c := range conns {
				n, err := c.Read(buf)
				want[i][c.side.Other()].Write(buf[:n])
				if err == nil {
					m, _ := c.Write(bytes.ToUpper(buf[:n]))
					want[i][c.side].Write(bytes.ToUpper(buf[:n])[:m])
				}
			}
		}
		for _, c := range conns {
			c.Close()
		}
		v, _ := rec.view()
		if len(v.convs) != 2 || v.err != nil {
			t.Fatalf("%d connections, %v", len(v.convs), v.err)
		}
		for i, c := range v.convs {
			for side := range want[i] {
				w := want[i][side].Bytes()
				if got := c.bytes(Side(side), 0, 1<<30); !bytes.Equal(got, w) {
					t.Errorf("connection %d: the %v's stream is %q, want %q", i+1, Side(side), got, w)
				}
				if c.sum.Bytes[side] != uint64(len(w)) || c.sum.Missing[side] != 0 {
					t.Errorf("connection %d: %d bytes of the %v, %d missing, want %d", i+1, c.sum.Bytes[side], Side(side), c.sum.Missing[side], len(w))
				}
			}
		}
		path := filepath.Join(t.TempDir(), "saved.pcapng")
		if err := rec.Save(path); err != nil {
			t.Fatal(err)
		}
		saved, err := readFile(path, DefaultLimit)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range saved.convs {
			if !reflect.DeepEqual(c.events, v.convs[i].events) || !reflect.DeepEqual(c.sum, v.convs[i].sum) || !reflect.DeepEqual(c.data, v.convs[i].data) {
				t.Errorf("connection %d is saved as\n%+v, want\n%+v", i+1, c.events, v.convs[i].events)
			}
		}
	})
}
