package event

import (
	"strconv"
	"strings"
)

func (t *Text) connectionHeadings() {
	t.beginRow()
	t.cell(styleHeading, "CONN", wConn)
	t.cell(styleHeading, "STATE", 16)
	t.cell(styleHeading, "CLIENT", wEndpoint)
	t.cell(styleHeading, " ", 1)
	t.cell(styleHeading, "SERVER", wEndpoint)
	t.cell(styleHeading, "PROTOCOL", wProtocol)
	t.cellRight(styleHeading, "MSGS →", 7)
	t.cellRight(styleHeading, "MSGS ←", 7)
	t.cellRight(styleHeading, "BYTES →", wSize)
	t.cellRight(styleHeading, "BYTES ←", wSize)
	t.cellRight(styleHeading, "DURATION", 11)
	t.cellRight(styleHeading, "RTT", 8)
	t.tail(styleHeading, "WHAT")
	t.endRow()
}

func (t *Text) connection(e *Event, c *Connection) {
	ended, st := endText(c)
	up, down, rtt := "–", "–", "–"
	if c.HasMessages {
		up, down = grouped(c.Messages[Client]), grouped(c.Messages[Server])
	}
	if c.RTT > 0 {
		rtt = durationText(c.RTT)
	}
	t.beginRow()
	t.cell(stylePlain, connText(e), wConn)
	t.cell(st, ended, 16)
	t.cell(styleClient, SafeString(c.Client), wEndpoint)
	t.cell(stylePlain, "→", 1)
	t.cell(styleServer, SafeString(c.Server), wEndpoint)
	t.cell(stylePlain, protocolText(c), wProtocol)
	t.cellRight(stylePlain, up, 7)
	t.cellRight(stylePlain, down, 7)
	t.cellRight(stylePlain, bytesText(c.Bytes[Client]), wSize)
	t.cellRight(stylePlain, bytesText(c.Bytes[Server]), wSize)
	t.cellRight(styleDim, durationText(c.End-c.Start), 11)
	t.cellRight(styleDim, rtt, 8)
	t.connectionWhat(c)
	t.endRow()
}

// endText says how a connection ended, and by whom.
func endText(c *Connection) (string, style) {
	s, st := SafeString(c.State), stylePlain
	if by := c.ClosedBy.String(); by != "" {
		s += " by " + by
	}
	if c.State == "reset" {
		st = styleWarning
	}
	return s, st
}

// protocolText is the chain of layers, else the protocol or what it looks like.
func protocolText(c *Connection) string {
	s := strings.Join(c.Layers, " › ")
	if s == "" {
		s = c.Protocol
	}
	if c.Guess != "" {
		s += " (" + c.Guess + "?)"
	}
	return SafeString(s)
}

// connectionWhat prints what a connection was for and what was wrong with it.
func (t *Text) connectionWhat(c *Connection) {
	what := c.Host + c.Path
	if what == "" {
		what = c.SNI
	}
	var l []string
	if c.Status != 0 && c.Status != 101 {
		l = append(l, "status "+strconv.Itoa(c.Status))
	}
	if c.Subprotocol != "" {
		l = append(l, "speaks "+SafeString(c.Subprotocol))
	}
	quiet := len(l)
	if c.Midstream {
		l = append(l, "began before the capture")
	}
	if n := c.Missing[Client] + c.Missing[Server]; n > 0 {
		l = append(l, bytesText(n)+" not captured")
	}
	if c.Errors > 0 {
		l = append(l, plural(c.Errors, "error"))
	}
	if c.Warnings > 0 {
		l = append(l, plural(c.Warnings, "warning"))
	}
	t.tail(stylePlain, what)
	if len(l) == 0 {
		return
	}
	if what != "" {
		t.pad(2)
	}
	st := styleDim
	if len(l) > quiet {
		st = styleWarning
	}
	t.put(st, "["+strings.Join(l, ", ")+"]")
}

var gapCauses = map[string]string{
	"lost":      "lost",
	"snaplen":   "cut off by the snap length",
	"limit":     "a limit was reached",
	"midstream": "before the first place that could be read",
}

// gap prints a hole as a row of its own, in every view.
func (t *Text) gap(e *Event, g *Gap) {
	cause, ok := gapCauses[g.Cause]
	if !ok {
		cause = SafeString(g.Cause)
	}
	t.beginRow()
	t.when(e)
	t.put(styleWarning, "⚠ "+plural(g.Length, "byte")+" not captured ("+cause+"), at offset "+grouped(g.Offset))
	t.endRow()
}

// finding prints a finding; where findings are what was asked for, also its evidence and advice.
func (t *Text) finding(e *Event, f *Finding) {
	t.beginRow()
	t.when(e)
	t.cell(severityStyle(f.Severity), f.Severity.String(), 7)
	t.cell(severityStyle(f.Severity), SafeString(f.Rule), 15)
	where := ""
	if f.Frame != 0 {
		where = "frame " + grouped(f.Frame) + ": "
	} else if f.Message != 0 {
		where = "message " + grouped(f.Message) + ": "
	}
	t.put(stylePlain, where)
	t.tail(stylePlain, f.Text)
	if f.Reference != "" {
		t.tail(styleDim, " ("+f.Reference+")")
	}
	t.endRow()
	if t.opt.View != ViewFindings {
		return
	}
	t.note("evidence", f.Evidence)
	t.note("advice", f.Advice)
}

// note prints a labelled line under a row.
func (t *Text) note(label, s string) {
	if s == "" {
		return
	}
	t.beginRow()
	t.pad(wTime + 2 + wDelta + 2)
	t.cell(styleDim, label, 9)
	t.tail(stylePlain, s)
	t.endRow()
}

// Summary is the line that a command ends with, for people: totals and what
// makes them incomplete. It has no line feed.
func Summary(e End) string {
	s := plural(e.Packets, "packet") + ", " + plural(e.Connections, "connection") + ", " +
		plural(e.Messages, "message") + ", " + plural(e.Findings, "finding")
	if e.TruncatedInput {
		s += "; the input is damaged or cut short"
	}
	if e.Dropped > 0 {
		s += "; " + plural(e.Dropped, "packet") + " dropped while capturing"
	}
	return s
}
