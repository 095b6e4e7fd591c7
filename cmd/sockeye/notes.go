package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

// tell says on standard error what the results do not show: totals for a person
// who reads text, and whatever is missing, for everybody.
func (p *process) tell(t *dissect.Totals, end event.End, limited bool) {
	if p.quiet {
		return
	}
	if p.verbose {
		p.tellInput(t)
	}
	if !p.isJSON() && !p.raw && !p.totals {
		summary := event.Summary
		if p.summary != nil {
			summary = p.summary
		}
		fmt.Fprintln(os.Stderr, summary(end))
		if limited {
			fmt.Fprintf(os.Stderr, "note: stopped after %d results (--limit); the figures are of what was read\n", p.limit)
		}
	}
	if p.packets != nil && !p.isJSON() && !p.raw {
		fmt.Fprintf(os.Stderr, "capture filter: %s of %s passed\n", event.Count(p.packets.passed), event.Plural(p.packets.read, "packet"))
	}
	if parts := stops(t, p.verbose); parts != "" && !p.totals {
		fmt.Fprintln(os.Stderr, "not decoded:", parts)
	}
	notes := p.packets.notes()
	if !p.packets.nothing() {
		notes = append(notes, p.notes(t, p.options)...)
	}
	for _, note := range append(notes, p.untilNotes(p.until)...) {
		fmt.Fprintln(os.Stderr, "note:", event.SafeString(note))
	}
	if end.Dropped > 0 && p.live.on() {
		fmt.Fprintln(os.Stderr, dropAdvice(end.Dropped))
	}
	if t.Bounded > 0 {
		fmt.Fprintf(os.Stderr, "incomplete: a bound was reached %d times; the places are marked: gaps of cause limit, messages truncated or not decompressed\n", t.Bounded)
	}
}

// stops counts the packets that were not decoded up to TCP or UDP, by reason.
// That a network has other traffic too is worth a word only if all says so.
func stops(t *dissect.Totals, all bool) string {
	var parts []string
	for stop, n := range t.Stops {
		usual := packet.Stop(stop) == packet.StopNotIP || packet.Stop(stop) == packet.StopProtocol
		if n > 0 && (all || !usual) {
			parts = append(parts, fmt.Sprintf("%s: %d", packet.Stop(stop), n))
		}
	}
	return strings.Join(parts, ", ")
}

// tellInput says what was read, and with which bounds.
func (p *process) tellInput(t *dissect.Totals) {
	line := func(label, format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%-10s %s\n", label+":", event.SafeString(fmt.Sprintf(format, args...)))
	}
	for _, name := range p.inputs {
		if name == "-" {
			name = pcapfile.StdinName
		}
		line("input", "%s", name)
	}
	if d, ok := p.src.(pcapfile.Details); ok {
		line("format", "%s", d.Format())
		for n, i := range d.Interfaces() {
			line("interface", "%s", interfaceText(n, &i))
		}
	}
	line("packets", "%d, %s on the wire; TCP %d, UDP %d", t.Packets, event.Size(t.Bytes), t.TCPPackets, t.UDPPackets)
	line("bounds", "a message: %s kept (--max-message), %s inflated; an HTTP head: %s", sizeText(p.maxMessage),
		sizeText(dissect.DefaultInflated), sizeText(dissect.DefaultHTTPHead))
}

func interfaceText(n int, i *pcapfile.Interface) string {
	s := fmt.Sprintf("%d, link type %s, time unit %s", n, i.Link, i.Resolution)
	if i.Name != "" {
		s += ", name " + i.Name
	}
	if i.SnapLen > 0 {
		s += fmt.Sprintf(", snap length %d", i.SnapLen)
	}
	if i.Filter != "" {
		s += ", filter " + i.Filter
	}
	return s
}

// dropped is how many packets the files say were lost while they were captured.
func (p *process) dropped() uint64 {
	d, ok := p.src.(pcapfile.Details)
	if !ok {
		return 0
	}
	var n uint64
	for _, s := range d.Stats() {
		n += uint64(max(s.Dropped, 0)) + uint64(max(s.OSDropped, 0))
	}
	return n
}
