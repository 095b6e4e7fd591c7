package tls

import "encoding/binary"

// RecordHeader is the header of a record (RFC 8446 §5.1).
type RecordHeader struct {
	Type    RecordType
	Version Version // legacy: 3.1 or 3.3 whatever is negotiated
	Length  int     // of the payload in bytes, 0 to 65535 as declared
}

// ParseRecordHeader reads a record's header. ok is false when b has fewer than
// RecordHeaderLen bytes: more are needed. Ask Plausible before trusting it.
func ParseRecordHeader(b []byte) (h RecordHeader, ok bool) {
	if len(b) < RecordHeaderLen {
		return h, false
	}
	return RecordHeader{
		Type:    RecordType(b[0]),
		Version: Version(binary.BigEndian.Uint16(b[1:])),
		Length:  int(binary.BigEndian.Uint16(b[3:])),
	}, true
}

// Plausible tells whether h can be a record's header: a type in use, version
// 3.0 to 3.4, a length that the type allows. Of random headers, about one in two
// million is plausible.
func (h RecordHeader) Plausible() bool {
	if h.Version < VersionSSL30 || h.Version > VersionTLS13 || h.Length > MaxRecord {
		return false
	}
	switch h.Type {
	case RecordApplicationData:
		return true // may be empty (RFC 8446 §5.1)
	case RecordChangeCipherSpec, RecordAlert, RecordHandshake, RecordHeartbeat:
		return h.Length > 0
	}
	return false
}

// LooksLikeTLS judges a prefix of any length of what either side sends first.
func LooksLikeTLS(b []byte) Verdict { return max(LooksLikeClient(b), LooksLikeServer(b)) }

// LooksLikeClient judges a prefix of any length of what a client sends. It is
// Yes once it begins with a handshake record that begins with a ClientHello
// whose lengths agree: at most 11 bytes are needed.
func LooksLikeClient(b []byte) Verdict {
	h, v := looksRecord(b, RecordHandshake)
	if v != Yes {
		return v
	}
	length, v := looksHello(b, h, TypeClientHello)
	if v == Yes && h.Length > 4+length {
		return No // nothing follows a ClientHello in its record
	}
	return v
}

// LooksLikeServer judges a prefix of any length of what a server sends. It is
// Yes once it begins with a handshake record that begins with a ServerHello,
// or is an alert that is not encrypted: at most 11 bytes are needed.
func LooksLikeServer(b []byte) Verdict {
	if len(b) > 0 && RecordType(b[0]) == RecordAlert {
		return looksAlert(b)
	}
	h, v := looksRecord(b, RecordHandshake)
	if v != Yes {
		return v
	}
	_, v = looksHello(b, h, TypeServerHello)
	return v
}

// looksRecord judges a record header of a type.
func looksRecord(b []byte, want RecordType) (RecordHeader, Verdict) {
	if len(b) > 0 && RecordType(b[0]) != want || len(b) > 1 && b[1] != 3 || len(b) > 2 && b[2] > 4 {
		return RecordHeader{}, No
	}
	h, ok := ParseRecordHeader(b)
	switch {
	case !ok:
		return h, Maybe
	case h.Length == 0 || h.Length > MaxPlainRecord:
		return h, No
	}
	return h, Yes
}

// minHello is the length of a hello's fixed fields: version, random, length of
// the session id; and of the shortest rest: a cipher suite and a compression.
const minHello = 2 + 32 + 1 + 3

// looksHello judges the first bytes of a handshake record's payload, as far as
// the first record goes. length is that of the message.
func looksHello(b []byte, h RecordHeader, want HandshakeType) (length int, v Verdict) {
	part := b[RecordHeaderLen:]
	const need = 4 + 2 // message header and version
	have := min(len(part), h.Length, need)
	part = part[:have]
	if have > 0 && HandshakeType(part[0]) != want || have > 1 && part[1] != 0 || have > 4 && part[4] != 3 || have > 5 && part[5] > 4 {
		return 0, No
	}
	if have >= 4 {
		length = int(binary.BigEndian.Uint16(part[2:]))
		if length < minHello {
			return length, No
		}
	} else {
		length = MaxMessage
	}
	if have < min(need, h.Length) {
		return length, Maybe
	}
	return length, Yes
}

func looksAlert(b []byte) Verdict {
	h, v := looksRecord(b, RecordAlert)
	switch {
	case v != Yes:
		return v
	case h.Length != 2:
		return No
	case len(b) > 5 && b[5] != byte(AlertWarning) && b[5] != byte(AlertFatal):
		return No
	case len(b) < RecordHeaderLen+2:
		return Maybe
	}
	if _, known := alertNames[AlertDescription(b[6])]; !known {
		return No
	}
	return Yes
}
