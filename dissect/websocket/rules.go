package websocket

// Side is an endpoint of the connection, the one at fault in a Problem. Its
// values are those of most event models: client 0, server 1.
type Side uint8

// The sides.
const (
	Client Side = iota
	Server
)

func (s Side) String() string {
	if s == Client {
		return "client"
	}
	return "server"
}

// Severity of a rule.
type Severity uint8

// Severities.
const (
	Info Severity = iota
	Warning
	Error
)

func (s Severity) String() string { return [...]string{"info", "warning", "error", ""}[s&3] }

// Rule is the stable name of a rule. Names are never reused.
type Rule string

// The rules that concern handshakes, frames, messages and permessage-deflate.
const (
	RuleMethod      Rule = "HS-METHOD"
	RuleHost        Rule = "HS-HOST"
	RuleUpgrade     Rule = "HS-UPGRADE"
	RuleConnection  Rule = "HS-CONNECTION"
	RuleSyntax      Rule = "HS-SYNTAX"
	RuleKey         Rule = "HS-KEY"
	RuleVersion     Rule = "HS-VERSION"
	RuleAccept      Rule = "HS-ACCEPT"
	RuleSubprotocol Rule = "HS-SUBPROTOCOL"
	RuleExtension   Rule = "HS-EXTENSION"
	RuleStatus      Rule = "HS-STATUS"
	RuleEarlyData   Rule = "HS-EARLY-DATA"
	RuleMask        Rule = "WS-MASK"
	RuleMaskKey     Rule = "WS-MASK-KEY"
	RuleRSV         Rule = "WS-RSV"
	RuleOpcode      Rule = "WS-OPCODE"
	RuleLength      Rule = "WS-LENGTH"
	RuleControl     Rule = "WS-CONTROL"
	RuleFragment    Rule = "WS-FRAGMENT"
	RuleUTF8        Rule = "WS-UTF8"
	RuleClose       Rule = "WS-CLOSE"
	RuleAfterClose  Rule = "WS-AFTER-CLOSE"
	RuleNoClose     Rule = "WS-NO-CLOSE"
	RulePong        Rule = "WS-PONG"
	RuleInflate     Rule = "PMD-INFLATE"
	RuleParam       Rule = "PMD-PARAM"
)

// RuleInfo describes a rule.
type RuleInfo struct {
	Rule      Rule
	Severity  Severity
	Reference string // where it comes from, as in "RFC 6455 §5.1"
	Summary   string // what is wrong when it is broken
}

// Rules returns the table of rules, in a fixed order. The caller owns it.
func Rules() []RuleInfo {
	return []RuleInfo{
		{RuleMethod, Error, "RFC 6455 §4.1", "not GET, or HTTP below 1.1"},
		{RuleHost, Error, "RFC 6455 §4.1", "no or several Host"},
		{RuleUpgrade, Error, "RFC 6455 §4.2.1", "Upgrade lacks the token websocket"},
		{RuleConnection, Error, "RFC 6455 §4.2.1", "Connection lacks the token Upgrade"},
		{RuleSyntax, Warning, "RFC 9112 §2.2, §5.2", "line ends or folding that RFC 9112 forbids; the handshake is read all the same"},
		{RuleKey, Error, "RFC 6455 §4.1", "Sec-WebSocket-Key missing, repeated, not base64 of 16 bytes"},
		{RuleVersion, Error, "RFC 6455 §4.2.2, §4.4", "version missing or not 13; a 426 without Sec-WebSocket-Version to a request whose version was not 13"},
		{RuleAccept, Error, "RFC 6455 §4.2.2", "Sec-WebSocket-Accept missing or not what the key gives"},
		{RuleSubprotocol, Error, "RFC 6455 §4.2.2", "one chosen that was not offered, or several"},
		{RuleExtension, Error, "RFC 6455 §9.1, RFC 7692 §7.1", "one chosen that was not offered, or bad parameters in offer or answer"},
		{RuleStatus, Warning, "RFC 6455 §4.2.2", "refused, and what the answer says about why"},
		{RuleEarlyData, Error, "RFC 6455 §4.1", "frames before the 101 was complete"},
		{RuleMask, Error, "RFC 6455 §5.1", "client frame not masked, or server frame masked"},
		{RuleMaskKey, Warning, "RFC 6455 §5.3, §10.3", "masking key zero, the same three times running, or predictable from those before"},
		{RuleRSV, Error, "RFC 6455 §5.2, RFC 7692 §6", "reserved bit without a negotiated extension, or RSV1 where RFC 7692 forbids it"},
		{RuleOpcode, Error, "RFC 6455 §5.2", "reserved opcode"},
		{RuleLength, Error, "RFC 6455 §5.2", "length not in the shortest form, or its top bit set"},
		{RuleControl, Error, "RFC 6455 §5.5", "control frame fragmented or longer than 125"},
		{RuleFragment, Error, "RFC 6455 §5.4", "continuation without a start, or a new message inside an unfinished one"},
		{RuleUTF8, Error, "RFC 6455 §8.1", "text or close reason not UTF-8"},
		{RuleClose, Error, "RFC 6455 §5.5.1, §7.4", "close of one byte, or a code that may not be sent"},
		{RuleAfterClose, Error, "RFC 6455 §5.5.1", "frames after the close frame"},
		{RuleNoClose, Warning, "RFC 6455 §7.1.5", "the connection ended and this side sent no close frame (its peer reports 1006)"},
		{RulePong, Info, "RFC 6455 §5.5.2, §5.5.3", "unanswered ping, or pong that answers nothing"},
		{RuleInflate, Error, "RFC 7692 §7.2", "compressed message that does not inflate"},
		{RuleParam, Error, "RFC 7692 §7.1", "frames that disobey the negotiated window or context parameters"},
	}
}

// Severity returns the severity with which breaches of the rule are reported:
// Error for all but a few.
func (r Rule) Severity() Severity {
	switch r {
	case RuleStatus, RuleSyntax, RuleMaskKey, RuleNoClose:
		return Warning
	case RulePong:
		return Info
	}
	return Error
}

// Problem is one breach of a rule. It is owned.
type Problem struct {
	Rule      Rule
	Side      Side   // who is at fault
	Text      string // one sentence, with the values seen
	Reference string // the clause, as in "RFC 6455 §5.1"
	Offset    int    // of WS-UTF8: byte in the payload, or in a close's reason; else 0
}
