package export

import (
	"bufio"
	"io"
	"strconv"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// Line appends one finding as a line of text, line feed included, in the form
// that editors and CI logs find places in:
//
//	chat.pcap:128 error WS-MASK conn 3, client frame 7: client frame is not masked (RFC 6455 §5.1)
//
// The number after the file is the packet's. An event that is no finding adds
// nothing. What was captured stands in the visible form: a finding is one line,
// and safe for a terminal.
func Line(dst []byte, file string, e *event.Event) []byte {
	return line(dst, file, e, func(dst []byte, _ event.Severity, text string) []byte { return append(dst, text...) })
}

// ColorLine is Line with severity and rule in the severity's colour, for a terminal.
func ColorLine(dst []byte, file string, e *event.Event) []byte {
	return line(dst, file, e, func(dst []byte, s event.Severity, text string) []byte { return s.Paint(dst, text) })
}

func line(dst []byte, file string, e *event.Event, paint func([]byte, event.Severity, string) []byte) []byte {
	f, ok := e.Detail.(*event.Finding)
	if !ok {
		return dst
	}
	dst = event.SafeText(dst, []byte(file), 0)
	if n := packetOf(e); n != 0 {
		dst = append(dst, ':')
		dst = strconv.AppendUint(dst, n, 10)
	}
	dst = append(dst, ' ')
	dst = paint(dst, f.Severity, f.Severity.String()+" "+event.SafeString(f.Rule))
	if p := place(e, f); p != "" {
		dst = append(dst, ' ')
		dst = append(dst, p...)
	}
	dst = append(dst, ": "...)
	dst = append(dst, sentence(f)...)
	return append(dst, '\n')
}

// GitHub writes findings as workflow commands of GitHub Actions, a line each:
// errors, warnings and notices that the run page shows as annotations.
//
//	::error file=chat.pcap,title=WS-MASK::packet 128, conn 3, client frame 7: client frame is not masked (RFC 6455 §5.1)
//
// There are no line numbers in a capture, so the packet stands in the message.
// What makes a report incomplete follows as a warning.
func GitHub(w io.Writer, reports []Report) error {
	b := bufio.NewWriter(w)
	for i := range reports {
		r := &reports[i]
		r.each(func(e *event.Event, f *event.Finding) {
			text := sentence(f)
			if p := place(e, f); p != "" {
				text = p + ": " + text
			}
			if n := packetOf(e); n != 0 {
				text = "packet " + strconv.FormatUint(n, 10) + sepOf(e, f) + text
			}
			r.command(b, githubLevel(f.Severity), event.SafeString(f.Rule), text)
		})
		for _, n := range r.notes() {
			r.command(b, "warning", "incomplete", r.name()+": "+n)
		}
	}
	return b.Flush()
}

// sepOf is what stands between the packet and the rest of a message.
func sepOf(e *event.Event, f *event.Finding) string {
	if place(e, f) == "" {
		return ": "
	}
	return ", "
}

func (r *Report) command(b *bufio.Writer, level, title, text string) {
	b.WriteString("::" + level + " ")
	if r.isFile() {
		b.WriteString("file=" + githubProperty(r.File) + ",")
	}
	b.WriteString("title=" + githubProperty(title) + "::" + githubData(text) + "\n")
}

func githubLevel(s event.Severity) string {
	switch s {
	case event.Error:
		return "error"
	case event.Warning:
		return "warning"
	}
	return "notice"
}

// githubData escapes a command's message, as @actions/core does.
func githubData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// githubProperty escapes the value of a command's property.
func githubProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
