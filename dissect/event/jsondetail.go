package event

import (
	"unicode/utf8"
	"unsafe"
)

const hexDigits = "0123456789abcdef"

// OpcodeName names a frame's opcode (RFC 6455 §5.2): continuation, text,
// binary, close, ping, pong, else reserved-N. Only the low four bits count.
func OpcodeName(op uint8) string { return opcodeNames[op&15] }

var opcodeNames = [16]string{
	"continuation", "text", "binary", "reserved-3", "reserved-4", "reserved-5", "reserved-6", "reserved-7",
	"close", "ping", "pong", "reserved-11", "reserved-12", "reserved-13", "reserved-14", "reserved-15",
}

// The opcodes that printers treat apart (RFC 6455 §5.2).
const (
	opClose = 8
	opPong  = 10
)

// message appends the rest of a message's line to d, of which w bytes are written.
func (j *jsonEncoder) message(d []byte, w int, m *Message) {
	w = putCount(d, w, &litMessage, m.Number)
	w = litOpcode[m.Opcode&15].put(d, w)
	w = putCounts(d, w, &litLength, m.Length, &litWireLength, m.WireLength)
	if m.Frames == 1 {
		w = litOneFrame.put(d, w)
	} else {
		w = putCount(d, w, &litFrames, m.Frames)
	}
	w = putFlag(d, w, &litMasked, m.Masked)
	w = putFlag(d, w, &litCompressed, m.Compressed)
	j.buf = d[:w]
	j.messagePayload(m)
	if m.Opcode < opClose && m.Missing|m.Truncated == 0 && m.Complete && m.Undecoded == "" && m.Type == "" {
		j.lit(`,"complete":true}` + "\n")
		return
	}
	if m.Opcode == opClose {
		j.closeBody(m)
	}
	j.some(`,"missing":`, m.Missing)
	j.some(`,"truncated":`, m.Truncated)
	j.flag(`,"complete":`, m.Complete)
	j.text(`,"undecoded":`, m.Undecoded)
	j.text(`,"subprotocol_type":`, m.Type)
	if m.Opcode == opPong && m.Latency >= 0 {
		j.millis(`,"latency_ms":`, m.Latency)
	}
	j.lit("}\n")
}

// messagePayload appends "text" or "data" and "preview". An empty message has
// an empty text or data; an empty close has neither, its "close" says it all.
func (j *jsonEncoder) messagePayload(m *Message) {
	if j.payload == PayloadNone {
		return
	}
	p, preview := shown(m, j.payload)
	switch {
	case m.hasText():
		j.payloadText(p)
	case m.Opcode == opClose && len(p) == 0:
	default:
		j.payloadData(p)
	}
	if preview {
		j.lit(`,"preview":true`)
	}
}

// hasText reports whether the payload is to be shown as text: every byte is known and is UTF-8.
func (m *Message) hasText() bool {
	return m.Text && m.Opcode != opClose && m.Missing == 0 && m.Undecoded == ""
}

// shown returns what of the payload is printed, and whether the rest was left
// out for being a preview only. Text is cut back to a whole character, because
// what is kept of a long one may end inside one.
func shown(m *Message, want Payload) (p []byte, preview bool) {
	p = m.Payload
	if want == PayloadNone {
		return nil, false
	}
	if want == PayloadPreview && m.Length > PreviewBytes && len(p) >= PreviewBytes {
		p, preview = p[:PreviewBytes], true
	}
	if m.hasText() && uint64(len(p)) < m.Length {
		p = wholeRunes(p)
	}
	return p, preview
}

// wholeRunes cuts off the beginning of a character at the end of p, if its rest is not there.
func wholeRunes(p []byte) []byte {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		if c := p[len(p)-n]; utf8.RuneStart(c) {
			if !utf8.FullRune(p[len(p)-n:]) {
				return p[:len(p)-n]
			}
			break
		}
	}
	return p
}

// closeBody appends what can be said of a close (RFC 6455 §5.5.1): nothing when
// its body is not all known, no code when it has none, no reason when that is
// empty or not UTF-8. The body's bytes stand in "data" in any case.
func (j *jsonEncoder) closeBody(m *Message) {
	if m.Missing > 0 || m.Undecoded != "" || uint64(len(m.Payload)) < m.Length {
		return
	}
	j.lit(`,"close":{`)
	if code, reason, ok := m.CloseCode(); ok {
		j.count(`"code":`, uint64(code))
		if len(reason) > 0 && utf8.Valid(reason) {
			j.text(`,"reason":`, viewString(reason))
		}
	}
	j.lit("}")
}

func (j *jsonEncoder) payloadText(p []byte) {
	j.lit(`,"text":"`)
	if j.long != nil && len(p) > batchBytes {
		j.long(p, textPiece)
	} else {
		j.chars(p)
	}
	j.lit(`"`)
}

func (j *jsonEncoder) payloadData(p []byte) {
	j.lit(`,"data":"`)
	if j.long != nil && len(p) > batchBytes {
		j.long(p, dataPiece)
		p = nil
	}
	for len(p) > jsonChunk && j.err == nil {
		j.buf = appendBase64(j.buf, p[:jsonChunk])
		p = p[jsonChunk:]
		j.spill()
	}
	j.buf = appendBase64(j.buf, p)
	j.lit(`"`)
}

// putFrame writes the rest of a frame's line.
func putFrame(d []byte, w int, f *Frame) int {
	w = putCount(d, w, &litFrame, f.Number)
	w = putCount(d, w, &litOffset, f.Offset)
	w = putFlag(d, w, &litFin, f.Fin)
	w = putCount(d, w, &litRSV, uint64(f.RSV))
	w = litOpcode[f.Opcode&15].put(d, w)
	w = putFlag(d, w, &litMasked, f.Masked)
	if f.Masked {
		w = litMask.put(d, w)
		w = len(appendHex(d[:w], f.Mask[:]))
		d[w] = '"'
		w++
	}
	w = putCount(d, w, &litLength, f.Length)
	w = putCount(d, w, &litHeader, uint64(max(f.HeaderLength, 0)))
	if f.Message != 0 {
		w = putCount(d, w, &litMessage, f.Message)
	}
	if f.Missing != 0 {
		w = putCount(d, w, &litMissing, f.Missing)
	}
	d[w], d[w+1] = '}', '\n'
	return w + 2
}

func (j *jsonEncoder) data(d *Data) {
	j.count(`,"offset":`, d.Offset)
	j.count(`,"length":`, uint64(len(d.Bytes)))
	if j.payload == PayloadNone {
		return
	}
	p, preview := d.Bytes, false
	if j.payload == PayloadPreview && len(p) > PreviewBytes {
		p, preview = p[:PreviewBytes], true
		if w := wholeRunes(p); utf8.Valid(w) {
			p = w
		}
	}
	if utf8.Valid(p) {
		j.payloadText(p)
	} else {
		j.payloadData(p)
	}
	if preview {
		j.lit(`,"preview":true`)
	}
}

func (j *jsonEncoder) finding(f *Finding) {
	j.text(`,"rule":`, f.Rule)
	j.text(`,"severity":`, f.Severity.String())
	j.some(`,"frame":`, f.Frame)
	j.some(`,"message":`, f.Message)
	j.text(`,"text":`, f.Text)
	j.text(`,"reference":`, f.Reference)
	j.text(`,"evidence":`, f.Evidence)
	j.text(`,"advice":`, f.Advice)
}

func (j *jsonEncoder) connection(c *Connection) {
	j.lit(`,"start":"`)
	j.buf = j.clock.append(j.buf, c.Start)
	j.lit(`","end":"`)
	j.buf = j.clock.append(j.buf, c.End)
	j.lit(`"`)
	j.text(`,"client":`, c.Client)
	j.text(`,"server":`, c.Server)
	j.text(`,"protocol":`, c.Protocol)
	j.list(`,"layers":`, c.Layers)
	j.text(`,"guess":`, c.Guess)
	j.text(`,"state":`, c.State)
	j.text(`,"closed_by":`, c.ClosedBy.String())
	j.flag(`,"midstream":`, c.Midstream)
	j.count(`,"packet_count":`, c.Packets)
	j.count(`,"client_bytes":`, c.Bytes[Client])
	j.count(`,"server_bytes":`, c.Bytes[Server])
	j.count(`,"client_missing":`, c.Missing[Client])
	j.count(`,"server_missing":`, c.Missing[Server])
	if c.HasMessages {
		j.count(`,"client_messages":`, c.Messages[Client])
		j.count(`,"server_messages":`, c.Messages[Server])
	}
	j.text(`,"host":`, c.Host)
	j.text(`,"path":`, c.Path)
	j.status(c.Status)
	j.text(`,"subprotocol":`, c.Subprotocol)
	j.text(`,"sni":`, c.SNI)
	j.text(`,"alpn":`, c.ALPN)
	if c.RTT > 0 {
		j.millis(`,"rtt_ms":`, c.RTT)
	}
	j.count(`,"errors":`, c.Errors)
	j.count(`,"warnings":`, c.Warnings)
}

func (j *jsonEncoder) handshake(h *Handshake) {
	j.text(`,"method":`, h.Method)
	j.text(`,"target":`, h.Target)
	j.text(`,"http_version":`, h.HTTPVersion)
	if h.Method != "" || len(h.RequestHeaders) > 0 {
		j.headers(`,"request_headers":`, h.RequestHeaders)
	}
	if h.Status != 0 || len(h.ResponseHeaders) > 0 {
		j.headers(`,"response_headers":`, h.ResponseHeaders)
	}
	j.mark(`,"request_cut":true`, h.RequestCut)
	j.mark(`,"response_cut":true`, h.ResponseCut)
	j.status(h.Status)
	j.text(`,"reason":`, h.Reason)
	j.flag(`,"accepted":`, h.Accepted)
	j.text(`,"key":`, h.Key)
	j.text(`,"accept":`, h.Accept)
	j.text(`,"accept_expected":`, h.AcceptExpected)
	j.text(`,"version":`, h.Version)
	j.text(`,"origin":`, h.Origin)
	j.text(`,"host":`, h.Host)
	j.list(`,"subprotocols_offered":`, h.SubprotocolsOffered)
	j.text(`,"subprotocol":`, h.Subprotocol)
	j.text(`,"extensions_offered":`, h.ExtensionsOffered)
	j.text(`,"extensions":`, h.Extensions)
}

// mark appends what applies only where it is true.
func (j *jsonEncoder) mark(member string, is bool) {
	if is {
		j.lit(member)
	}
}

func (j *jsonEncoder) status(code int) {
	if code > 0 {
		j.count(`,"status":`, uint64(code))
	}
}

// list appends an array of strings, which does not apply when empty.
func (j *jsonEncoder) list(key string, list []string) {
	if len(list) == 0 {
		return
	}
	j.lit(key)
	sep := "["
	for _, s := range list {
		j.lit(sep)
		j.quote(s)
		j.spill()
		sep = ","
	}
	j.lit("]")
}

// headers appends [[name,value],…] in the order of the wire.
func (j *jsonEncoder) headers(key string, hs []Header) {
	j.lit(key)
	j.lit("[")
	for i, h := range hs {
		if i > 0 {
			j.lit(",")
		}
		j.lit("[")
		j.quote(h.Name)
		j.lit(",")
		j.quote(h.Value)
		j.lit("]")
		j.spill()
	}
	j.lit("]")
}

func appendHex(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}

// viewString is p as a string that aliases it: valid while p is not changed,
// which is never, events being owned. It saves a copy of every payload.
func viewString(p []byte) string { return unsafe.String(unsafe.SliceData(p), len(p)) }

// viewBytes is s as bytes that alias it, which nothing may change.
func viewBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
