package packet

// TCP option kinds (https://www.iana.org/assignments/tcp-parameters).
const (
	optEnd           = 0
	optNOP           = 1
	optMSS           = 2 // RFC 9293 §3.7.1
	optWindowScale   = 3 // RFC 7323 §2.2
	optSACKPermitted = 4 // RFC 2018 §2
	optTimestamps    = 8 // RFC 7323 §3.2

	// nopNopTimestamps is how nearly every segment's options begin (RFC 7323 appendix A).
	nopNopTimestamps = 0x0101080a

	maxWindowScale = 14 // a larger shift count is used as 14 (RFC 7323 §2.3)
)

// tcp decodes the TCP header at data[off:] (RFC 9293 §3.1).
func (d *Decoded) tcp(data []byte, off int, x extent) {
	d.L4Offset = off
	to := off + tcpHeader
	if to > x.end || to > len(data) {
		d.Stop = x.check(data, to)
		return
	}
	b := data[off:to:to]
	header := int(b[12]>>4) * 4
	if header < tcpHeader || off+header > x.end {
		d.Stop = StopMalformed
		return
	}
	d.tcpFields(b)
	if header > tcpHeader {
		if off+header <= len(data) {
			d.knownOptions(data[to : off+header])
		} else {
			d.OptionsCut = true
			d.options(data[to:])
		}
	}
	d.payload(data, off+header, x)
}

// tcpFields sets the fields of the fixed part b of a TCP header.
func (d *Decoded) tcpFields(b []byte) {
	b = b[:tcpHeader]
	d.Seq = be.Uint32(b[4:])
	d.Ack = be.Uint32(b[8:])
	d.Flags = be.Uint16(b[12:]) & 0x01ff
	d.Window = be.Uint16(b[14:])
	d.Urgent = be.Uint16(b[18:])
	d.WindowScale = -1
}

// knownOptions is options for those of a whole header, which are nearly always the same.
func (d *Decoded) knownOptions(o []byte) {
	if len(o) == 12 && be.Uint32(o) == nopNopTimestamps {
		d.HasTimestamp = true
		d.TSVal = be.Uint32(o[4:])
		d.TSEcr = be.Uint32(o[8:])
		return
	}
	d.options(o)
}

// options reads TCP options (RFC 9293 §3.1). An option whose length does not
// fit its kind is passed over, as receivers do; one whose length is impossible
// ends the reading. Both set OptionsDamaged.
func (d *Decoded) options(o []byte) {
	for len(o) > 0 {
		switch o[0] {
		case optEnd:
			return
		case optNOP:
			o = o[1:]
			continue
		}
		if len(o) < 2 || o[1] < 2 || int(o[1]) > len(o) {
			// Where the snap length cut the options, one that is cut is not damaged.
			d.OptionsDamaged = !d.OptionsCut || len(o) >= 2 && o[1] < 2
			return
		}
		n := int(o[1])
		switch kind := o[0]; {
		case kind == optMSS && n == 4:
			d.MSS = be.Uint16(o[2:])
		case kind == optWindowScale && n == 3:
			d.WindowScale = int8(min(o[2], maxWindowScale))
		case kind == optSACKPermitted && n == 2:
			d.SACKPermitted = true
		case kind == optTimestamps && n == 10:
			d.HasTimestamp = true
			d.TSVal = be.Uint32(o[2:])
			d.TSEcr = be.Uint32(o[6:])
		case kind == optMSS, kind == optWindowScale, kind == optSACKPermitted, kind == optTimestamps:
			d.OptionsDamaged = true
		}
		o = o[n:]
	}
}

// udp decodes the UDP header at data[off:] (RFC 768). The payload ends where
// the UDP length or the IP length ends first. A UDP length of 0 is that of a
// jumbogram (RFC 2675 §4) or of segmentation offload: the IP length counts.
// The destination port may hint at a tunnel.
func (d *Decoded) udp(data []byte, off int, x extent) {
	d.L4Offset = off
	to := off + udpHeader
	if to > x.end || to > len(data) {
		d.Stop = x.check(data, to)
		return
	}
	length := int(be.Uint16(data[off+4:]))
	if length != 0 {
		if length < udpHeader {
			d.Stop = StopMalformed
			return
		}
		x.end = min(x.end, off+length)
	}
	if kind := d.hint(be.Uint16(data[off+2:])); kind != EncapNone && d.overUDP(kind, data, to, x) {
		return
	}
	d.payload(data, to, x)
}

// payload sets the payload that begins at data[off:], which may lie beyond the
// captured bytes.
func (d *Decoded) payload(data []byte, off int, x extent) {
	end := min(x.end, x.wire)
	if end <= off {
		return
	}
	d.PayloadLen = end - off
	if end = min(end, len(data)); end > off {
		d.Payload = data[off:end:end]
	}
}

// Has tells whether all of the given TCP flags are set.
func (d *Decoded) Has(flags uint16) bool { return d.Flags&flags == flags }

// flagNames are the names of the flag bits, from bit 0 up.
var flagNames = [...]string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE"}

// TCPFlagsString returns the names of the TCP flags set, lowest bit first and
// joined by commas: "SYN,ACK"; "none" if no flag is set.
func TCPFlagsString(flags uint16) string {
	s := ""
	for i, name := range flagNames {
		if flags&(1<<i) == 0 {
			continue
		}
		if s != "" {
			s += ","
		}
		s += name
	}
	if s == "" {
		return "none"
	}
	return s
}
