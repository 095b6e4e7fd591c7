package guess

import "strings"

// isRFB tells "RFB 003.008\n" (RFC 6143 §7.1.1).
func isRFB(s string) bool {
	return len(s) >= 12 && s[:4] == "RFB " && s[7] == '.' && s[11] == '\n' && digits(s[4:7]) && digits(s[8:11])
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// isMQTTConnect tells a CONNECT packet: type 1, remaining length, protocol name.
func isMQTTConnect(s string) bool {
	if s == "" || s[0] != 0x10 {
		return false
	}
	for i := 1; i < len(s) && i <= 4; i++ {
		if s[i] < 0x80 { // the last byte of the remaining length
			rest := s[i+1:]
			return strings.HasPrefix(rest, "\x00\x04MQTT") || strings.HasPrefix(rest, "\x00\x06MQIsdp")
		}
	}
	return false
}

// isSMB tells SMB 1, 2 and 3 within a NetBIOS session message.
func isSMB(s string) bool {
	if len(s) < 8 || s[0] != 0 {
		return false
	}
	m := s[4:8]
	n, _ := be(s, 1, 3)
	return n >= 32 && (m == "\xffSMB" || m == "\xfeSMB" || m == "\xfdSMB")
}

// isRDP tells an X.224 connection request in a TPKT whose lengths agree.
func isRDP(s string) bool {
	if len(s) < 11 || s[:3] != "\x03\x00\x00" {
		return false
	}
	total, inner := int(s[3]), int(s[4])
	if total != inner+5 || s[5] != 0xe0 || s[6:10] != "\x00\x00\x00\x00" {
		return false
	}
	rest := s[11:]
	return strings.HasPrefix(rest, "Cookie: mstshash=") || strings.HasPrefix(rest, "Cookie: msts=") || strings.HasPrefix(rest, "\x01\x00\x08\x00") || strings.HasPrefix(rest, "\x01\x08\x08\x00")
}

// isPostgres tells a startup message of protocol 3, or a request for TLS,
// GSSAPI or cancellation.
func isPostgres(s string) bool {
	n, ok := be(s, 0, 4)
	code, ok2 := be(s, 4, 4)
	if !ok || !ok2 {
		return false
	}
	switch code {
	case 80877103, 80877104:
		return n == 8
	case 80877102:
		return n == 16
	case 3 << 16, 3<<16 | 2:
		return n > 8 && n <= 10000 && strings.Contains(s[8:], "user\x00")
	}
	return false
}

// isMySQLGreeting tells a HandshakeV10 packet: sequence 0, protocol 10, a
// version, the zero filler after the first eight bytes of the scramble.
func isMySQLGreeting(s string) bool {
	n, ok := le(s, 0, 3)
	if !ok || n < 40 || n > 300 || len(s) < 6 || s[3] != 0 || s[4] != 10 {
		return false
	}
	version, rest, ok := strings.Cut(s[5:], "\x00")
	if !ok || len(rest) < 13 || rest[12] != 0 || len(version) < 3 || len(version) > 100 {
		return false
	}
	return '1' <= version[0] && version[0] <= '9' && strings.Contains(version, ".") && printable(version)
}

// isMongo tells a message header: length, request id, response to 0, operation.
func isMongo(s string) bool {
	n, _ := le(s, 0, 4)
	to, _ := le(s, 8, 4)
	op, ok := le(s, 12, 4)
	if !ok || n < 26 || n > 48<<20 || to != 0 {
		return false
	}
	flags, ok := le(s, 16, 4)
	switch op {
	case 2013: // OP_MSG: known flags, first section of kind 0 or 1
		return ok && flags&^(1|2|1<<16) == 0 && len(s) > 20 && s[20] <= 1
	case 2004: // OP_QUERY: to a collection
		return ok && strings.Contains(s[20:], ".$cmd\x00")
	}
	return false
}

// isLDAP tells a message in BER whose lengths agree: a bind or a search
// request, or the extended request for TLS (RFC 4511 §4.2, §4.5, §4.14).
func isLDAP(s string) bool {
	body, length, ok := berLength(s, 0x30)
	if !ok || length < 7 {
		return false
	}
	if len(body) < 3 || body[0] != 2 || body[1] == 0 || body[1] > 4 || len(body) < 2+int(body[1])+2 {
		return false
	}
	id := int(body[1])
	op, opLength, ok := berLength(body[2+id:], body[2+id])
	if !ok || opLength > length {
		return false
	}
	switch body[2+id] {
	case 0x60: // bind: version 2 or 3, a name, simple or SASL
		return len(op) >= 5 && op[0] == 2 && op[1] == 1 && (op[2] == 2 || op[2] == 3) && op[3] == 4
	case 0x63: // search: base object, scope 0 to 2, alias rule 0 to 3
		base, n, ok := berLength(op, 4)
		return ok && len(base) >= n+6 && base[n:n+2] == "\x0a\x01" && base[n+2] <= 3 && base[n+3:n+5] == "\x0a\x01" && base[n+5] <= 3
	case 0x77:
		return strings.Contains(op, "1.3.6.1.4.1.1466.20037")
	}
	return false
}

// berLength reads a BER tag and its length of at most three bytes more.
func berLength(s string, tag byte) (body string, length int, ok bool) {
	if len(s) < 2 || s[0] != tag {
		return "", 0, false
	}
	n := int(s[1])
	if n < 0x80 {
		return s[2:], n, true
	}
	v, ok := be(s, 2, n&0x7f)
	if n == 0x80 || n > 0x84 || !ok || v > 1<<24 {
		return "", 0, false
	}
	return s[2+n&0x7f:], int(v), true
}

// isSOCKS5 tells a greeting that is exactly one message long and the server's
// choice of a method that was offered.
func isSOCKS5(p pair) bool {
	c, s := p.client, p.server
	if len(c) < 3 || len(s) < 2 || c[0] != 5 || s[0] != 5 || c[1] == 0 || len(c) < 2+int(c[1]) {
		return false
	}
	methods := c[2 : 2+int(c[1])]
	next := c[2+int(c[1]):]
	if next != "" && next[0] != 5 && next[0] != 1 {
		return false
	}
	return len(methods) <= 10 && (s[1] == 0xff && next == "" || s[1] <= 9 && strings.IndexByte(methods, s[1]) >= 0)
}

// isSOCKS4 tells a request and its reply.
func isSOCKS4(p pair) bool {
	c, s := p.client, p.server
	return len(c) >= 9 && c[0] == 4 && (c[1] == 1 || c[1] == 2) && strings.IndexByte(c[8:], 0) >= 0 &&
		len(s) >= 8 && s[0] == 0 && s[1] >= 90 && s[1] <= 93
}

// isKafka tells a first request: ApiVersions with a client id and lengths that
// agree, which is what clients begin with.
func isKafka(s string) bool {
	n, _ := be(s, 0, 4)
	api, _ := be(s, 4, 2)
	version, _ := be(s, 6, 2)
	id, ok := be(s, 12, 2)
	if !ok || api != 18 || version > 4 || n < 10+id || n > 10+id+256 || id == 0 || len(s) < 14+int(id) {
		return false
	}
	return printable(s[14 : 14+id])
}

// isCassandra tells an OPTIONS or STARTUP frame of protocol versions 3 to 5.
func isCassandra(s string) bool {
	n, ok := be(s, 5, 4)
	if !ok || s[0] < 3 || s[0] > 5 || s[1]&^0x10 != 0 {
		return false
	}
	return s[4] == 1 && n > 2 && n < 1000 && strings.Contains(s, "CQL_VERSION") || s[4] == 5 && n == 0 && len(s) == 9 && s[2] == 0
}

// isDNS tells a query over TCP whose length and counts agree, with an answer
// to the same id where there is one (RFC 1035 §4.2.2).
func isDNS(p pair) bool {
	c, s := p.client, p.server
	n, _ := be(c, 0, 2)
	flags, _ := be(c, 4, 2)
	counts, ok := be(c, 6, 6)
	if !ok || flags&0xfe8f != 0 || counts != 1<<32 || n < 17 || int(n)+2 > len(c) {
		return false
	}
	for i := 14; i < len(c); { // the name's labels, then type and class
		l := int(c[i])
		i += 1 + l
		if l == 0 {
			class, ok := be(c, i+2, 2)
			if !ok || class != 1 && class != 3 && class != 255 {
				return false
			}
			break
		}
		if l > 63 || i >= len(c) {
			return false
		}
	}
	return s == "" || len(s) >= 5 && s[2:4] == c[2:4] && s[4]&0x80 != 0
}

// isTelnet tells option negotiation: two commands at least (RFC 855).
func isTelnet(s string) bool {
	return len(s) >= 6 && telnetOption(s) && telnetOption(s[3:])
}

func telnetOption(s string) bool { return s[0] == 0xff && s[1] >= 0xfb && s[1] <= 0xfe && s[2] < 0x32 }

// isMemcachedBinary tells a request and its answer to the same operation.
func isMemcachedBinary(p pair) bool {
	c, s := p.client, p.server
	return len(c) >= 24 && len(s) >= 24 && c[0] == 0x80 && s[0] == 0x81 && c[1] == s[1] && c[1] <= 0x24 && c[5] == 0 && s[5] == 0 && c[12:16] == s[12:16]
}
