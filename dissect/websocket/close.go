package websocket

import (
	"fmt"
	"strconv"
)

// ParseClose splits the body of a close frame into its status code and reason
// (RFC 6455 §5.5.1). ok is false for a body that has no whole code: an empty
// one, which is legal, or one of a single byte, which is not. reason aliases
// body. Neither code nor reason is judged: see JudgeClose.
func ParseClose(body []byte) (code uint16, reason []byte, ok bool) {
	if len(body) < 2 {
		return 0, nil, false
	}
	return uint16(body[0])<<8 | uint16(body[1]), body[2:], true
}

// CloseCodeName returns the meaning of a status code as IANA registered it
// (WebSocket Close Code Number Registry, RFC 6455 §11.7), the name of the range
// for other legal ones, or "unassigned".
func CloseCodeName(code uint16) string {
	switch code {
	case 1000:
		return "Normal Closure"
	case 1001:
		return "Going Away"
	case 1002:
		return "Protocol error"
	case 1003:
		return "Unsupported Data"
	case 1004:
		return "Reserved"
	case 1005:
		return "No Status Rcvd"
	case 1006:
		return "Abnormal Closure"
	case 1007:
		return "Invalid frame payload data"
	case 1008:
		return "Policy Violation"
	case 1009:
		return "Message Too Big"
	case 1010:
		return "Mandatory Ext."
	case 1011:
		return "Internal Error"
	case 1012:
		return "Service Restart"
	case 1013:
		return "Try Again Later"
	case 1014:
		return "Bad Gateway"
	case 1015:
		return "TLS handshake"
	case 3000:
		return "Unauthorized"
	case 3003:
		return "Forbidden"
	case 3008:
		return "Timeout"
	}
	switch {
	case code >= 3000 && code <= 3999:
		return "library or application"
	case code >= 4000 && code <= 4999:
		return "private use"
	}
	return "unassigned"
}

// CloseCodeAllowed reports whether the code may stand in a close frame (RFC
// 6455 §7.4): 1000 to 1003, 1007 to 1011, the later registered 1012 to 1014,
// and 3000 to 4999.
func CloseCodeAllowed(code uint16) bool {
	switch {
	case code < 1000: // §7.4.2: not used
		return false
	case code <= 1003:
		return true
	case code <= 1006: // §7.4.1: 1004 reserved, 1005 and 1006 never on the wire
		return false
	case code <= 1014:
		return true
	}
	return code >= 3000 && code <= 4999 // below: 1015 never on the wire, others reserved; above: undefined
}

// JudgeClose judges the whole body of a close frame that side from sent
// (RFC 6455 §5.5.1, §7.4, §8.1). The Offset of WS-UTF8 is in the reason.
func JudgeClose(body []byte, from Side) []Problem {
	if len(body) == 0 {
		return nil
	}
	code, reason, ok := ParseClose(body)
	if !ok { // §5.5.1: if there is a body, its first two bytes are the code
		return []Problem{{Rule: RuleClose, Side: from, Reference: "RFC 6455 §5.5.1",
			Text: fmt.Sprintf("close body of one byte (0x%02x), too short for a status code", body[0])}}
	}
	var out []Problem
	if !CloseCodeAllowed(code) {
		out = append(out, Problem{Rule: RuleClose, Side: from, Reference: closeClause(code), Text: closeFault(code)})
	}
	var u UTF8
	u.Write(reason)
	if !u.Close() { // §5.5.1: the reason is UTF-8
		out = append(out, Problem{Rule: RuleUTF8, Side: from, Reference: "RFC 6455 §5.5.1, §8.1", Offset: int(u.Offset()),
			Text: "close reason is not UTF-8: ill-formed at byte " + strconv.FormatUint(u.Offset(), 10)})
	}
	return out
}

func closeClause(code uint16) string {
	if code >= 1004 && code <= 1006 || code == 1015 {
		return "RFC 6455 §7.4.1"
	}
	return "RFC 6455 §7.4.2"
}

func closeFault(code uint16) string {
	switch {
	case code == 1005, code == 1006, code == 1015:
		return fmt.Sprintf("close code %d (%s) is for local use and may not be sent", code, CloseCodeName(code))
	case code < 1000:
		return fmt.Sprintf("close code %d: codes below 1000 are not used", code)
	case code >= 5000:
		return fmt.Sprintf("close code %d: codes from 5000 on are not defined", code)
	}
	return fmt.Sprintf("close code %d is reserved and may not be sent", code)
}
