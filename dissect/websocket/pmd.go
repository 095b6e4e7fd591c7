package websocket

import (
	"fmt"
	"strings"
)

// PMDName is the name of the permessage-deflate extension (RFC 7692 §7).
const PMDName = "permessage-deflate"

// Parameters of permessage-deflate (RFC 7692 §7.1).
const (
	paramServerNCT  = "server_no_context_takeover"
	paramClientNCT  = "client_no_context_takeover"
	paramServerBits = "server_max_window_bits"
	paramClientBits = "client_max_window_bits"
)

// PMD is an agreement on permessage-deflate (RFC 7692 §7.1). The window bits
// are 8 to 15; 15 where nothing was said.
type PMD struct {
	ServerNoContextTakeover, ClientNoContextTakeover bool
	ServerMaxWindowBits, ClientMaxWindowBits         uint8
}

// DefaultPMD is what a bare "permessage-deflate" agrees on, and the best guess
// where the handshake was not seen.
func DefaultPMD() PMD { return PMD{ServerMaxWindowBits: 15, ClientMaxWindowBits: 15} }

// NoContextTakeover returns whether that side's messages each start with an empty window.
func (p PMD) NoContextTakeover(s Side) bool {
	if s == Client {
		return p.ClientNoContextTakeover
	}
	return p.ServerNoContextTakeover
}

// WindowBits returns the base-2 logarithm of that side's window, 8 to 15.
func (p PMD) WindowBits(s Side) uint8 {
	if s == Client {
		return p.ClientMaxWindowBits
	}
	return p.ServerMaxWindowBits
}

// AgreedPMD reads the server's answer and judges it against what the client
// offered (RFC 7692 §5.1, §7.1). ok says that the answer contains
// permessage-deflate; pmd is then what the server said, whatever the problems:
// both endpoints usually go on with that. Invalid values count as 15. Problems
// are the server's and of rule HS-EXTENSION; bad offers are OfferProblems' matter.
func AgreedPMD(offers, answer []Extension) (pmd PMD, ok bool, problems []Problem) {
	pmd = DefaultPMD()
	var x *Extension
	for i := range answer {
		if !strings.EqualFold(answer[i].Name, PMDName) {
			continue
		}
		if x != nil { // §5: an extension cannot be in use twice on the same reserved bit
			problems = append(problems, pmdProblem(Server, "RFC 7692 §5", "the server chose permessage-deflate twice"))
			break
		}
		x = &answer[i]
	}
	if x == nil {
		return pmd, false, nil
	}
	a := readPMD(x, Server)
	pmd = a.pmd()
	problems = append(problems, a.problems...)
	return pmd, true, append(problems, a.against(offers)...)
}

// OfferProblems judges the permessage-deflate elements of a client's offer by
// themselves (RFC 7692 §7.1): unknown and repeated parameters, values that are
// missing, superfluous or out of range.
func OfferProblems(offers []Extension) []Problem {
	var out []Problem
	for i := range offers {
		if strings.EqualFold(offers[i].Name, PMDName) {
			out = append(out, readPMD(&offers[i], Client).problems...)
		}
	}
	return out
}

// pmdParams is one element read: what is there, and what is wrong with it by itself.
type pmdParams struct {
	serverNCT, clientNCT   bool
	serverBits, clientBits bitsParam
	problems               []Problem
}

// bitsParam is a *_max_window_bits parameter. bits is 0 without a valid value.
type bitsParam struct {
	present bool
	bits    uint8
}

func readPMD(x *Extension, from Side) pmdParams {
	var p pmdParams
	bad := func(ref, format string, args ...any) {
		p.problems = append(p.problems, pmdProblem(from, ref, fmt.Sprintf(format, args...)))
	}
	for i := range x.Params {
		q := &x.Params[i]
		if first := x.Get(q.Name); first != q { // §7.1: the same name twice
			bad("RFC 7692 §7.1", "the %s's permessage-deflate has %s twice", from, clip(q.Name))
			continue
		}
		switch strings.ToLower(q.Name) {
		case paramServerNCT: // §7.1.1.1
			p.serverNCT = true
			if q.HasValue {
				bad("RFC 7692 §7.1.1.1", "the %s's server_no_context_takeover has the value %q, it takes none", from, clip(q.Value))
			}
		case paramClientNCT: // §7.1.1.2
			p.clientNCT = true
			if q.HasValue {
				bad("RFC 7692 §7.1.1.2", "the %s's client_no_context_takeover has the value %q, it takes none", from, clip(q.Value))
			}
		case paramServerBits: // §7.1.2.1: always with a value
			p.serverBits = bitsParam{true, windowBits(q)}
			if p.serverBits.bits == 0 {
				bad("RFC 7692 §7.1.2.1", "the %s's server_max_window_bits %s, not an integer from 8 to 15", from, valueSeen(q))
			}
		case paramClientBits: // §7.1.2.2: an offer may leave out the value
			p.clientBits = bitsParam{true, windowBits(q)}
			if p.clientBits.bits == 0 && (q.HasValue || from == Server) {
				bad("RFC 7692 §7.1.2.2", "the %s's client_max_window_bits %s, not an integer from 8 to 15", from, valueSeen(q))
			}
		default: // §7.1: a parameter not defined for use in an offer or answer
			bad("RFC 7692 §7.1", "the %s's permessage-deflate has the unknown parameter %q", from, clip(q.Name))
		}
	}
	return p
}

// pmd returns what the parameters agree on, 15 bits where no valid value stands.
func (p *pmdParams) pmd() PMD {
	r := DefaultPMD()
	r.ServerNoContextTakeover, r.ClientNoContextTakeover = p.serverNCT, p.clientNCT
	if p.serverBits.bits != 0 {
		r.ServerMaxWindowBits = p.serverBits.bits
	}
	if p.clientBits.bits != 0 {
		r.ClientMaxWindowBits = p.clientBits.bits
	}
	return r
}

// against returns nothing if the answer fits one of the offers, else what is
// wrong with it against the offer it fits best. An invalid offer can only be
// declined (§7.1), but an answer to it is measured all the same: the blame for
// it lies with the client.
func (p *pmdParams) against(offers []Extension) []Problem {
	var best []Problem
	found := false
	for i := range offers {
		if !strings.EqualFold(offers[i].Name, PMDName) {
			continue
		}
		o := readPMD(&offers[i], Client)
		misfit := p.misfit(&o)
		if len(misfit) == 0 {
			return nil
		}
		if !found || len(misfit) < len(best) {
			best = misfit
		}
		found = true
	}
	if !found { // RFC 6455 §9.1
		return []Problem{pmdProblem(Server, "RFC 6455 §9.1", "the server chose permessage-deflate, which the client did not offer")}
	}
	return best
}

// misfit says why the answer p does not accept the offer o.
func (p *pmdParams) misfit(o *pmdParams) []Problem {
	var out []Problem
	bad := func(ref, format string, args ...any) {
		out = append(out, pmdProblem(Server, ref, fmt.Sprintf(format, args...)))
	}
	// §7.1.1.1: accepted by including it. The server may also volunteer it.
	if o.serverNCT && !p.serverNCT {
		bad("RFC 7692 §7.1.1.1", "the client asked for server_no_context_takeover and the server's answer lacks it")
	}
	// §7.1.2.1: accepted by including it with the same or a smaller value. The
	// server may also volunteer it.
	switch {
	case o.serverBits.bits == 0:
	case !p.serverBits.present:
		bad("RFC 7692 §7.1.2.1", "the client asked for server_max_window_bits=%d and the server's answer lacks it", o.serverBits.bits)
	case p.serverBits.bits > o.serverBits.bits:
		bad("RFC 7692 §7.1.2.1", "the server answered server_max_window_bits=%d where the client asked for at most %d", p.serverBits.bits, o.serverBits.bits)
	}
	// §7.1.2.2: only in answer to an offer that has it, not larger than its value.
	switch {
	case p.clientBits.present && !o.clientBits.present:
		bad("RFC 7692 §7.1.2.2", "the server answered client_max_window_bits, which the client did not offer")
	case o.clientBits.bits != 0 && p.clientBits.bits > o.clientBits.bits:
		bad("RFC 7692 §7.1.2.2", "the server answered client_max_window_bits=%d where the client offered at most %d", p.clientBits.bits, o.clientBits.bits)
	}
	return out
}

// windowBits returns the value 8 to 15, or 0: a decimal integer without leading
// zeros (§7.1.2).
func windowBits(p *Param) uint8 {
	switch v := p.Value; {
	case len(v) == 1 && (v[0] == '8' || v[0] == '9'):
		return v[0] - '0'
	case len(v) == 2 && v[0] == '1' && v[1] >= '0' && v[1] <= '5':
		return 10 + v[1] - '0'
	}
	return 0
}

func valueSeen(p *Param) string {
	if !p.HasValue {
		return "has no value"
	}
	return fmt.Sprintf("is %q", clip(p.Value))
}

func pmdProblem(s Side, ref, text string) Problem {
	return Problem{Rule: RuleExtension, Side: s, Text: text, Reference: ref}
}

// clip bounds a quoted piece of input in a sentence.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
