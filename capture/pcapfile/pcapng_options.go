package pcapfile

import (
	"strings"

	"github.com/sockeye-dev/sockeye/capture"
)

// Option codes (draft-ietf-opsawg-pcapng §3.5, §4.2, §4.3, §4.6).
const (
	optEnd     = 0
	optComment = 1

	optIfName        = 2
	optIfDescription = 3
	optIfTsresol     = 9
	optIfFilter      = 11
	optIfOS          = 12
	optIfFCSLen      = 13
	optIfTsoffset    = 14

	optPacketFlags = 2

	optStatsStart    = 2
	optStatsEnd      = 3
	optStatsReceived = 4
	optStatsDropped  = 5
	optStatsOSDrop   = 7
)

// options walks over a block's options. value is borrowed.
type options struct {
	r       *Reader
	b       []byte
	code    uint16
	value   []byte
	damaged bool // an option's length does not fit; those before it are good
}

func (o *options) next() bool {
	if len(o.b) < 4 {
		return false
	}
	code, n := o.r.u16(o.b), int(o.r.u16(o.b[2:]))
	if code == optEnd {
		return false
	}
	if n > len(o.b)-4 {
		o.damaged = true
		return false
	}
	o.code, o.value = code, o.b[4:4+n]
	o.b = o.b[min(4+(n+3)&^3, len(o.b)):]
	return true
}

// interfaceBlock reads an interface description (§4.2). Its options decide what
// timestamps mean, so damaged ones end the input rather than shift the clock.
func (r *Reader) interfaceBlock(_ uint32, b []byte, at int64) (p capture.Packet, ok bool, err error) {
	if len(r.ifaces) >= MaxInterfaces {
		return p, false, r.damage(at, "more than %d interfaces", MaxInterfaces)
	}
	i := Interface{Link: capture.LinkType(r.u16(b[8:])), SnapLen: r.u32(b[12:]), Resolution: Microseconds}
	o := options{r: r, b: b[16:]}
	for o.next() {
		if !r.interfaceOption(&i, o.code, o.value) {
			o.damaged = true
			break
		}
	}
	if o.damaged {
		return p, false, r.damage(at, "interface description with a damaged option")
	}
	r.noteSection(at)
	r.ifaces = append(r.ifaces, i)
	r.clocks = append(r.clocks, newClock(&i))
	return p, false, nil
}

func (r *Reader) interfaceOption(i *Interface, code uint16, v []byte) bool {
	switch code {
	case optComment:
		r.comments.add(Comment{Text: string(v)})
	case optIfName:
		i.Name = r.keepText(v)
	case optIfDescription:
		i.Description = r.keepText(v)
	case optIfOS:
		i.OS = r.keepText(v)
	case optIfFilter:
		if len(v) > 0 && v[0] == 0 { // 0: a libpcap expression; 1: BPF code
			i.Filter = r.keepText(v[1:])
		}
	case optIfTsresol:
		if len(v) != 1 {
			return false
		}
		i.Resolution = Resolution(v[0])
	case optIfTsoffset:
		if len(v) != 8 {
			return false
		}
		i.Offset = int64(r.u64(v))
	case optIfFCSLen:
		if len(v) != 1 {
			return false
		}
		i.FCSLen = fcsBytes(v[0])
	}
	return true
}

// fcsBytes reads if_fcslen: bits by the specification, bytes by its example and
// by what most programs write. No frame check sequence has 16 bytes or more.
func fcsBytes(v uint8) uint8 {
	if v >= 16 {
		return v / 8
	}
	return v
}

// maxFCS is the longest frame check sequence that if_fcslen can say, in bits.
const maxFCS = 31

// fcsOption is the inverse of fcsBytes.
func fcsOption(bytes uint8) uint8 {
	if bytes >= 16 {
		return bytes * 8
	}
	return bytes
}

func (r *Reader) keepText(v []byte) string {
	if r.text+len(v) > MaxText {
		return ""
	}
	r.text += len(v)
	return strings.TrimRight(string(v), "\x00")
}

// packetOptions reads comments and the FCS length in the flags. Damaged
// options do not hurt the packet: those before the damage count.
func (r *Reader) packetOptions(p *capture.Packet, b []byte) {
	o := options{r: r, b: b}
	for o.next() {
		switch {
		case o.code == optComment:
			r.comments.add(Comment{Packet: p.Number, Text: string(o.value)})
		case o.code == optPacketFlags && len(o.value) == 4:
			if n := uint8(r.u32(o.value) >> 5 & 15); n != 0 { // §4.3.1, bits 5 to 8: bytes
				p.FCSLen = n
			}
		}
	}
}

// Comment is a comment in a pcapng file: of a packet, or of a section or interface.
type Comment struct {
	Packet uint64 // the packet's number; 0 for a section or an interface
	// Text is captured text, owned: not to be printed to a terminal without
	// making control characters visible.
	Text string
}

// commentStore keeps comments up to MaxComments and MaxText.
type commentStore struct {
	list    []Comment
	bytes   int
	leftOut uint64
}

func (s *commentStore) add(c Comment) {
	if len(s.list) >= MaxComments || s.bytes+len(c.Text) > MaxText {
		s.leftOut++
		return
	}
	s.bytes += len(c.Text)
	s.list = append(s.list, c)
}

// Secret is a decryption secrets block.
type Secret struct {
	// Type says what Data is (draft-ietf-opsawg-pcapng §4.7).
	Type uint32
	// Data is owned.
	Data []byte
}

// Types of secrets.
const (
	SecretsTLS       = 0x544c534b // TLS key log, the lines of NSS's SSLKEYLOGFILE
	SecretsSSH       = 0x5353484b // SSH key log
	SecretsWireGuard = 0x57474b4c // WireGuard key log
)

// secretStore keeps secrets up to MaxSecrets and MaxSecretBlocks.
type secretStore struct {
	list    []Secret
	bytes   int
	leftOut uint64
}

// room tells whether a block of this length may still be kept, and counts it when not.
func (s *secretStore) room(total uint32) bool {
	if uint64(s.bytes)+uint64(total) > MaxSecrets || len(s.list) >= MaxSecretBlocks {
		s.leftOut++
		return false
	}
	return true
}

// secretsBlock reads a decryption secrets block (§4.7).
func (r *Reader) secretsBlock(_ uint32, b []byte, at int64) (p capture.Packet, ok bool, err error) {
	typ, n := r.u32(b[8:]), r.u32(b[12:])
	data := b[secretsDataFrom:]
	if uint64(n) > uint64(len(data)) {
		return p, false, r.damage(at, "secrets of %d bytes in a block of %d", n, len(b)+4)
	}
	r.secrets.list = append(r.secrets.list, Secret{Type: typ, Data: append([]byte(nil), data[:n]...)})
	r.secrets.bytes += int(n)
	return p, false, nil
}

// Statistics is what a file says about one interface's losses. A count is
// negative where the file does not say.
type Statistics struct {
	Interface uint32 // index of Interfaces
	Received  int64  // packets received
	Dropped   int64  // packets dropped by the interface, for lack of resources
	OSDropped int64  // packets dropped by the operating system
	// Start and End say which part of the capture was counted, in nanoseconds
	// since the epoch; 0 where the file does not say.
	Start, End int64
}

// statisticsBlock reads interface statistics (§4.6). Statistics of an unknown
// interface are passed over: no packet depends on them.
func (r *Reader) statisticsBlock(_ uint32, b []byte, _ int64) (p capture.Packet, ok bool, err error) {
	id := r.u32(b[8:])
	if uint64(id) >= uint64(len(r.ifaces)-r.section) {
		return p, false, nil
	}
	s := Statistics{Interface: uint32(r.section) + id, Received: -1, Dropped: -1, OSDropped: -1}
	clock := &r.clocks[s.Interface]
	at := func(b []byte) int64 {
		if clock.perSecond == 0 {
			return 0
		}
		return clock.time(uint64(r.u32(b))<<32 | uint64(r.u32(b[4:])))
	}
	o := options{r: r, b: b[20:]}
	for o.next() {
		if len(o.value) != 8 {
			continue
		}
		n := int64(min(r.u64(o.value), 1<<63-1))
		switch o.code {
		case optStatsStart:
			s.Start = at(o.value)
		case optStatsEnd:
			s.End = at(o.value)
		case optStatsReceived:
			s.Received = n
		case optStatsDropped:
			s.Dropped = n
		case optStatsOSDrop:
			s.OSDropped = n
		}
	}
	r.keepStatistics(s)
	return p, false, nil
}

// keepStatistics replaces an interface's earlier statistics.
func (r *Reader) keepStatistics(s Statistics) {
	if i, ok := r.dropsOf[s.Interface]; ok {
		r.drops[i] = s
		return
	}
	if r.dropsOf == nil {
		r.dropsOf = make(map[uint32]int)
	}
	r.dropsOf[s.Interface] = len(r.drops)
	r.drops = append(r.drops, s)
}
