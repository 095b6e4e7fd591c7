package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// withSettings runs the program with a settings file and more of an environment.
func withSettings(t *testing.T, file string, env []string, args ...string) result {
	t.Helper()
	home := t.TempDir()
	folder := filepath.Join(home, "sockeye")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "config.toml"), []byte(file), 0o644); err != nil {
		t.Fatal(err)
	}
	c := command(args...)
	c.Env = append(append(c.Env, "XDG_CONFIG_HOME="+home), env...)
	return finish(t, c)
}

// TestSettingsOrder holds that a flag goes before the environment, that before
// a command's table of the file, and that before the rest of the file.
func TestSettingsOrder(t *testing.T) {
	const coloured = "\x1b["
	file := pcap("endings.pcap")
	for _, c := range []struct {
		name, settings, env string
		args                []string
		coloured            bool
	}{
		{"nothing", "", "", nil, false},
		{"file", `color = "always"`, "", nil, true},
		{"the command's table", "color = 'always'\n[conns]\ncolor = 'never'\n", "", nil, false},
		{"another command's table", "color = 'always'\n[messages]\ncolor = 'never'\n", "", nil, true},
		{"environment", `color = "never"`, "SOCKEYE_COLOR=always", nil, true},
		{"flag", `color = "always"`, "SOCKEYE_COLOR=always", []string{"--color=never"}, false},
		{"live only", "color = 'always'\nring = '1M'\nsnaplen = 100\n", "", nil, true},
		{"opposite", "color = 'always'\nquiet = true\n", "", []string{"-v"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := withSettings(t, c.settings, strings.Fields(c.env), append([]string{"conns", file}, c.args...)...)
			r.want(t, exitDone)
			if got := strings.Contains(r.stdout, coloured); got != c.coloured {
				t.Errorf("coloured: %v", got)
			}
		})
	}
}

func TestSettingsOfManyTypes(t *testing.T) {
	r := withSettings(t, "decode-as = ['80=http', '8080=raw']\nworkers = 1\nmax-message = 4096\noutput = 'json'\nquiet = true\n", nil,
		"messages", "-n", "1", pcap("endings.pcap"))
	r.want(t, exitDone)
	if len(objects(t, r.stdout)) != 2 || r.stderr != "" {
		t.Errorf("not the JSON of one message and the end, quietly: %q, %q", r.stdout, r.stderr)
	}
	r = withSettings(t, "output = 'json'\n", []string{"SOCKEYE_DECODE_AS=21172=raw,80=http"}, "conns", "-n", "1", pcap("endings.pcap"))
	if !strings.Contains(r.stdout, `"protocol":"raw"`) {
		t.Errorf("port 21172 is not read as raw: %s", r.stdout)
	}
}

func TestWrongSettings(t *testing.T) {
	for _, c := range []struct{ settings, env, says string }{
		{"colour = 'never'", "", "colour cannot be set; did you mean color?"},
		{"conn = 3", "", "conn cannot be set"},
		{"[mesages]\npayload = 'full'", "", "there is no command [mesages]; did you mean messages?"},
		{"[messages]\npayloads = 'full'", "", "messages.payloads cannot be set; did you mean payload?"},
		{"color = 'red'", "", `color: --color "red": it takes auto, always or never`},
		{"color = ", "", "line 1"},
		{"", "SOCKEYE_PAYLOAD=some", `SOCKEYE_PAYLOAD: --payload "some": it takes none, preview or full`},
	} {
		t.Run(c.says, func(t *testing.T) {
			r := withSettings(t, c.settings, strings.Fields(c.env), "conns", pcap("endings.pcap"))
			r.want(t, exitUsage, c.says)
			if c.env == "" && !strings.Contains(r.stderr, "config.toml") {
				t.Errorf("does not name the file: %s", r.stderr)
			}
		})
	}
}

// TestSettableFlags holds that each setting is a flag of some command.
func TestSettableFlags(t *testing.T) {
	root := newRoot()
	commands := append(root.Commands(), root)
	for _, name := range settable {
		if !slices.ContainsFunc(commands, func(c *cobra.Command) bool { return c.Flags().Lookup(name) != nil }) {
			t.Errorf("there is no flag --%s", name)
		}
	}
}
