package tui

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/gdamore/tcell/v2"
)

// A theme file says how roles look, in TOML:
//
//	base = "dark"                      # what it does not say looks as there: dark, light or none
//	client   = "aqua"                  # a colour: a name, #rrggbb, or default
//	error    = { color = "#ff5f5f", bold = true }
//	selected = { color = "white", background = "navy" }
//
// The files are theme.toml, with which the inspector begins, and themes/NAME.toml
// in the program's config folder.

// roleNames are the keys of a theme file.
var roleNames = [numRoles]string{
	rPlain: "plain", rDim: "dim", rHeading: "heading", rFrame: "frame", rFocus: "focus", rClient: "client", rServer: "server",
	rGood: "good", rWarning: "warning", rError: "error", rKey: "key", rString: "string", rNumber: "number", rMask: "mask",
	rBar: "bar", rBarStrong: "bar-strong", rMatch: "match",
}

// Keys of a theme file that are no roles.
const (
	keyBase     = "base"
	keySelected = "selected"
	keyResting  = "resting"
)

// ThemeError says what is wrong with a theme, in which file and where.
type ThemeError struct{ Err error }

// Error implements error.
func (e *ThemeError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ThemeError) Unwrap() error { return e.Err }

// Themes are all themes, and the one to begin with.
type Themes struct {
	list  []*theme
	first int
}

// LoadThemes reads the themes of the program's config folder ("": none), to begin
// with the one of a name ("": the usual one), or with the one without colours.
// The error is a *ThemeError.
func LoadThemes(folder, name string, noColor bool) (*Themes, error) {
	list, first, err := loadThemes(folder, name)
	if err != nil {
		return nil, &ThemeError{err}
	}
	if noColor {
		first = slices.IndexFunc(list, func(t *theme) bool { return t.name == "none" })
	}
	return &Themes{list, first}, nil
}

// loadThemes returns the built-in themes and those of a folder, and the number
// of the one that is asked for by name: "" is the one in theme.toml, else dark.
// Every error names the file and the key.
func loadThemes(folder, name string) ([]*theme, int, error) {
	list := themes()
	first := 0
	if folder != "" {
		files, err := filepath.Glob(filepath.Join(folder, "themes", "*.toml"))
		if err != nil {
			return nil, 0, fmt.Errorf("themes in %s: %w", folder, err)
		}
		slices.Sort(files)
		own := filepath.Join(folder, "theme.toml")
		if _, err := os.Stat(own); !errors.Is(err, os.ErrNotExist) {
			files = append(files, own)
		}
		for _, f := range files {
			t, err := readTheme(f)
			if err != nil {
				return nil, 0, err
			}
			if f == own {
				first = len(list)
			}
			list = append(list, t)
		}
	}
	if name == "" {
		return list, first, nil
	}
	var names []string
	for i := len(list) - 1; i >= 0; i-- { // a file goes before what is built in
		if list[i].name == name {
			return list, i, nil
		}
		names = append(names, list[i].name)
	}
	slices.Sort(names)
	return nil, 0, fmt.Errorf("there is no theme %q; there are %s", name, strings.Join(names, ", "))
}

// readTheme reads a theme file. Its name is the theme's.
func readTheme(path string) (*theme, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("theme: %w", err)
	}
	var file map[string]any
	if err := toml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err) // it says at which line
	}
	t := darkTheme()
	if base, ok := file[keyBase]; ok {
		i := slices.IndexFunc(themes(), func(t *theme) bool { return t.name == base })
		if i < 0 {
			return nil, fmt.Errorf("%s: base is %v; it can be dark, light or none", path, base)
		}
		t = themes()[i]
	}
	t.name = strings.TrimSuffix(filepath.Base(path), ".toml")
	for _, key := range slices.Sorted(maps.Keys(file)) {
		style := t.style(key)
		if key == keyBase {
			continue
		}
		if style == nil {
			return nil, fmt.Errorf("%s: there is no part %q; there are %s, %s, %s", path, key, strings.Join(roleNames[:], ", "), keySelected, keyResting)
		}
		if err := setStyle(style, file[key]); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, key, err)
		}
	}
	return t, nil
}

// style returns the style that a key of a theme file stands for; nil: none.
func (t *theme) style(key string) *tcell.Style {
	switch key {
	case keySelected:
		return &t.selected
	case keyResting:
		return &t.resting
	}
	if i := slices.Index(roleNames[:], key); i >= 0 {
		return &t.styles[i]
	}
	return nil
}

// setStyle makes a style of what a theme file says: a colour, or a table.
func setStyle(style *tcell.Style, value any) error {
	s := tcell.StyleDefault
	switch v := value.(type) {
	case string:
		c, err := parseColor(v)
		if err != nil {
			return err
		}
		*style = s.Foreground(c)
		return nil
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			switch x := v[key].(type) {
			case string:
				c, err := parseColor(x)
				switch {
				case err != nil:
					return err
				case key == "color":
					s = s.Foreground(c)
				case key == "background":
					s = s.Background(c)
				default:
					return fmt.Errorf("there is no %q; colours are color and background", key)
				}
			case bool:
				switch key {
				case "bold":
					s = s.Bold(x)
				case "dim":
					s = s.Dim(x)
				case "italic":
					s = s.Italic(x)
				case "underline":
					s = s.Underline(x)
				case "reverse":
					s = s.Reverse(x)
				default:
					return fmt.Errorf("there is no %q; there are bold, dim, italic, underline, reverse", key)
				}
			default:
				return fmt.Errorf("%s is %v; it takes a colour in quotes, or true or false", key, x)
			}
		}
		*style = s
		return nil
	}
	return fmt.Errorf("%v is no colour; write \"aqua\", \"#5fd7ff\" or { color = …, background = …, bold = true }", value)
}

// parseColor reads a colour: the name of one of W3C's, #rrggbb, or default. On
// terminals with fewer colours the nearest is taken.
func parseColor(s string) (tcell.Color, error) {
	if s == "default" {
		return tcell.ColorDefault, nil
	}
	if c := tcell.GetColor(strings.ToLower(s)); c != tcell.ColorDefault {
		return c, nil
	}
	return tcell.ColorDefault, fmt.Errorf("%q is no colour; write a name like \"aqua\", \"#5fd7ff\", or \"default\"", s)
}
