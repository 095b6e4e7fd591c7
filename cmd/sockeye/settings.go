package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"
)

// settable are the flags that can be set for good. Those that choose an input,
// an output or results belong to a single call.
var settable = []string{
	"decode-as", "max-message", "payload", "output", "workers", "color", "theme", "progress", "quiet", "verbose",
	"no-promiscuous", "snaplen", "ring", "spool", "user", "no-sandbox",
}

// opposite are flags that rule out a setting where they are given.
var opposite = map[string]string{"quiet": "verbose", "verbose": "quiet", "output": "json"}

// A setting is a value for a flag from outside of the command line.
type setting struct {
	values []string
	from   string // for errors: the file and key, or the variable
}

// applySettings gives the flags of cmd that were not given the values of the
// settings file, and those of the environment before these.
func applySettings(cmd *cobra.Command, args []string) error {
	flags := cmd.Flags()
	fromFile, err := fileSettings(cmd)
	if err != nil {
		return &usageError{err, cmd.Root().Name() + " --help"}
	}
	asks := (cmd.Name() == "tui" || !cmd.HasParent()) && len(args) == 0 && !flags.Changed("read") // for an interface
	live := flags.Changed("interface") || cmd.Name() == "capture" || asks
	for _, name := range settable {
		f := flags.Lookup(name)
		if f == nil || f.Changed || flags.Changed(opposite[name]) || f.Annotations[groupKey][0] == groupLive && !live {
			continue
		}
		s, ok := environmentSetting(name)
		if !ok {
			s, ok = fromFile[name]
		}
		if !ok {
			continue
		}
		for _, v := range s.values {
			if err := f.Value.Set(v); err != nil {
				return misuse(cmd, fmt.Errorf("%s: --%s %q: %w", s.from, name, v, err))
			}
		}
	}
	return nil
}

// environmentSetting is the value of SOCKEYE_ and the flag's name.
func environmentSetting(name string) (setting, bool) {
	variable := "SOCKEYE_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	v := os.Getenv(variable)
	if v == "" {
		return setting{}, false
	}
	if name == "decode-as" {
		return setting{strings.Split(v, ","), variable}, true
	}
	return setting{[]string{v}, variable}, true
}

// settingsPath is the settings file, or "" if there is no home for it.
func settingsPath() string {
	folder := os.Getenv("XDG_CONFIG_HOME")
	if folder == "" {
		var err error
		if folder, err = os.UserConfigDir(); err != nil {
			return ""
		}
	}
	return filepath.Join(folder, "sockeye", "config.toml")
}

// fileSettings reads the settings file: keys are flags, those of a command's
// table go before those outside of it. No file is no settings.
func fileSettings(cmd *cobra.Command) (map[string]setting, error) {
	path := settingsPath()
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	var file map[string]any
	if err := toml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	common, own := map[string]setting{}, map[string]setting{}
	for _, key := range slices.Sorted(maps.Keys(file)) {
		table, ok := file[key].(map[string]any)
		switch {
		case !ok:
			err = addSetting(common, path, key, key, file[key])
		case key == cmd.Name():
			err = addTable(own, path, key, table)
		case isCommand(cmd, key):
			err = addTable(map[string]setting{}, path, key, table)
		default:
			err = fmt.Errorf("%s: there is no command [%s]%s", path, key, didYouMean(cmd, key))
		}
		if err != nil {
			return nil, err
		}
	}
	maps.Copy(common, own)
	return common, nil
}

// addTable adds the settings of one command.
func addTable(to map[string]setting, path, command string, table map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(table)) {
		if err := addSetting(to, path, command+"."+name, name, table[name]); err != nil {
			return err
		}
	}
	return nil
}

func isCommand(cmd *cobra.Command, name string) bool {
	return slices.ContainsFunc(cmd.Root().Commands(), func(c *cobra.Command) bool { return c.Name() == name })
}

// addSetting adds the value of flag name that stands at key in the file at path.
func addSetting(to map[string]setting, path, key, name string, value any) error {
	if !slices.Contains(settable, name) {
		msg := fmt.Sprintf("%s: %s cannot be set", path, key)
		if near := nearest(settable, name); near != "" {
			msg += "; did you mean " + near + "?"
		}
		return errors.New(msg)
	}
	s := setting{from: path + ": " + key}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	for _, v := range list {
		s.values = append(s.values, fmt.Sprint(v))
	}
	to[name] = s
	return nil
}
