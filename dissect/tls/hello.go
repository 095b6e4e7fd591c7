package tls

import (
	"bytes"
	"slices"
)

// ClientHello is what a client offers (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2).
// Lists are in the order of the wire, without GREASE.
type ClientHello struct {
	Version           Version // legacy_version: TLS 1.2 at most
	Random            [32]byte
	SessionID         []byte // at most 32 bytes in a correct hello
	CipherSuites      []CipherSuite
	Extensions        []ExtensionType
	SNI               string    // host name (RFC 6066 §3), "" when absent; any bytes
	ALPN              []string  // protocols offered (RFC 7301 §3.1); any bytes
	SupportedVersions []Version // RFC 8446 §4.2.1, nil when absent
}

// MaxVersion returns the highest version that the client offers.
func (h *ClientHello) MaxVersion() Version {
	if len(h.SupportedVersions) == 0 {
		return h.Version
	}
	return slices.Max(h.SupportedVersions)
}

// ParseClientHello reads the body of a handshake message of TypeClientHello.
// The result is owned. The error is a *LengthError; what was read before it is kept.
func ParseClientHello(body []byte) (ClientHello, error) {
	var h ClientHello
	c := newCursor("client hello", body)
	h.Version = Version(c.u16("version"))
	copy(h.Random[:], c.bytes("random", len(h.Random)))
	session := c.vector("session id", 1)
	h.SessionID = bytes.Clone(session.b)
	h.CipherSuites = u16s[CipherSuite](c.vector("cipher suites", 2), "cipher suite")
	c.vector("compression methods", 1)
	if c.empty() {
		return h, *c.err
	}
	h.Extensions = extensions(&c, func(t ExtensionType, e cursor) {
		switch t {
		case ExtServerName:
			h.SNI = serverName(e)
		case ExtALPN:
			h.ALPN = protocols(e)
		case ExtSupportedVersions:
			h.SupportedVersions = u16s[Version](e.vector("supported versions", 1), "supported version")
		}
	})
	return h, *c.err
}

// ServerHello is what a server chose (RFC 8446 §4.1.3, RFC 5246 §7.4.1.3).
type ServerHello struct {
	Version         Version // legacy_version
	Random          [32]byte
	SessionID       []byte
	CipherSuite     CipherSuite
	Extensions      []ExtensionType
	ALPN            string  // TLS 1.2 and below; TLS 1.3 says it in EncryptedExtensions
	SelectedVersion Version // from supported_versions, 0 when absent
	// HelloRetryRequest is true when the message asks for another ClientHello.
	HelloRetryRequest bool
}

// Negotiated returns the version that was agreed on.
func (h *ServerHello) Negotiated() Version {
	if h.SelectedVersion != 0 {
		return h.SelectedVersion
	}
	return h.Version
}

// retryRandom marks a ServerHello as HelloRetryRequest: SHA-256 of
// "HelloRetryRequest" (RFC 8446 §4.1.3).
var retryRandom = [32]byte{
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
}

// ParseServerHello reads the body of a handshake message of TypeServerHello,
// as ParseClientHello does.
func ParseServerHello(body []byte) (ServerHello, error) {
	var h ServerHello
	c := newCursor("server hello", body)
	h.Version = Version(c.u16("version"))
	copy(h.Random[:], c.bytes("random", len(h.Random)))
	h.HelloRetryRequest = h.Random == retryRandom
	session := c.vector("session id", 1)
	h.SessionID = bytes.Clone(session.b)
	h.CipherSuite = CipherSuite(c.u16("cipher suite"))
	c.u8("compression method")
	if c.empty() {
		return h, *c.err
	}
	h.Extensions = extensions(&c, func(t ExtensionType, e cursor) {
		switch t {
		case ExtALPN:
			if p := protocols(e); len(p) > 0 {
				h.ALPN = p[0]
			}
		case ExtSupportedVersions:
			h.SelectedVersion = Version(e.u16("selected version"))
		}
	})
	return h, *c.err
}

// ParseEncryptedExtensions reads the body of a handshake message of
// TypeEncryptedExtensions, once decrypted (RFC 8446 §4.3.1), and returns the
// protocol chosen by ALPN, "" when there is none.
func ParseEncryptedExtensions(body []byte) (alpn string, err error) {
	c := newCursor("encrypted extensions", body)
	extensions(&c, func(t ExtensionType, e cursor) {
		if t != ExtALPN {
			return
		}
		if p := protocols(e); len(p) > 0 {
			alpn = p[0]
		}
	})
	return alpn, *c.err
}

// extensions reads an extension block (RFC 8446 §4.2). each gets the first of
// every type, and reports lengths that do not fit through its cursor.
func extensions(c *cursor, each func(ExtensionType, cursor)) (types []ExtensionType) {
	block := c.vector("extensions", 2)
	var seen map[ExtensionType]bool
	for !block.empty() {
		t := ExtensionType(block.u16("extension type"))
		data := block.vector("extension", 2)
		if !block.ok() {
			break
		}
		if isGREASE(uint16(t)) {
			continue
		}
		types = append(types, t)
		if seen[t] {
			continue
		}
		if seen == nil {
			seen = make(map[ExtensionType]bool)
		}
		seen[t] = true
		each(t, data)
	}
	return types
}

// serverName reads a server_name extension: its first host name.
func serverName(e cursor) string {
	list := e.vector("server name list", 2)
	for !list.empty() {
		kind := list.u8("server name type")
		name := list.vector("server name", 2)
		if list.ok() && kind == 0 {
			return string(name.b)
		}
	}
	return ""
}

// protocols reads an ALPN extension, without GREASE (RFC 8701 §2 has the same
// two bytes as for numbers).
func protocols(e cursor) (out []string) {
	list := e.vector("protocol list", 2)
	for !list.empty() {
		p := list.vector("protocol", 1)
		if grease := len(p.b) == 2 && isGREASE(uint16(p.b[0])<<8|uint16(p.b[1])); list.ok() && !grease {
			out = append(out, string(p.b))
		}
	}
	return out
}
