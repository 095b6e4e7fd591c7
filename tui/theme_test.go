package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"
)

// themeFolder makes a config folder of these files.
func themeFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "themes"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestThemeFiles(t *testing.T) {
	folder := themeFolder(t, map[string]string{
		"theme.toml":        "base = \"light\"\nclient = \"#102030\"\nselected = { color = \"white\", background = \"navy\", bold = true }\n",
		"themes/loud.toml":  "error = { color = \"red\", reverse = true }",
		"themes/quiet.toml": "base = \"none\"",
	})
	list, first, err := loadThemes(folder, "")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, x := range list {
		names = append(names, x.name)
	}
	if got := strings.Join(names, " "); got != "dark light none loud quiet theme" || list[first].name != "theme" {
		t.Errorf("%s, beginning with %s", got, list[first].name)
	}
	own := list[first]
	if fg, _, _ := own.styles[rClient].Decompose(); fg != tcell.NewRGBColor(0x10, 0x20, 0x30) {
		t.Errorf("client is %v", fg)
	}
	if own.styles[rServer] != lightTheme().styles[rServer] {
		t.Error("what the file does not say is not as in its base")
	}
	if fg, bg, attrs := own.selected.Decompose(); fg != tcell.ColorWhite || bg != tcell.ColorNavy || attrs&tcell.AttrBold == 0 {
		t.Errorf("selected: %v %v %v", fg, bg, attrs)
	}
	if _, i, err := loadThemes(folder, "loud"); err != nil || list[i].name != "loud" {
		t.Errorf("loud: %d, %v", i, err)
	}
	if list, first, err := loadThemes(t.TempDir(), ""); err != nil || len(list) != 3 || first != 0 {
		t.Errorf("without files: %d themes, %v", len(list), err)
	}
}

// TestWrongThemes holds that an error says in which file and where, and what would be right.
func TestWrongThemes(t *testing.T) {
	for text, want := range map[string][]string{
		"client = ":                      {"line 1"},
		"client = \"blurple\"":           {"client: \"blurple\" is no colour", "#5fd7ff"},
		"clients = \"red\"":              {"there is no part \"clients\"", "client, server"},
		"base = \"solarized\"":           {"base is solarized; it can be dark, light or none"},
		"error = { colour = \"red\" }":   {"error: there is no \"colour\"; colours are color and background"},
		"error = { bold = \"red\" }":     {"error: there is no \"bold\""},
		"error = { blink = true }":       {"error: there is no \"blink\""},
		"error = { color = 7 }":          {"error: color is 7"},
		"match = 3":                      {"match: 3 is no colour"},
		"selected = { color = \"#12\" }": {"selected: \"#12\" is no colour"},
	} {
		folder := themeFolder(t, map[string]string{"themes/x.toml": text})
		_, err := newApp(newFake(), Options{Config: folder})
		if err == nil {
			t.Errorf("%q is taken", text)
			continue
		}
		for _, w := range append(want, filepath.Join("themes", "x.toml")) {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q: %v does not say %q", text, err, w)
			}
		}
	}
	if _, err := newApp(newFake(), Options{Theme: "loud"}); err == nil || !strings.Contains(err.Error(), "there are dark, light, none") {
		t.Errorf("got %v", err)
	}
}

// TestColours draws with every built-in theme on terminals with few and many colours.
func TestColours(t *testing.T) {
	s := newStage(t, newFake(), "x", 100, 40)
	for i := range s.a.themes {
		if wrong := s.a.command("theme " + s.a.themes[i].name); wrong != "" || s.a.theme != i {
			t.Errorf("theme %s: %s", s.a.themes[i].name, wrong)
		}
		s.show()
		cells, _, _ := s.screen.GetContents()
		coloured := 0
		for _, c := range cells {
			if fg, bg, _ := c.Style.Decompose(); fg != tcell.ColorDefault || bg != tcell.ColorDefault {
				coloured++
			}
		}
		if none := s.a.themes[i].name == "none"; none != (coloured == 0) {
			t.Errorf("theme %s: %d cells have a colour", s.a.themes[i].name, coloured)
		}
	}
	if wrong := s.a.command("theme x"); wrong != "theme takes one of: dark light none" {
		t.Errorf("got %q", wrong)
	}
}
