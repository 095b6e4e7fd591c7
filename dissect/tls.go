package dissect

import (
	"strings"

	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect/tls"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// tlsStream reads TLS records up to the end of the hellos (RFC 8446 §5.1): what
// follows is encrypted.
type tlsStream struct {
	dir [2]tlsSide
}

type tlsSide struct {
	hello  tls.Handshakes // handshake messages across records
	done   bool           // the hello was read, or will not come
	remain uint64         // of the record at hand
	record tls.RecordHeader
}

func startTLS(k *Conn, s *signs) Dissector {
	t := &tlsStream{}
	if !s.fresh {
		t.dir[0].done, t.dir[1].done = true, true
	}
	return t
}

func (t *tlsStream) Layer() string { return "tls" }

func (t *tlsStream) Data(k *Conn, dir packet.Dir, b []byte, at reassembly.At) int {
	s := &t.dir[dir]
	if s.done {
		return len(b)
	}
	if s.remain == 0 {
		h, n := tls.ParseRecordHeader(b)
		if n == 0 {
			return 0
		}
		if h.Type != tls.Handshake {
			s.done = true
			return len(b)
		}
		s.record, s.remain = h, uint64(h.Length)
		return n
	}
	n := int(min(s.remain, uint64(len(b))))
	s.remain -= uint64(n)
	t.handshake(k, dir, b[:n])
	return n
}

// handshake reads hellos from the bytes of handshake records.
func (t *tlsStream) handshake(k *Conn, dir packet.Dir, b []byte) {
	s := &t.dir[dir]
	s.hello.Append(b)
	for {
		typ, body, ok, err := s.hello.Next()
		switch {
		case err != nil:
			s.done = true
			return
		case !ok:
			return
		case typ == tls.TypeClientHello:
			if h, err := tls.ParseClientHello(body); err == nil {
				k.sum.SNI = h.SNI
				if k.sum.ALPN == "" {
					k.sum.ALPN = strings.Join(h.ALPN, ",")
				}
			}
			s.done = true
		case typ == tls.TypeServerHello:
			if h, err := tls.ParseServerHello(body); err == nil && h.ALPN != "" {
				k.sum.ALPN = h.ALPN
			}
			s.done = true
		}
	}
}

func (t *tlsStream) Gap(k *Conn, dir packet.Dir, _ []byte, _ uint64, _ reassembly.At) bool {
	t.dir[dir].done = true
	return true
}

func (t *tlsStream) Fin(*Conn, packet.Dir, []byte) {}
func (t *tlsStream) End(*Conn)                     {}
