package tui

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

// Columns of the list of connections.
const (
	colNumber = iota
	colState
	colPeers
	colProtocol
	colHost
	colPath
	colMessages
	colBytes
	colDuration
	colRTT
	colEnd
	colFindings
)

// connColumns are the columns of the list of connections.
var connColumns = []column{
	colNumber:   {title: "#", width: 5, right: true},
	colState:    {title: "State", width: 9, rank: 3},
	colPeers:    {title: "Client → Server", width: 43, rank: 0},
	colProtocol: {title: "Protocol", width: 18, rank: 6},
	colHost:     {title: "Host", width: 30},
	colPath:     {title: "Path", width: 8, flex: true},
	colMessages: {title: "→/←", width: 9, right: true, rank: 2},
	colBytes:    {title: "Bytes →/←", width: 17, right: true, rank: 8},
	colDuration: {title: "Dur", width: 8, right: true, rank: 5},
	colRTT:      {title: "RTT", width: 8, right: true, rank: 7},
	colEnd:      {title: "End", width: 12, rank: 4},
	colFindings: {title: "!", width: 5, rank: 1},
}

// connList is the list of connections.
type connList struct {
	rows    []*session.Row
	order   []*session.Row // those that are shown, sorted
	cursor  cursor
	kept    uint64 // number of the connection that the user put the cursor on; 0: none yet
	sort    int
	reverse bool
	grouped bool // by host, before what it is sorted by
	marks   map[uint64]bool
	widths  []int // of the columns, as they were drawn
}

// load takes the rows of the capture. The cursor stays on its connection.
func (l *connList) load(rows []*session.Row, keep func(*session.Row) bool) {
	l.rows = rows
	l.order = l.order[:0]
	for _, r := range rows {
		if keep == nil || keep(r) {
			l.order = append(l.order, r)
		}
	}
	l.arrange()
}

// arrange sorts the list. The cursor stays on the connection that the user put
// it on; where that is not listed, on the one before.
func (l *connList) arrange() {
	if l.sort != colNumber || l.reverse || l.grouped {
		slices.SortFunc(l.order, l.compare)
	}
	l.cursor.resize(len(l.order))
	if l.kept == 0 {
		return
	}
	if r := l.selected(); r != nil && r.Number == l.kept {
		return
	}
	i, there := slices.BinarySearchFunc(l.order, l.rows[l.kept-1], l.compare)
	if !there {
		i--
	}
	l.cursor.set(i)
}

// compare is the order of the list. No two connections are equal in it.
func (l *connList) compare(x, y *session.Row) int {
	if l.grouped {
		if n := strings.Compare(hostText(x), hostText(y)); n != 0 {
			return n
		}
	}
	n := compareRows(l.sort, x, y)
	if l.reverse {
		n = -n
	}
	return cmp.Or(n, cmp.Compare(x.Number, y.Number))
}

// keep notes that the user put the cursor where it is.
func (l *connList) keep() {
	if r := l.selected(); r != nil {
		l.kept = r.Number
	}
}

// openChosen opens the connection that the user put the cursor on.
func (a *App) openChosen() {
	a.conns.keep()
	a.openSelected()
}

// sortBy sorts by a column; the same column again turns the order round.
func (l *connList) sortBy(col int) {
	if col == l.sort {
		l.reverse = !l.reverse
	} else {
		l.sort, l.reverse = col, false
	}
	l.again()
}

// again sorts the list anew; the cursor stays on its connection.
func (l *connList) again() {
	slices.SortFunc(l.order, func(x, y *session.Row) int { return cmp.Compare(x.Number, y.Number) })
	l.arrange()
}

// toggleGroup groups the connections by host, or no longer.
func (a *App) toggleGroup() {
	a.conns.grouped = !a.conns.grouped
	a.conns.again()
	a.say(rDim, "%s", map[bool]string{true: "grouped by host", false: "not grouped"}[a.conns.grouped])
}

func (l *connList) selected() *session.Row {
	if l.cursor.at >= len(l.order) {
		return nil
	}
	return l.order[l.cursor.at]
}

func compareRows(col int, x, y *session.Row) int {
	switch col {
	case colState:
		return cmp.Compare(x.State, y.State)
	case colPeers:
		if n := x.Client().Compare(y.Client()); n != 0 {
			return n
		}
		return x.Server().Compare(y.Server())
	case colProtocol:
		return strings.Compare(protocolText(x), protocolText(y))
	case colHost:
		return strings.Compare(hostText(x), hostText(y))
	case colPath:
		return strings.Compare(pathText(x), pathText(y))
	case colMessages:
		return cmp.Compare(x.Messages[0]+x.Messages[1], y.Messages[0]+y.Messages[1])
	case colBytes:
		return cmp.Compare(x.Bytes[0]+x.Bytes[1], y.Bytes[0]+y.Bytes[1])
	case colDuration:
		return cmp.Compare(x.Last-x.Start, y.Last-y.Start)
	case colRTT:
		return cmp.Compare(x.RTT, y.RTT)
	case colEnd:
		return strings.Compare(endText(x), endText(y))
	case colFindings:
		return cmp.Or(cmp.Compare(x.Errors, y.Errors), cmp.Compare(x.Warnings, y.Warnings))
	}
	return cmp.Compare(x.Number, y.Number)
}

// protocolText is the chain of protocols, as in http·websocket.
func protocolText(r *session.Row) string {
	layers := make([]string, len(r.Layers))
	for i, l := range r.Layers {
		layers[i], _, _ = strings.Cut(l, "/")
	}
	if len(layers) == 0 {
		return protocolOr(r)
	}
	s := strings.Join(layers, "·")
	if r.Guess != "" {
		s += "? " + r.Guess
	}
	return s
}

func protocolOr(r *session.Row) string {
	if r.Protocol == "" {
		return "?"
	}
	return r.Protocol
}

// hostText is whom the client asked for: the Host of its request, else the name
// in TLS, else the server's address.
func hostText(r *session.Row) string { return cmp.Or(r.Host, r.SNI, r.Server().String()) }

// groupText is the host and how many of its connections are listed, in the first
// row of a group that is seen.
func (l *connList) groupText(i int) string {
	host := hostText(l.order[i])
	if i > l.cursor.top && hostText(l.order[i-1]) == host {
		return "〃"
	}
	first, _ := slices.BinarySearchFunc(l.order, host, func(r *session.Row, h string) int { return strings.Compare(hostText(r), h) })
	n := 0
	for k := first; k < len(l.order) && hostText(l.order[k]) == host; k++ {
		n++
	}
	return sprintf("%s (%d)", host, n)
}

// pathText is what was asked for: the path, else the name in TLS, else the host.
func pathText(r *session.Row) string { return cmp.Or(r.Path, r.SNI, r.Host) }

// endText says how the connection ended.
func endText(r *session.Row) string {
	if s := r.State.String(); s == "open" {
		return "–"
	} else if s == "reset" {
		return "✖ RST " + shortSide(r.ClosedBy)
	}
	code := max(r.CloseCodes[0], r.CloseCodes[1])
	if r.CloseCodes[0] != 0 && r.CloseCodes[1] != 0 {
		code = min(r.CloseCodes[0], r.CloseCodes[1])
	}
	switch {
	case code != 0:
		return strconv.Itoa(int(code)) + map[bool]string{true: " clean"}[code == 1000 || code == 1001 || code == 1005]
	case r.Protocol == "websocket":
		return "✖ no close"
	}
	return "FIN " + shortSide(r.ClosedBy)
}

func shortSide(s event.Side) string {
	if s > event.Server {
		return ""
	}
	return s.String()
}

// badge counts a connection's findings.
func badge(errors, warnings uint64) string {
	var s []string
	if errors > 0 {
		s = append(s, "✖"+strconv.FormatUint(errors, 10))
	}
	if warnings > 0 {
		s = append(s, "⚠"+strconv.FormatUint(warnings, 10))
	}
	return strings.Join(s, " ")
}

// rowRole is how a connection's row looks: quiet where it is not a WebSocket,
// and by how it ended.
func rowRole(r *session.Row) role {
	switch {
	case r.State.String() == "reset" || r.Errors > 0 && r.Protocol == "websocket":
		return rError
	case r.Protocol != "websocket" && r.Protocol != "tls":
		return rDim
	case r.State.String() == "open":
		return rGood
	}
	return rPlain
}

// peersText is client → server in width columns: the addresses give way before the ports.
func peersText(r *session.Row, width int) string {
	client, server := r.Client(), r.Server()
	long := client.String() + " → " + server.String()
	if event.Width(long) <= width && width > 40 {
		return long // there is room
	}
	if client.Addr() == server.Addr() {
		return client.String() + " → :" + strconv.Itoa(int(server.Port()))
	}
	if event.Width(long) <= width {
		return long
	}
	head, tail := client.String()+" → …", server.String()
	if room := width - event.Width(head); room > 0 && room < len(tail) {
		return head + tail[len(tail)-room:]
	}
	return long
}

func (a *App) drawConns(c canvas, focus bool) {
	l := &a.conns
	t := table{cols: slices.Clone(connColumns), minFlex: 16, sorted: l.sort, reverse: l.reverse}
	switch {
	case c.w >= 150:
		t.cols[colPeers].width = 50
	case c.w < 76:
		t.cols[colPeers].width, t.minFlex = 28, 6
	case c.w < 110:
		t.cols[colPeers].width, t.minFlex = 36, 6
	}
	if !l.grouped && l.sort != colHost {
		t.cols[colHost] = column{}
	}
	l.widths = t.draw(c, &l.cursor, focus, func(i int) (string, line) {
		r := l.order[i]
		mark := ""
		if a.conv != nil && a.conv.row.Number == r.Number {
			mark = "•"
		}
		if l.marks[r.Number] {
			mark = "*"
		}
		if a.chosenAt(r.Number, -1) >= 0 {
			mark = "="
		}
		st := rowRole(r)
		messages := "–"
		if r.Protocol == "websocket" {
			messages = sprintf("%d/%d", r.Messages[0], r.Messages[1])
		}
		rtt := "–"
		if r.RTT > 0 {
			rtt = event.Duration(r.RTT)
		}
		host := ""
		if l.grouped {
			host = l.groupText(i)
		} else if l.sort == colHost {
			host = hostText(r)
		}
		found := badge(uint64(r.Errors), uint64(r.Warnings))
		foundRole := rWarning
		if r.Errors > 0 {
			foundRole = rError
		}
		return mark, line{
			{st, strconv.FormatUint(r.Number, 10)}, {st, r.State.String()}, {st, peersText(r, t.cols[colPeers].width)},
			{st, protocolText(r)}, {st, host}, {st, a.pathOf(r)}, {st, messages},
			{st, sizeText(r.Bytes[0]) + "/" + sizeText(r.Bytes[1])}, {st, event.Duration(r.Last - r.Start)}, {st, rtt},
			{st, endText(r)}, {foundRole, found},
		}
	})
	if l.cursor.n == 0 {
		c.text(2, 2, c.w-2, c.theme.styles[rDim], a.emptyText())
	}
}

// emptyText says why there is no connection.
func (a *App) emptyText() string {
	switch s := &a.state; {
	case s.Err != nil:
		return "nothing could be read: " + s.Err.Error()
	case len(a.conns.rows) > 0:
		return "no connection passes the filter; / changes it"
	case a.live() && !s.Done:
		return "no connection yet: waiting for packets"
	case !s.Done:
		return "reading…"
	}
	return "no TCP connections in this capture"
}
