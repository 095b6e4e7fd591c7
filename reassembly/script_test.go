package reassembly

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
)

// A script is a conversation, one segment a line, with the calls it must cause.
//
//	> S                  client's SYN; < is the server. Flags are letters of FSRPAU
//	< SA ^0              ^N: the ACK number, as an offset in the peer's stream
//	> 'abc'              payload, placed behind the side's latest segment
//	> 'abc' @7           placed at offset 7 of the side's stream
//	> 'abc' cut=5        5 further bytes cut off by the snap length
//	+2s > A ^3           after two seconds; ms and m work too
//	> S isn=9000         from here on the side's streams begin at 9001
//	= > 0 'abc'          a call that the segment above causes, see recorder
//	close                end of capture
//
// Everything between // and the end of the line is a comment. win=N is the
// advertised window, ws=N the window scale option. Every segment must cause
// exactly the calls that follow it.
type script struct {
	t     *testing.T
	table *Table
	rec   *recorder
	base  [2]uint32
	next  [2]int64
	now   int64
	n     uint64
	port  uint16
	buf   []byte
}

// recorder writes calls as lines. Those of connections other than the first
// begin with its number.
type recorder struct {
	calls []string
	quiet bool // Open is no call
	conns []*Conn
}

type recording struct {
	r *recorder
	c *Conn
}

func (r *recorder) Open(c *Conn) Handler {
	h := &recording{r, c}
	if r.conns = append(r.conns, c); c.Number > 1 && !r.quiet {
		h.add("open")
	}
	return h
}

func (h *recording) add(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	if h.c.Number > 1 {
		s = fmt.Sprintf("#%d %s", h.c.Number, s)
	}
	h.r.calls = append(h.r.calls, s)
}

func arrow(d packet.Dir) string { return [2]string{">", "<"}[d] }

func (h *recording) Data(d packet.Dir, b []byte, at At) { h.add("%s %d '%s'", arrow(d), at.Offset, b) }
func (h *recording) Gap(d packet.Dir, n uint64, c Cause, at At) {
	h.add("%s %d gap %d %s", arrow(d), at.Offset, n, c)
}
func (h *recording) Fin(d packet.Dir, at At) { h.add("%s %d fin", arrow(d), at.Offset) }
func (h *recording) Overlap(d packet.Dir, o *Overlap) {
	h.add("%s %d overlap '%s' '%s' p%d p%d", arrow(d), o.Offset, o.First, o.Second, o.FirstPacket, o.Packet)
}
func (h *recording) End(r Reason, by packet.Dir, _ At) {
	if r == EndFIN || r == EndRST {
		h.add("end %s %s", r, arrow(by))
		return
	}
	h.add("end %s", r)
}
func (h *recording) Forget() { h.add("forget") }

func newScript(t *testing.T, l Limits) *script {
	s := &script{t: t, rec: &recorder{}, base: [2]uint32{1001, 5001}, port: 1000}
	s.now = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	s.table = New(s.rec, l)
	return s
}

// play runs a script that starts on a new table.
func play(t *testing.T, l Limits, text string) *script {
	t.Helper()
	s := newScript(t, l)
	s.run(text)
	return s
}

func (s *script) run(text string) {
	s.t.Helper()
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); {
		line, _, _ := strings.Cut(lines[i], "//")
		line = strings.TrimSpace(line)
		i++
		if line == "" {
			continue
		}
		var want []string
		for ; i < len(lines); i++ {
			l, _, _ := strings.Cut(lines[i], "//")
			l = strings.TrimSpace(l)
			if l == "" {
				continue
			}
			if !strings.HasPrefix(l, "= ") {
				break
			}
			want = append(want, l[2:])
		}
		s.rec.calls = nil
		s.step(line)
		if got := s.rec.calls; strings.Join(got, "\n") != strings.Join(want, "\n") {
			s.t.Errorf("after packet %d: %s\n got  %q\n want %q", s.n, line, got, want)
		}
		s.check()
	}
}

// check holds what is true after every packet.
func (s *script) check() {
	st := s.table.Stats()
	if st.Held < 0 || st.Retained < 0 || st.Held > s.table.limits.TotalBytes {
		s.t.Errorf("packet %d: held %d, retained %d", s.n, st.Held, st.Retained)
	}
}

func (s *script) step(line string) {
	if line == "close" {
		s.table.Close()
		if st := s.table.Stats(); st.Active != 0 || st.Held != 0 || st.Retained != 0 {
			s.t.Errorf("after Close: %+v", st)
		}
		return
	}
	d := packet.Decoded{Proto: 6, IPVersion: 4, WindowScale: -1, Window: 1000}
	d.Flow = packet.Flow{Lo: [16]byte{15: 1}, Hi: [16]byte{15: 2}, LoPort: s.port, HiPort: 80, Proto: 6, Version: 4}
	var payload string
	var at int64
	var placed, flagged bool
	cut := 0
	for _, w := range fields(line) {
		num := func(prefix string) int64 {
			v, err := strconv.ParseInt(strings.TrimPrefix(w, prefix), 10, 64)
			if err != nil {
				s.t.Fatalf("%s: %v", line, err)
			}
			return v
		}
		switch {
		case w == ">":
			d.Dir = packet.LoToHi
		case w == "<":
			d.Dir = packet.HiToLo
		case w[0] == '\'':
			payload = strings.ReplaceAll(strings.Trim(w, "'"), "~", "\x00")
		case w[0] == '+':
			v, err := time.ParseDuration(w[1:])
			if err != nil {
				s.t.Fatal(err)
			}
			s.now += int64(v)
		case w[0] == '@':
			at, placed = num("@"), true
		case w[0] == '^':
			d.Ack = s.base[d.Dir.Reverse()] + uint32(num("^"))
			d.Flags |= packet.ACK
		case strings.HasPrefix(w, "cut="):
			cut = int(num("cut="))
		case strings.HasPrefix(w, "win="):
			d.Window = uint16(num("win="))
		case strings.HasPrefix(w, "ws="):
			d.WindowScale = int8(num("ws="))
		case strings.HasPrefix(w, "isn="):
			s.base[d.Dir] = uint32(num("isn=")) + 1
			s.next[d.Dir] = 0
		case strings.HasPrefix(w, "port="):
			d.Flow.LoPort = uint16(num("port="))
		case strings.HasPrefix(w, "seq="):
			at, placed = int64(uint32(num("seq="))-s.base[d.Dir]), true
		default:
			flagged = true
			for _, f := range w {
				i := strings.IndexRune("FSRPAU", f)
				if i < 0 {
					s.t.Fatalf("%s: what is %q?", line, w)
				}
				d.Flags |= 1 << i
			}
		}
	}
	_ = flagged
	if !placed {
		at = s.next[d.Dir]
		if d.Flags&packet.SYN != 0 {
			at = -1
		}
	}
	d.Seq = s.base[d.Dir] + uint32(at)
	end := at + int64(len(payload)+cut)
	if d.Flags&packet.SYN != 0 {
		end++
	}
	if d.Flags&packet.RST == 0 {
		s.next[d.Dir] = max(s.next[d.Dir], end)
	}
	s.send(&d, []byte(payload), len(payload)+cut)
}

// send hands a segment to the table and scribbles over its bytes afterwards.
func (s *script) send(d *packet.Decoded, payload []byte, n int) {
	s.buf = append(s.buf[:0], payload...)
	d.Payload, d.PayloadLen = s.buf, n
	s.n++
	p := capture.Packet{Number: s.n, Time: s.now}
	s.table.Packet(&p, d)
	for i := range s.buf {
		s.buf[i] = '#'
	}
}

// fields splits at spaces outside quotes.
func fields(s string) []string {
	quoted := false
	return strings.FieldsFunc(s, func(r rune) bool {
		if r == '\'' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
}
