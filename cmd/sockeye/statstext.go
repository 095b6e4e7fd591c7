package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// Widths of a sheet's columns. A label that is too long for its column moves
// the rest of its row.
const (
	labelWidth = 32
	cellWidth  = 16
)

// sheet is totals as text: sections of rows, numbers aligned to the right.
type sheet struct {
	strings.Builder
	color bool
}

// section begins a section, with what stands above its columns.
func (s *sheet) section(title string, columns ...string) {
	if s.Len() > 0 {
		s.WriteByte('\n')
	}
	on, off := "", ""
	if s.color {
		on, off = "\x1b[1m", "\x1b[0m"
	}
	s.WriteString(on + title + off)
	s.cells(title, columns)
}

func (s *sheet) row(label string, cells ...string) {
	label = "  " + label
	s.WriteString(label)
	s.cells(label, cells)
}

// cells ends a line that begins with label.
func (s *sheet) cells(label string, cells []string) {
	at, end := utf8.RuneCountInString(label), labelWidth
	for _, c := range cells {
		end += cellWidth
		if c == "" {
			continue
		}
		n := utf8.RuneCountInString(c)
		blanks := max(2, end-at-n)
		s.WriteString(strings.Repeat(" ", blanks) + c)
		at += blanks + n
	}
	s.WriteByte('\n')
}

// text is a paragraph of its own.
func (s *sheet) text(format string, args ...any) { fmt.Fprintf(s, "  "+format+"\n", args...) }

// statsText is the totals for people.
func statsText(t *dissect.Totals, end event.End, color bool) string {
	s := &sheet{color: color}
	s.capture(t)
	s.bytes(t)
	s.connections(t)
	s.streams(t)
	s.messages(t)
	s.findings(t)
	s.incomplete(t, end)
	return s.String()
}

func (s *sheet) capture(t *dissect.Totals) {
	s.section("Capture")
	took := t.Last - t.First
	if t.Packets > 0 {
		s.row("first packet", stamp(t.First))
		s.row("last packet", stamp(t.Last))
		s.row("duration", event.Duration(took))
	}
	s.row("packets", event.Count(t.Packets), rate(t.Packets, took, event.Count))
	s.row("bytes on the wire", event.Size(t.Bytes), rate(t.Bytes, took, event.Size))
	s.section("Packets")
	s.row("TCP", event.Count(t.TCPPackets), percent(t.TCPPackets, t.Packets))
	s.row("UDP", event.Count(t.UDPPackets), percent(t.UDPPackets, t.Packets))
	for stop, n := range t.Stops {
		if n > 0 {
			s.row(packet.Stop(stop).String(), event.Count(n), percent(n, t.Packets))
		}
	}
}

// bytes says where the bytes went.
func (s *sheet) bytes(t *dissect.Totals) {
	s.section("Bytes on the wire")
	of := shareOf(t)
	for _, r := range []struct {
		label string
		n     uint64
	}{
		{"link layer", of.link},
		{"IP and TCP headers", of.headers},
		{"WebSocket frame headers", of.frames},
		{"WebSocket payload", of.payload},
		{"handshakes, HTTP, TLS, raw", of.streams},
		{"sent again, or cut", of.surplus},
		{"packets without TCP", of.rest},
	} {
		s.row(r.label, event.Size(r.n), percent(r.n, t.Bytes))
	}
}

func (s *sheet) connections(t *dissect.Totals) {
	s.section("Connections")
	s.row("all", event.Count(t.Connections))
	for _, p := range protocols {
		s.row(p, event.Count(t.ByProtocol[p]), percent(t.ByProtocol[p], t.Connections))
	}
	s.section("How they ended")
	for _, state := range states {
		s.row(state, event.Count(t.ByState[state]), percent(t.ByState[state], t.Connections))
	}
	s.row("began before the capture", event.Count(t.Midstream), percent(t.Midstream, t.Connections))
}

// streams is about TCP, by direction.
func (s *sheet) streams(t *dissect.Totals) {
	s.section("TCP streams", "client→server", "server→client")
	took := t.Last - t.First
	s.sides("bytes in order", func(i int) string { return event.Size(t.StreamBytes[i]) })
	s.sides("", func(i int) string { return rate(t.StreamBytes[i], took, event.Size) })
	s.sides("sent again", func(i int) string { return event.Size(t.Retransmitted[i]) })
	s.sides("", func(i int) string { return percent(t.Retransmitted[i], t.StreamBytes[i]+t.Retransmitted[i]) })
	s.sides("not captured", func(i int) string { return event.Size(t.MissingBytes[i]) })
	s.sides("", func(i int) string { return percent(t.MissingBytes[i], t.StreamBytes[i]+t.MissingBytes[i]) })
}

// sides adds a row of one cell a direction; a row of two empty ones is left out.
func (s *sheet) sides(label string, cell func(side int) string) {
	if a, b := cell(0), cell(1); a != "" || b != "" {
		s.row(label, a, b)
	}
}

func (s *sheet) messages(t *dissect.Totals) {
	if t.Messages+t.Handshakes[0]+t.Handshakes[1]+both(t.Frames) == 0 {
		return
	}
	took := t.Last - t.First
	s.section("WebSocket handshakes")
	s.row("accepted", event.Count(t.Handshakes[0]))
	s.row("refused or unanswered", event.Count(t.Handshakes[1]))
	s.section("WebSocket messages", "client→server", "server→client")
	sent := [2]uint64{messagesOf(t, event.Client), messagesOf(t, event.Server)}
	s.sides("all", func(i int) string { return event.Count(sent[i]) })
	s.sides("", func(i int) string { return rate(sent[i], took, event.Count) })
	for _, op := range opcodes {
		s.sides(op.name, func(i int) string { return event.Count(t.ByOpcode[i][op.code]) })
	}
	s.sides("frames", func(i int) string { return event.Count(t.Frames[i]) })
	s.sides("frame headers", func(i int) string { return event.Size(t.FrameHeaders[i]) })
	s.sides("payload on the wire", func(i int) string { return event.Size(t.WirePayload[i]) })
	if both(t.MissingPayload) > 0 {
		s.sides("of that, not captured", func(i int) string { return event.Size(t.MissingPayload[i]) })
	}
	s.sides("payload decoded", func(i int) string { return event.Size(t.DecodedPayload[i]) })
	s.sides("a message, on average", func(i int) string {
		if sent[i] == 0 {
			return ""
		}
		return event.Size(t.DecodedPayload[i] / sent[i])
	})
	if both(t.CompressedWire) == 0 {
		return
	}
	s.section("Compressed messages", "client→server", "server→client")
	s.sides("on the wire", func(i int) string { return event.Size(t.CompressedWire[i]) })
	s.sides("decompressed", func(i int) string { return event.Size(t.CompressedPlain[i]) })
	s.sides("ratio", func(i int) string {
		if t.CompressedWire[i] == 0 {
			return ""
		}
		return fmt.Sprintf("%.2f:1", float64(t.CompressedPlain[i])/float64(t.CompressedWire[i]))
	})
}

// findings counts by severity, then by rule, the most frequent first.
func (s *sheet) findings(t *dissect.Totals) {
	s.section("Findings")
	s.row("errors", event.Count(t.Errors))
	s.row("warnings", event.Count(t.Warnings))
	if info := less(t.Findings, t.Errors+t.Warnings); info > 0 {
		s.row("info", event.Count(info))
	}
	rules := slices.SortedFunc(maps.Keys(t.ByRule), func(a, b string) int {
		return cmp.Or(cmp.Compare(t.ByRule[b], t.ByRule[a]), cmp.Compare(a, b))
	})
	for _, r := range rules {
		s.row(r, event.Count(t.ByRule[r]))
	}
}

// incomplete says what the figures above cannot know.
func (s *sheet) incomplete(t *dissect.Totals, end event.End) {
	var l []string
	say := func(n uint64, format string, args ...any) {
		if n > 0 {
			l = append(l, fmt.Sprintf(format, args...))
		}
	}
	why := map[reassembly.Cause]string{
		reassembly.Lost:    "not captured",
		reassembly.Snaplen: "cut off by the snap length",
		reassembly.Limit:   "dropped because a bound was reached",
	}
	for c := reassembly.Lost; c < reassembly.Midstream; c++ {
		say(t.TCP.Gaps[c], "holes in the streams: %s, together %s %s", event.Count(t.TCP.Gaps[c]), event.Size(t.TCP.MissingBytes[c]), why[c])
	}
	say(t.Midstream, "connections that began before the capture: %s; what came earlier is not counted", event.Count(t.Midstream))
	say(t.Undecoded, "messages that could not be decompressed: %s; they count as on the wire", event.Count(t.Undecoded))
	say(end.Dropped, "packets dropped while they were captured: %s", event.Count(end.Dropped))
	if end.TruncatedInput {
		l = append(l, "the input is damaged or cut short; these are the totals of what came before")
	}
	if len(l) == 0 {
		return
	}
	s.section("What the capture cannot show")
	for _, line := range l {
		s.text("%s", line)
	}
}

// stamp is a time in UTC for people.
func stamp(ns int64) string { return time.Unix(0, ns).UTC().Format("2006-01-02 15:04:05.000 UTC") }

// rate is n a second, or "" where there is no duration to speak of.
func rate(n uint64, ns int64, form func(uint64) string) string {
	if ns < 1e6 {
		return ""
	}
	a := float64(n) / (float64(ns) / 1e9)
	if a < 10 && n > 0 && form(1) == "1" {
		return fmt.Sprintf("%.2g/s", a)
	}
	return form(uint64(a+0.5)) + "/s"
}

// percent is n of all, or "" where there is nothing to divide.
func percent(n, all uint64) string {
	switch p := 100 * float64(n) / float64(max(all, 1)); {
	case n == 0:
		return ""
	case p < 0.05:
		return "< 0.1 %"
	default:
		return fmt.Sprintf("%.1f %%", p)
	}
}
