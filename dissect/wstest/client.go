package wstest

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
)

// DialFunc makes a connection, as net.Dialer.DialContext does.
type DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// DialContext dials as a zero net.Dialer does and records the connection. It is
// an http.Transport's DialContext and a gorilla Dialer's NetDialContext. A TLS
// connection made on top of it is recorded as ciphertext: see DialTLSContext.
func (r *Recorder) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return r.WrapDial(new(net.Dialer).DialContext)(ctx, network, addr)
}

// WrapDial returns a function that dials with dial and records the connection.
func (r *Recorder) WrapDial(dial DialFunc) DialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return r.WrapClient(c), nil
	}
}

// DialTLSContext returns a function that dials as a zero net.Dialer does, makes
// a TLS connection with config and records inside it. It is an http.Transport's
// DialTLSContext and a gorilla Dialer's NetDialTLSContext. The server name is
// that of the address, unless config has one; config may be nil.
func (r *Recorder) DialTLSContext(config *tls.Config) DialFunc {
	return r.dialTLS(new(net.Dialer).DialContext, config)
}

func (r *Recorder) dialTLS(dial DialFunc, config *tls.Config) DialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		raw, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		mine := &tls.Config{}
		if config != nil {
			mine = config.Clone()
		}
		if mine.ServerName == "" {
			host, _, err := net.SplitHostPort(addr)
			if err != nil {
				host = addr
			}
			mine.ServerName = host
		}
		mine.NextProtos = []string{"http/1.1"}
		c := tls.Client(raw, mine)
		if err := c.HandshakeContext(ctx); err != nil {
			raw.Close()
			return nil, err
		}
		return r.WrapClient(c), nil
	}
}

// Transport returns a copy of base, of http.DefaultTransport if base is nil, that
// records every connection it makes, inside TLS too, and speaks HTTP/1.1 only.
// base's dialer and TLSClientConfig are used, its DialTLSContext is not.
// Connections through an HTTP proxy to https are recorded as ciphertext.
func (r *Recorder) Transport(base *http.Transport) *http.Transport {
	if base == nil {
		base, _ = http.DefaultTransport.(*http.Transport)
	}
	if base == nil {
		base = &http.Transport{}
	}
	t := base.Clone()
	dial := t.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	t.DialContext = r.WrapDial(dial)
	t.DialTLSContext = r.dialTLS(dial, t.TLSClientConfig)
	t.ForceAttemptHTTP2 = false
	return t
}
