package wstest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A Listener is a net.Listener whose connections are recorded.
type Listener struct {
	net.Listener
	*Recorder
}

// Listen listens on a free TCP port of the loopback interface and records every
// connection that is accepted. The listener is closed when the test ends.
func Listen(t testing.TB, opts ...Option) *Listener {
	t.Helper()
	r := New(t, opts...)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		if l, err = net.Listen("tcp6", "[::1]:0"); err != nil {
			t.Fatalf("wstest: cannot listen on the loopback interface: %v", err)
		}
	}
	t.Cleanup(func() { l.Close() })
	return &Listener{Listener: r.WrapListener(l), Recorder: r}
}

// WSURL is the listener's address as a ws URL.
func (l *Listener) WSURL() string { return "ws://" + l.Addr().String() }

// WrapListener returns a listener that accepts what l accepts and records it. To
// record inside TLS, l is what tls.NewListener returned.
func (r *Recorder) WrapListener(l net.Listener) net.Listener { return &recorded{l, r} }

type recorded struct {
	net.Listener
	rec *Recorder
}

func (l *recorded) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.rec.WrapServer(c), nil
}

// A Server is an httptest.Server whose connections are recorded.
type Server struct {
	*httptest.Server
	*Recorder
	cert *x509.Certificate
}

// NewServer starts a server as httptest.NewServer does. It is closed when the test ends.
func NewServer(t testing.TB, h http.Handler, opts ...Option) *Server {
	t.Helper()
	s := &Server{Server: httptest.NewUnstartedServer(h), Recorder: New(t, opts...)}
	s.Listener = s.WrapListener(s.Listener)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// NewTLSServer starts a server as httptest.NewTLSServer does and records inside
// TLS. Its Client trusts it; other clients find its certificate with Certificate
// or RootCAs. It speaks HTTP/1.1 only; Request.TLS is set as usual. It is closed
// when the test ends.
func NewTLSServer(t testing.TB, h http.Handler, opts ...Option) *Server {
	t.Helper()
	// httptest shows its certificate only in a server that runs.
	lender := httptest.NewTLSServer(http.NotFoundHandler())
	config := lender.TLS.Clone()
	cert := lender.Certificate()
	lender.Close()

	s := &Server{Server: httptest.NewUnstartedServer(withTLSState(h)), Recorder: New(t, opts...), cert: cert}
	config.NextProtos = []string{"http/1.1"}
	s.TLS = config
	s.Listener = s.WrapListener(tls.NewListener(s.Listener, config))
	s.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, c)
	}
	s.Start()
	s.URL = "https://" + s.Listener.Addr().String()
	if tr, ok := s.Client().Transport.(*http.Transport); ok {
		tr.TLSClientConfig = &tls.Config{RootCAs: s.RootCAs()}
		tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if addr == "example.com:443" || strings.HasSuffix(addr, ".example.com:443") { // as httptest does
				addr = s.Listener.Addr().String()
			}
			return new(net.Dialer).DialContext(ctx, network, addr)
		}
	}
	t.Cleanup(s.Close)
	return s
}

// WSURL is the server's URL with the scheme ws or wss.
func (s *Server) WSURL() string { return "ws" + strings.TrimPrefix(s.URL, "http") }

// Certificate returns the certificate of a TLS server, nil for any other.
func (s *Server) Certificate() *x509.Certificate { return s.cert }

// RootCAs returns a pool that makes a client trust a TLS server; nil for any other.
func (s *Server) RootCAs() *x509.CertPool {
	if s.cert == nil {
		return nil
	}
	pool := x509.NewCertPool()
	pool.AddCert(s.cert)
	return pool
}

// connKey is the context key of a request's connection.
type connKey struct{}

// withTLSState sets Request.TLS, which http.Server cannot do where a Conn hides
// the TLS connection.
func withTLSState(h http.Handler) http.Handler {
	if h == nil {
		h = http.DefaultServeMux
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connKey{}).(*Conn); ok && r.TLS == nil {
			if inner, ok := c.NetConn().(*tls.Conn); ok {
				state := inner.ConnectionState()
				r.TLS = &state
			}
		}
		h.ServeHTTP(w, r)
	})
}
