package tui

import "strings"

// helpFor lists the actions whose keys do something in a context just now.
func (a *App) helpFor(in scope) []*action {
	var out []*action
	for i := range a.actions {
		if x := &a.actions[i]; len(x.keys) > 0 && x.applies(a, in) && x.run != nil {
			out = append(out, x)
		}
	}
	return out
}

// openHelp shows the keys that work where it was asked for, no more and no less.
func (a *App) openHelp() {
	in := a.context()
	name := ""
	for _, n := range contextNames {
		if n.in&in != 0 {
			name = n.name
		}
	}
	list := a.helpFor(in)
	if a.page != nil {
		name = a.page.name
		if a.page.help {
			return
		}
	}
	before := a.page
	p := &page{name: "Help: keys in " + name, help: true, build: func(width, _ int) document {
		out := fixed{}
		for _, x := range list {
			out = append(out, keyLine(keyText(x.keys), x.help, x.name))
		}
		if in&inPanes != 0 {
			for _, m := range []scope{inCopy, inSave} {
				menu := a.helpFor(m)
				if m == inCopy && a.detail.event == nil || len(menu) == 0 || a.conv == nil {
					continue
				}
				out = append(out, line{}, line{{rHeading, contextName(m)}})
				for _, x := range menu {
					out = append(out, keyLine(keyText(x.keys), x.help, x.name))
				}
			}
			out = append(out, line{}, line{{rHeading, "While typing a filter, a command or a text"}})
			for _, k := range promptKeys {
				out = append(out, keyLine(k[0], k[1], ""))
			}
			out = append(out, line{}, line{{rHeading, "Mouse"}}, keyLine("click", "select; on a heading sort; on a tab show it", ""),
				keyLine("double click", "open", ""), keyLine("wheel", "scroll", ""), keyLine("drag", "a border between panes: their sizes; Z makes them usual again", ""))
		}
		return out
	}}
	p.back = before
	a.open(p)
}

func contextName(in scope) string {
	for _, n := range contextNames {
		if n.in == in {
			return n.name
		}
	}
	return ""
}

func keyLine(keys, help, name string) line {
	l := line{{rKey, pad(keys, 18, false)}, {rPlain, help}}
	if name != "" {
		l = append(l, span{rDim, "  :" + name})
	}
	return l
}

// Markdown documents the keys and commands of the inspector, from the table that
// it works by.
func Markdown() string {
	var b strings.Builder
	table := actionTable()
	for _, c := range contextNames {
		b.WriteString("## " + c.name + "\n\n| keys | command | what it does |\n|---|---|---|\n")
		for i := range table {
			x := &table[i]
			if x.in&c.in == 0 {
				continue
			}
			keys := make([]string, len(x.keys))
			for k, name := range x.keys {
				keys[k] = "`" + keyText([]string{name}) + "`"
			}
			b.WriteString("| " + strings.Join(keys, " ") + " | `:" + x.name + "` | " + x.help + " |\n")
		}
		b.WriteString("\n")
	}
	b.WriteString("## While typing a filter, a command or a text\n\n| keys | what they do |\n|---|---|\n")
	for _, k := range promptKeys {
		b.WriteString("| `" + k[0] + "` | " + k[1] + " |\n")
	}
	return b.String()
}
