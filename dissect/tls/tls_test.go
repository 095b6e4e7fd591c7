package tls

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	stdtls "crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"math/big"
	"net"
	"os"
	"reflect"
	"sync"
	"testing"
	"time"
)

// recorder keeps what is written to a connection.
type recorder struct {
	net.Conn
	mu  sync.Mutex
	out []byte
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	r.out = append(r.out, p...)
	r.mu.Unlock()
	return r.Conn.Write(p)
}

// connected returns both ends of a connection. It is a socket, for both sides
// write at once when a hello is retried, which net.Pipe does not survive.
func connected(t testing.TB) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return client, server
}

// converse runs crypto/tls against itself and returns what both sides sent.
func converse(t testing.TB, client, server *stdtls.Config) (c, s []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"sock.example"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	server.Certificates = []stdtls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	client.InsecureSkipVerify, client.ServerName = true, "sock.example"
	a, b := connected(t)
	ra, rb := &recorder{Conn: a}, &recorder{Conn: b}
	deadline := time.Now().Add(time.Minute)
	a.SetDeadline(deadline)
	b.SetDeadline(deadline)
	done := make(chan struct{})
	go func() {
		defer close(done)
		srv := stdtls.Server(rb, server)
		defer b.Close()
		if srv.Handshake() == nil { // a refusal is a case of its own
			srv.Close()
		}
	}()
	cl := stdtls.Client(ra, client)
	if cl.Handshake() == nil {
		cl.Read(make([]byte, 1))
	}
	a.Close()
	<-done
	return ra.out, rb.out
}

// records divides a stream into whole records.
func records(t testing.TB, p []byte) (headers []RecordHeader, payloads [][]byte) {
	t.Helper()
	for len(p) > 0 {
		h, ok := ParseRecordHeader(p)
		if !ok || !h.Plausible() || len(p) < RecordHeaderLen+h.Length {
			t.Fatalf("record %+v with %d bytes left", h, len(p))
		}
		headers, payloads = append(headers, h), append(payloads, p[RecordHeaderLen:RecordHeaderLen+h.Length])
		p = p[RecordHeaderLen+h.Length:]
	}
	return headers, payloads
}

// firstMessage assembles the first handshake message of a stream.
func firstMessage(t testing.TB, p []byte) Message {
	t.Helper()
	headers, payloads := records(t, p)
	var a Assembler
	for i, h := range headers {
		if h.Type != RecordHandshake {
			break
		}
		if err := a.Add(payloads[i]); err != nil {
			t.Fatal(err)
		}
		if m, ok, err := a.Next(); ok || err != nil {
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
	}
	t.Fatal("no handshake message")
	return Message{}
}

func TestConversations(t *testing.T) {
	for _, c := range []struct {
		name           string
		client, server *stdtls.Config
		version        Version
		alpn           string
		retry          bool
	}{
		{"1.3", &stdtls.Config{NextProtos: []string{"h2", "http/1.1"}}, &stdtls.Config{NextProtos: []string{"http/1.1"}}, VersionTLS13, "", false},
		{"1.2", &stdtls.Config{NextProtos: []string{"h2", "http/1.1"}}, &stdtls.Config{NextProtos: []string{"http/1.1"}, MaxVersion: stdtls.VersionTLS12}, VersionTLS12, "http/1.1", false},
		{"1.0", &stdtls.Config{MinVersion: stdtls.VersionTLS10}, &stdtls.Config{MinVersion: stdtls.VersionTLS10, MaxVersion: stdtls.VersionTLS10}, VersionTLS10, "", false},
		{"retry", &stdtls.Config{}, &stdtls.Config{CurvePreferences: []stdtls.CurveID{stdtls.CurveP521}}, VersionTLS13, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var seen *stdtls.ClientHelloInfo
			c.server.GetConfigForClient = func(i *stdtls.ClientHelloInfo) (*stdtls.Config, error) { seen = i; return nil, nil }
			client, server := converse(t, c.client, c.server)
			if LooksLikeClient(client) != Yes || LooksLikeServer(server) != Yes || LooksLikeClient(server) != No || LooksLikeServer(client) != No {
				t.Error("not recognised")
			}
			m := firstMessage(t, client)
			h, err := ParseClientHello(m.Body)
			if m.Type != TypeClientHello || err != nil {
				t.Fatal(m.Type, err)
			}
			suites, versions := []uint16{}, []uint16{}
			for _, s := range h.CipherSuites {
				suites = append(suites, uint16(s))
			}
			for _, v := range h.SupportedVersions {
				versions = append(versions, uint16(v))
			}
			if h.SNI != seen.ServerName || !reflect.DeepEqual(h.ALPN, seen.SupportedProtos) || !reflect.DeepEqual(suites, seen.CipherSuites) || !reflect.DeepEqual(versions, seen.SupportedVersions) {
				t.Errorf("client hello %+v; crypto/tls saw %+v", h, seen)
			}
			m = firstMessage(t, server)
			s, err := ParseServerHello(m.Body)
			if m.Type != TypeServerHello || err != nil {
				t.Fatal(m.Type, err)
			}
			if s.Negotiated() != c.version || s.ALPN != c.alpn || s.HelloRetryRequest != c.retry || !bytes.Equal(s.SessionID, h.SessionID) && c.version == VersionTLS13 {
				t.Errorf("server hello %+v", s)
			}
			if got, want := s.CipherSuite.String(), stdtls.CipherSuiteName(uint16(s.CipherSuite)); got != want {
				t.Errorf("cipher suite %s; crypto/tls %s", got, want)
			}
		})
	}
}

func TestRefusalIsAnAlert(t *testing.T) {
	_, server := converse(t, &stdtls.Config{MinVersion: stdtls.VersionTLS13}, &stdtls.Config{MaxVersion: stdtls.VersionTLS12})
	headers, payloads := records(t, server)
	if len(headers) == 0 || headers[0].Type != RecordAlert || LooksLikeTLS(server) != Yes {
		t.Fatalf("%v", headers)
	}
	a, ok := ParseAlert(payloads[0])
	if !ok || a.String() != "fatal protocol_version" {
		t.Errorf("alert %v", a)
	}
	if _, ok := ParseAlert(make([]byte, 24)); ok {
		t.Error("an encrypted alert was read")
	}
}

func TestSuiteNames(t *testing.T) {
	for _, s := range append(stdtls.CipherSuites(), stdtls.InsecureCipherSuites()...) {
		if got := CipherSuite(s.ID).String(); got != s.Name {
			t.Errorf("%#04x is %s, want %s", s.ID, got, s.Name)
		}
	}
	for got, want := range map[string]string{
		CipherSuite(0xabcd).String(): "cipher-suite-0xabcd", Version(0x0305).String(): "version-0x0305", Version(0x303).String(): "TLS 1.2",
		RecordType(99).String(): "record-99", HandshakeType(1).String(): "client_hello", ExtensionType(9999).String(): "extension-9999", AlertDescription(7).String(): "alert-7",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestLooksLikeTLS(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Verdict
	}{
		{"", Maybe},
		{"\x16\x03", Maybe},
		{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03", Maybe},
		{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", Yes},
		{"\x16\x03\x01\x00\x03\x01\x00\x01", Yes}, // hello cut over several records
		{"\x16\x03\x01\x02\x00\x01\x00\x01\x00\x03\x03", No},
		{"\x16\x03\x01\x00\x00", No},
		{"\x16\x03\x01\x40\x01", No},
		{"\x16\x03\x05", No},
		{"\x16\x02", No},
		{"\x17\x03\x03\x00\x20", No},
		{"\x15\x03\x01\x00\x02\x02\x28", Yes},
		{"\x15\x03\x01\x00\x02\x02\xf0", No},
		{"\x15\x03\x01\x00\x02\x03", No},
		{"GET ", No},
	} {
		if got := LooksLikeTLS([]byte(c.in)); got != c.want {
			t.Errorf("%x: %v, want %v", c.in, got, c.want)
		}
	}
}

func TestCutHello(t *testing.T) {
	client, _ := converse(t, &stdtls.Config{NextProtos: []string{"a"}}, &stdtls.Config{})
	body := bytes.Clone(firstMessage(t, client).Body)
	whole, err := ParseClientHello(body)
	if err != nil {
		t.Fatal(err)
	}
	for n := range body {
		h, err := ParseClientHello(body[:n])
		var le *LengthError
		if err != nil && !errors.As(err, &le) {
			t.Fatal(err)
		}
		if n >= 34 && h.Random != whole.Random {
			t.Errorf("cut at %d: the random read before was lost", n)
		}
		if err == nil && len(h.Extensions) > 0 {
			t.Errorf("cut at %d: no error", n)
		}
	}
}

// TestRealCapture: each connection of a capture of wss shows both hellos.
func TestRealCapture(t *testing.T) {
	clients, servers := 0, 0
	for ports, p := range tcpStreams(t, "../../pcaps/wss-tls13.pcap") {
		m := firstMessage(t, p)
		if v := LooksLikeTLS(p); v != Yes {
			t.Errorf("%v looks like TLS: %v", ports, v)
		}
		if m.Type == TypeClientHello {
			h, err := ParseClientHello(m.Body)
			if err != nil || h.MaxVersion() != VersionTLS13 || len(h.CipherSuites) == 0 {
				t.Errorf("%v: %+v, %v", ports, h, err)
			}
			clients++
			continue
		}
		h, err := ParseServerHello(m.Body)
		if err != nil || h.Negotiated() != VersionTLS13 || h.CipherSuite.String() != "TLS_AES_256_GCM_SHA384" {
			t.Errorf("%v: %+v, %v", ports, h, err)
		}
		servers++
	}
	if clients == 0 || clients != servers {
		t.Errorf("%d clients, %d servers", clients, servers)
	}
}

// tcpStreams reads a classic little-endian Ethernet capture of IPv4 and returns
// the payload of each direction by its ports, in sequence order. It is enough for
// captures of loopback that lost nothing.
func tcpStreams(t testing.TB, name string) map[[2]uint16][]byte {
	t.Helper()
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	streams, next := map[[2]uint16][]byte{}, map[[2]uint16]uint32{}
	for p := file[24:]; len(p) > 16; {
		n := binary.LittleEndian.Uint32(p[8:])
		ip := p[16+14 : 16+n]
		p = p[16+n:]
		if ip[0]>>4 != 4 || ip[9] != 6 {
			continue
		}
		tcp := ip[int(ip[0]&15)*4 : binary.BigEndian.Uint16(ip[2:])]
		key := [2]uint16{binary.BigEndian.Uint16(tcp), binary.BigEndian.Uint16(tcp[2:])}
		seq, data := binary.BigEndian.Uint32(tcp[4:]), tcp[int(tcp[12]>>4)*4:]
		if tcp[13]&2 != 0 {
			next[key] = seq + 1
		}
		if len(data) > 0 && seq == next[key] {
			streams[key] = append(streams[key], data...)
			next[key] += uint32(len(data))
		}
	}
	return streams
}
