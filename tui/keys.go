package tui

import (
	"strings"

	"github.com/gdamore/tcell/v2"
)

// keyNames are the keys that have names. Function keys are not used: terminals
// and window managers eat them.
var keyNames = map[tcell.Key]string{
	tcell.KeyEnter: "Enter", tcell.KeyTab: "Tab", tcell.KeyBacktab: "Shift-Tab", tcell.KeyEscape: "Esc",
	tcell.KeyUp: "Up", tcell.KeyDown: "Down", tcell.KeyLeft: "Left", tcell.KeyRight: "Right",
	tcell.KeyPgUp: "PgUp", tcell.KeyPgDn: "PgDn", tcell.KeyHome: "Home", tcell.KeyEnd: "End",
	tcell.KeyBackspace: "Backspace", tcell.KeyBackspace2: "Backspace", tcell.KeyDelete: "Delete",
}

// keyName returns a key's name as it stands in the table of actions: "q",
// "Space", "Enter", "Ctrl-f".
func keyName(e *tcell.EventKey) string {
	if e.Key() == tcell.KeyRune {
		if e.Rune() == ' ' {
			return "Space"
		}
		if e.Modifiers()&tcell.ModAlt != 0 {
			return "Alt-" + string(e.Rune())
		}
		return string(e.Rune())
	}
	if s := keyNames[e.Key()]; s != "" {
		return s
	}
	if k := e.Key(); k >= tcell.KeyCtrlA && k <= tcell.KeyCtrlZ {
		return "Ctrl-" + string(rune('a'+k-tcell.KeyCtrlA))
	}
	return ""
}

// keyEvent is the reverse of keyName, for tests and for playing keys.
func keyEvent(name string) *tcell.EventKey {
	if name == "Space" {
		return tcell.NewEventKey(tcell.KeyRune, ' ', 0)
	}
	for k, s := range keyNames {
		if s == name && k != tcell.KeyBackspace {
			return tcell.NewEventKey(k, 0, 0)
		}
	}
	if c, ok := strings.CutPrefix(name, "Ctrl-"); ok {
		return tcell.NewEventKey(tcell.KeyCtrlA+tcell.Key(c[0]-'a'), 0, tcell.ModCtrl)
	}
	return tcell.NewEventKey(tcell.KeyRune, []rune(name)[0], 0)
}

// glyphs are how some keys are written in hints and help.
var glyphs = map[string]string{"Up": "↑", "Down": "↓", "Left": "←", "Right": "→"}

func keyText(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n
		if g := glyphs[n]; g != "" {
			out[i] = g
		}
	}
	return strings.Join(out, " ")
}
