package tls

import "fmt"

// Version is a protocol version as on the wire.
type Version uint16

// Versions.
const (
	VersionSSL30 Version = 0x0300
	VersionTLS10 Version = 0x0301
	VersionTLS11 Version = 0x0302
	VersionTLS12 Version = 0x0303
	VersionTLS13 Version = 0x0304
)

var versionNames = map[Version]string{
	VersionSSL30: "SSL 3.0", VersionTLS10: "TLS 1.0", VersionTLS11: "TLS 1.1", VersionTLS12: "TLS 1.2", VersionTLS13: "TLS 1.3",
}

func (v Version) String() string { return name(versionNames, v, "version-0x%04x") }

// RecordType is a record's content type (RFC 8446 §5.1, RFC 6520 §3).
type RecordType uint8

// Record types.
const (
	RecordChangeCipherSpec RecordType = 20
	RecordAlert            RecordType = 21
	RecordHandshake        RecordType = 22
	RecordApplicationData  RecordType = 23
	RecordHeartbeat        RecordType = 24
)

var recordNames = map[RecordType]string{
	RecordChangeCipherSpec: "change_cipher_spec", RecordAlert: "alert", RecordHandshake: "handshake",
	RecordApplicationData: "application_data", RecordHeartbeat: "heartbeat",
}

func (t RecordType) String() string { return name(recordNames, t, "record-%d") }

// HandshakeType is the type of a handshake message (RFC 8446 §4, RFC 5246 §7.4).
type HandshakeType uint8

// Handshake types that this package reads; String knows the others.
const (
	TypeClientHello         HandshakeType = 1
	TypeServerHello         HandshakeType = 2
	TypeEncryptedExtensions HandshakeType = 8
	TypeFinished            HandshakeType = 20
	TypeKeyUpdate           HandshakeType = 24
)

var handshakeNames = map[HandshakeType]string{
	0: "hello_request", TypeClientHello: "client_hello", TypeServerHello: "server_hello", 4: "new_session_ticket",
	5: "end_of_early_data", TypeEncryptedExtensions: "encrypted_extensions", 11: "certificate", 12: "server_key_exchange",
	13: "certificate_request", 14: "server_hello_done", 15: "certificate_verify", 16: "client_key_exchange",
	TypeFinished: "finished", 22: "certificate_status", TypeKeyUpdate: "key_update", 25: "compressed_certificate", 254: "message_hash",
}

func (t HandshakeType) String() string { return name(handshakeNames, t, "handshake-%d") }

// ExtensionType is the type of a hello's extension.
type ExtensionType uint16

// Extensions that are of use to an observer; String knows the others.
const (
	ExtServerName           ExtensionType = 0
	ExtALPN                 ExtensionType = 16
	ExtEncryptThenMAC       ExtensionType = 22 // RFC 7366
	ExtExtendedMasterSecret ExtensionType = 23 // RFC 7627
	ExtSupportedVersions    ExtensionType = 43
	ExtEncryptedClientHello ExtensionType = 0xfe0d
)

var extensionNames = map[ExtensionType]string{
	ExtServerName: "server_name", 1: "max_fragment_length", 5: "status_request", 10: "supported_groups", 11: "ec_point_formats",
	13: "signature_algorithms", 14: "use_srtp", 15: "heartbeat", ExtALPN: "application_layer_protocol_negotiation",
	18: "signed_certificate_timestamp", 21: "padding", ExtEncryptThenMAC: "encrypt_then_mac",
	ExtExtendedMasterSecret: "extended_master_secret", 27: "compress_certificate", 28: "record_size_limit", 35: "session_ticket",
	41: "pre_shared_key", 42: "early_data", ExtSupportedVersions: "supported_versions", 44: "cookie", 45: "psk_key_exchange_modes",
	47: "certificate_authorities", 49: "post_handshake_auth", 50: "signature_algorithms_cert", 51: "key_share",
	57: "quic_transport_parameters", 17513: "application_settings", ExtEncryptedClientHello: "encrypted_client_hello", 0xff01: "renegotiation_info",
}

func (t ExtensionType) String() string { return name(extensionNames, t, "extension-%d") }

// name looks v up, or prints its number.
func name[T ~uint8 | ~uint16](names map[T]string, v T, format string) string {
	if s, ok := names[v]; ok {
		return s
	}
	return fmt.Sprintf(format, uint16(v))
}
