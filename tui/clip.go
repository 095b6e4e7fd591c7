package tui

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// maxClip is how much goes to the clipboard: terminals drop longer OSC 52 sequences.
const maxClip = 1 << 20

func (a *App) hasPayload() bool {
	if a.detail.event == nil {
		return false
	}
	switch a.detail.event.Detail.(type) {
	case *event.Message, *event.Data:
		return true
	}
	return false
}

// clip copies a text by OSC 52, which asks the terminal to do it.
func (a *App) clip(what, s string) {
	if len(s) > maxClip {
		a.say(rWarning, "%s is too much for the clipboard: at most %s", event.Size(uint64(len(s))), event.Size(maxClip))
		return
	}
	if a.screen != nil {
		a.screen.SetClipboard([]byte(s))
	}
	a.say(rGood, "copied as %s: %s (by OSC 52; not every terminal allows it)", what, event.Size(uint64(len(s))))
}

func (a *App) copyText() string   { return string(a.detail.payload) }
func (a *App) copyHex() string    { return hex.EncodeToString(a.detail.payload) }
func (a *App) copyBase64() string { return base64.StdEncoding.EncodeToString(a.detail.payload) }
func (a *App) copyPath() string   { return a.detail.tree.path(a.detail.cursor) }

// copyGo is the payload as a Go expression, ready for a test.
func (a *App) copyGo() string {
	var b strings.Builder
	b.WriteString("[]byte{")
	for i, c := range a.detail.payload {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "0x%02x", c)
	}
	return b.String() + "}"
}

// copyJSON is the event as the JSON output has it.
func (a *App) copyJSON() string {
	var b strings.Builder
	w := event.NewJSON(&b, event.PayloadFull)
	w.Event(a.detail.event)
	if err := w.Flush(); err != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// askSave asks for the name of a file.
func (a *App) askSave(ext string) {
	p := &prompt{label: "save to "}
	p.verdict = func(string) (role, string) { return rDim, "a file that exists is not replaced" }
	p.accept = func(s string) {
		wrong := ""
		if ext == "pcapng" {
			wrong = a.savePackets(s)
		} else {
			wrong = a.saveJSON(s)
		}
		if wrong != "" {
			a.say(rError, "%s", wrong)
		}
	}
	a.prompt = p
	p.set(sprintf("conn-%d.%s", a.conv.row.Number, ext))
}

// savePackets writes the marked connections, or the open one, to a new file.
func (a *App) savePackets(path string) string {
	if _, err := os.Lstat(path); err == nil {
		return path + " exists; nothing was written"
	}
	conns := []uint64{a.conv.row.Number}
	if len(a.conns.marks) > 0 {
		conns = conns[:0]
		for n := range a.conns.marks {
			conns = append(conns, n)
		}
	}
	var err error
	a.say(rDim, "saving…")
	a.background(func() { err = a.src.Save(path, conns) }, func() {
		if err != nil {
			a.say(rError, "not saved: %s", a.saveError(err))
			return
		}
		a.say(rGood, "saved the packets of %d connections to %s", len(conns), path)
	})
	return ""
}

// saveJSON writes the rows that are shown, or the marked ones, as JSON Lines to a new file.
func (a *App) saveJSON(path string) string {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "not saved: " + a.saveError(err)
	}
	w := event.NewJSON(f, event.PayloadFull)
	n := 0
	for i, en := range a.conv.shown {
		if len(a.conv.marks) > 0 && !a.conv.marks[en.index] {
			continue
		}
		e := a.conv.event(i)
		if e == nil {
			continue
		}
		if m, ok := e.Detail.(*event.Message); ok && uint64(len(m.Payload)) < m.Length {
			if whole, err := a.src.Payload(e.Conn, messageID(e, m)); err == nil {
				e = whole
			}
		}
		w.Event(a.seen(e))
		n++
	}
	err = w.Flush()
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return "not saved: " + err.Error()
	}
	a.say(rGood, "saved %d rows to %s", n, path)
	return ""
}
