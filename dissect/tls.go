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
	hello  tls.Assembler // handshake messages across records
	done   bool          // the hello was read, or will not come
	remain int           // bytes of the handshake record at hand
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
		h, ok := tls.ParseRecordHeader(b)
		switch {
		case !ok:
			return 0
		case h.Type != tls.RecordHandshake || !h.Plausible():
			t.finish(s)
			return len(b)
		}
		s.remain = int(h.Length)
		return tls.RecordHeaderLen
	}
	n := min(s.remain, len(b))
	s.remain -= n
	if s.hello.Add(b[:n]) != nil {
		t.finish(s)
		return n
	}
	for !s.done {
		m, ok, err := s.hello.Next()
		if err != nil {
			t.finish(s)
		}
		if !ok || err != nil {
			break
		}
		t.message(k, s, m)
	}
	return n
}

// message reads the names that the hellos carry.
func (t *tlsStream) message(k *Conn, s *tlsSide, m tls.Message) {
	switch {
	case k.sum == nil:
		t.finish(s)
	case m.Type == tls.TypeClientHello:
		if h, err := tls.ParseClientHello(m.Body); err == nil {
			k.sum.SNI = h.SNI
			if k.sum.ALPN == "" {
				k.sum.ALPN = strings.Join(h.ALPN, ",")
			}
		}
		t.finish(s)
	case m.Type == tls.TypeServerHello:
		if h, err := tls.ParseServerHello(m.Body); err == nil && h.ALPN != "" {
			k.sum.ALPN = h.ALPN
		}
		t.finish(s)
	}
}

func (t *tlsStream) finish(s *tlsSide) { *s = tlsSide{done: true} }

func (t *tlsStream) Gap(k *Conn, dir packet.Dir, _ []byte, _ uint64, _ reassembly.At) bool {
	t.dir[dir].done = true
	return true
}

func (t *tlsStream) Fin(*Conn, packet.Dir, []byte) {}
func (t *tlsStream) End(*Conn)                     {}
