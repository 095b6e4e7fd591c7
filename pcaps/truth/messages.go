package truth

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// row is what is compared of a message.
type row struct {
	opcode  string
	length  uint64 // 0 where it could not be inflated
	sha256  string // empty where it has holes
	masked  bool
	code    int // -1: none
	reason  string
	damaged bool
}

func (r row) String() string {
	s := fmt.Sprintf("%s of %d bytes", r.opcode, r.length)
	if r.masked {
		s += ", masked"
	}
	if r.code >= 0 || r.reason != "" {
		s += fmt.Sprintf(", close %d %q", r.code, r.reason)
	}
	if r.damaged {
		return s + ", damaged"
	}
	return s + ", sha256 " + r.sha256[:min(8, len(r.sha256))] + "…"
}

// messages checks every message of a direction: in order, none missing, none more.
func (k *checker) messages(t *Connection, c *Conn, dir string, side event.Side) {
	_, built := t.Frames[dir]
	if _, ok := t.Messages[dir]; !ok || t.Case != "" && (!built || t.spoilt("", -1)) {
		return
	}
	want := slices.DeleteFunc(slices.Clone(t.Messages[dir]), func(m Message) bool { return m.InCapture != nil && !*m.InCapture })
	var got []*event.Message
	var numbers []uint64
	incomplete := 0
	for _, m := range inStream(c.Messages[side], t.stream()) {
		numbers = append(numbers, m.D.Number)
		if m.D.Complete {
			got = append(got, m.D)
		} else {
			incomplete++
		}
	}
	expect(k, Messages, t, dir+" incomplete", incomplete, t.begun(dir, side))
	slices.Sort(numbers)
	k.count(Messages, 1)
	for i, n := range numbers {
		if n != uint64(i+1) {
			k.differ(Messages, "conn %d %s %s: messages are numbered %v", t.ID, t.Case, dir, numbers)
			break
		}
	}
	k.rows(t, dir, side, got, want)
	for i := range min(len(want), len(got)) {
		if n := len(want[i].Fragments); want[i].Fragments != nil && (k.c.SplitByLibrary == nil || k.c.SplitByLibrary == false) {
			expect(k, Messages, t, fmt.Sprintf("%s frames of message %d", dir, got[i].Number), got[i].Frames, uint64(n))
		}
	}
}

// rows compares messages one by one, and says where they differ first.
func (k *checker) rows(t *Connection, dir string, side event.Side, got []*event.Message, want []Message) {
	k.count(Messages, max(1, len(want)))
	for i := range max(len(got), len(want)) {
		g, w := "nothing", "nothing"
		hole := false
		if i < len(got) {
			m := got[i]
			hole = k.lossy && (m.Missing > 0 && m.Missing <= m.Length && m.Length > k.cut || m.Undecoded != "")
			if hole {
				k.damaged++
			}
			g = gotRow(m, hole).String()
		}
		if i < len(want) {
			undecoded := i < len(got) && got[i].Undecoded != ""
			w = wantRow(&want[i], side, hole, undecoded).String()
		}
		if g != w {
			k.differ(Messages, "conn %d %s %s message %d of %d (got %d):\n\t got %s\n\twant %s", t.ID, t.Case, dir, i+1, len(want), len(got), g, w)
			return
		}
	}
}

func gotRow(m *event.Message, hole bool) row {
	r := row{opcode: opcodes[m.Opcode], length: m.Length, sha256: digest(m.Payload), masked: m.Masked, code: -1, damaged: m.Missing > 0 || m.Undecoded != ""}
	if hole {
		if m.Undecoded != "" {
			r.length = 0
		}
		r.sha256 = ""
		return r
	}
	if code, reason, ok := m.CloseCode(); ok {
		r.code, r.reason = int(code), string(reason)
	}
	return r
}

func wantRow(m *Message, side event.Side, hole, undecoded bool) row {
	r := row{opcode: m.Type, length: m.Length, sha256: m.SHA256, masked: side == event.Client, code: -1, damaged: hole}
	if hole {
		if undecoded {
			r.length = 0
		}
		r.sha256 = ""
		return r
	}
	if m.Code != nil {
		r.code = *m.Code
	}
	r.reason = m.Reason
	return r
}

// begun counts the messages of a direction that the connection's end cut off.
func (t *Connection) begun(dir string, side event.Side) int {
	if side == event.Client && strings.Contains(t.TCPEnd, "inside a frame") {
		return 1
	}
	for i := range t.Frames[dir] {
		if t.Frames[dir][i].begun() {
			return 1
		}
	}
	return 0
}

// spoilt tells whether a frame of dir with an index below before violates
// something; dir "" means either, before -1 all.
func (t *Connection) spoilt(dir string, before int) bool {
	return slices.ContainsFunc(t.Violations, func(v Violation) bool {
		return v.Where == "frame" && (dir == "" || v.Dir == dir) && (before < 0 || v.Frame < before)
	})
}

// header is what is compared of a frame.
type header struct {
	opcode       string
	fin          bool
	rsv          uint8
	mask         string // empty: not masked
	headerLength int
	length       uint64
}

// frames checks every frame of a scripted direction up to the first that
// violates something, and that there are no more where none does.
func (k *checker) frames(t *Connection, c *Conn, dir string, side event.Side) {
	built, ok := t.Frames[dir]
	if !ok {
		return
	}
	got := inStream(c.Frames[side], t.stream())
	at, sent := 0, 0
	for i := range built {
		if built[i].headerSent() {
			sent++
		}
		if t.spoilt(dir, i) || !built[i].headerSent() {
			continue
		}
		f := &built[i]
		want := header{name(f.Opcode), f.Fin, f.RSV, f.MaskKey, f.HeaderBytes(), f.Length}
		if at < len(got) {
			g := got[at].D
			have := header{name(g.Opcode), g.Fin, g.RSV, "", g.HeaderLength, g.Length}
			if g.Masked {
				have.mask = fmt.Sprintf("%x", g.Mask)
			}
			expect(k, Frames, t, fmt.Sprintf("%s frame %d", dir, at+1), have, want)
		} else {
			expect(k, Frames, t, fmt.Sprintf("%s frame %d", dir, at+1), header{opcode: "none"}, want)
		}
		at++
	}
	if !t.spoilt("", -1) {
		expect(k, Frames, t, dir+" frames", len(got), sent)
	}
}

func name(opcode uint8) string {
	if n, ok := opcodes[opcode]; ok {
		return n
	}
	return fmt.Sprintf("reserved-%d", opcode)
}
