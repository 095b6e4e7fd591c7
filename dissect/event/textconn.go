package event

import (
	"strconv"
	"strings"
)

// connectionColumn is a column of the list of connections.
type connectionColumn struct {
	heading string
	width   int
	wide    int // the width where there is room; 0: the same
	right   bool
	from    int // the narrowest terminal that has room for it
	style   style
	value   func(*Connection) string
}

// connectionColumns stand between the connection's number and what it was for.
// In 80 columns stand who, what and how it ended; the rest comes with the room
// that a terminal has.
var connectionColumns = []connectionColumn{
	{"CLIENT", wEndpoint, 0, false, 0, styleClient, func(c *Connection) string { return SafeString(c.Client) }},
	{"", 1, 0, false, 0, stylePlain, func(*Connection) string { return "→" }},
	{"SERVER", wEndpoint, 0, false, 0, styleServer, func(c *Connection) string { return SafeString(c.Server) }},
	{"PROTOCOL", wProtocol, wProtocolTLS, false, 0, stylePlain, protocolText},
	{"STATE", wState, 0, false, 0, stylePlain, endText},
	{"MSGS →", 7, 0, true, 105, stylePlain, func(c *Connection) string { return messagesText(c, Client) }},
	{"MSGS ←", 7, 0, true, 105, stylePlain, func(c *Connection) string { return messagesText(c, Server) }},
	{"BYTES →", wSize, 0, true, 130, stylePlain, func(c *Connection) string { return bytesText(c.Bytes[Client]) }},
	{"BYTES ←", wSize, 0, true, 130, stylePlain, func(c *Connection) string { return bytesText(c.Bytes[Server]) }},
	{"DURATION", 11, 0, true, 160, styleDim, func(c *Connection) string { return durationText(c.End - c.Start) }},
	{"RTT", 8, 0, true, 160, styleDim, func(c *Connection) string {
		if c.RTT <= 0 {
			return "–"
		}
		return durationText(c.RTT)
	}},
}

// connectionCells prints a row's cells of those columns that there is room for.
func (t *Text) connectionCells(cell func(*connectionColumn) (style, string)) {
	for i := range connectionColumns {
		col := &connectionColumns[i]
		if t.opt.Width > 0 && t.opt.Width < col.from {
			continue
		}
		width := col.width
		if !t.narrow() {
			width = max(width, col.wide)
		}
		if st, s := cell(col); col.right {
			t.cellRight(st, s, width)
		} else {
			t.cell(st, s, width)
		}
	}
}

func (t *Text) connectionHeadings() {
	t.beginRow()
	t.cell(styleHeading, "CONN", wConn)
	t.connectionCells(func(col *connectionColumn) (style, string) { return styleHeading, col.heading })
	t.tail(styleHeading, "WHAT")
	t.endRow()
}

func (t *Text) connection(e *Event, c *Connection) {
	t.beginRow()
	t.cell(stylePlain, connText(e), wConn)
	t.connectionCells(func(col *connectionColumn) (style, string) {
		if col.heading == "STATE" && c.State == "reset" {
			return styleWarning, col.value(c)
		}
		return col.style, col.value(c)
	})
	t.connectionWhat(c)
	t.endRow()
}

func messagesText(c *Connection, s Side) string {
	if !c.HasMessages {
		return "–"
	}
	return grouped(c.Messages[s])
}

// endText says how a connection ended, and by whom.
func endText(c *Connection) string {
	s, by := SafeString(c.State), c.ClosedBy.String()
	switch {
	case by == "":
		return s
	case c.State == "half-open":
		return s + ": " + by // whose FIN was seen
	}
	return s + " by " + by
}

// protocolText is the protocol, inside of what, or what it looks like. Over
// HTTP/1.1 is how WebSocket is expected to run, and not said.
func protocolText(c *Connection) string {
	s := c.Protocol
	switch n := len(c.Layers); {
	case n > 1 && c.Layers[0] == "tls":
		s += "/tls"
	case n > 0 && s == "":
		s = c.Layers[n-1]
	}
	if c.Guess != "" {
		s = c.Guess + "?"
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
