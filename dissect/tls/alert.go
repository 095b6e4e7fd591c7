package tls

// Alert is an alert (RFC 8446 §6, RFC 5246 §7.2).
type Alert struct {
	Level       AlertLevel
	Description AlertDescription
}

func (a Alert) String() string { return a.Level.String() + " " + a.Description.String() }

// ParseAlert reads the payload of an alert record. ok is false when it is not
// of two bytes: it is encrypted, or no alert.
func ParseAlert(payload []byte) (a Alert, ok bool) {
	if len(payload) != 2 {
		return a, false
	}
	return Alert{AlertLevel(payload[0]), AlertDescription(payload[1])}, true
}

// AlertLevel is an alert's severity.
type AlertLevel uint8

// Alert levels.
const (
	AlertWarning AlertLevel = 1
	AlertFatal   AlertLevel = 2
)

var levelNames = map[AlertLevel]string{AlertWarning: "warning", AlertFatal: "fatal"}

func (l AlertLevel) String() string { return name(levelNames, l, "level-%d") }

// AlertDescription is what an alert says. CloseNotify is the regular end.
type AlertDescription uint8

// CloseNotify announces that its sender sends nothing more (RFC 8446 §6.1).
const CloseNotify AlertDescription = 0

var alertNames = map[AlertDescription]string{
	CloseNotify: "close_notify",
	10:          "unexpected_message",
	20:          "bad_record_mac",
	21:          "decryption_failed",
	22:          "record_overflow",
	30:          "decompression_failure",
	40:          "handshake_failure",
	41:          "no_certificate",
	42:          "bad_certificate",
	43:          "unsupported_certificate",
	44:          "certificate_revoked",
	45:          "certificate_expired",
	46:          "certificate_unknown",
	47:          "illegal_parameter",
	48:          "unknown_ca",
	49:          "access_denied",
	50:          "decode_error",
	51:          "decrypt_error",
	60:          "export_restriction",
	70:          "protocol_version",
	71:          "insufficient_security",
	80:          "internal_error",
	86:          "inappropriate_fallback",
	90:          "user_canceled",
	100:         "no_renegotiation",
	109:         "missing_extension",
	110:         "unsupported_extension",
	111:         "certificate_unobtainable",
	112:         "unrecognized_name",
	113:         "bad_certificate_status_response",
	114:         "bad_certificate_hash_value",
	115:         "unknown_psk_identity",
	116:         "certificate_required",
	120:         "no_application_protocol",
}

func (d AlertDescription) String() string { return name(alertNames, d, "alert-%d") }
