package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

// options are the flags that all reading commands share.
type options struct {
	read       []string
	json       bool
	output     string
	conn       uint64
	limit      uint64
	payload    string
	maxMessage string
	decodeAs   []string
	color      string
	progress   string
	hex, raw   bool
	quiet      bool
}

func (o *options) addFlags(cmd *cobra.Command, v *view) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVarP(&o.read, "read", "r", nil, "read `FILE`, as an argument does; - is standard input")
	f.BoolVar(&o.json, "json", false, "JSON Lines, the same as -o json")
	f.StringVarP(&o.output, "output", "o", "text", "output `FORMAT`: text or json")
	f.Uint64Var(&o.conn, "conn", 0, "only connection `N`, as numbered by conns")
	f.Uint64VarP(&o.limit, "limit", "n", 0, "stop after `N` results")
	if v.payload {
		f.StringVar(&o.payload, "payload", "", "how much of each message: none, preview or full (default full with --json, else preview)")
	}
	f.StringVar(&o.maxMessage, "max-message", "16M", "keep at most `SIZE` of one message; the rest is counted")
	f.StringArrayVar(&o.decodeAs, "decode-as", nil, "`PORT=PROTOCOL`: what a port's connections speak ("+strings.Join(dissect.ProtocolNames(), ", ")+"), whatever they look like")
	if v.name == "follow" {
		f.BoolVar(&o.hex, "hex", false, "print bytes as a hex dump")
		f.BoolVar(&o.raw, "raw", false, "print the bytes themselves and nothing else")
	}
	f.StringVar(&o.color, "color", "auto", "`WHEN` to colour: auto, always or never")
	f.StringVar(&o.progress, "progress", "auto", "`WHEN` to show progress on standard error: auto, always or never")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no summary and no notes on standard error")
}

// settings are checked options.
type settings struct {
	analyzer dissect.Options
	json     bool
	color    bool
	progress bool
}

func (o *options) settings(v *view) (*settings, error) {
	s := &settings{json: o.json || o.output == "json"}
	if o.output != "text" && o.output != "json" {
		return nil, fmt.Errorf("--output %q: text or json", o.output)
	}
	if s.json && (o.hex || o.raw) {
		return nil, fmt.Errorf("--hex and --raw are forms of text output: not with --json")
	}
	for _, k := range v.kinds {
		s.analyzer.Want.Kinds[k] = true
	}
	s.analyzer.Conn = o.conn
	var err error
	if s.analyzer.Want.Payload, err = o.wantPayload(v, s.json); err != nil {
		return nil, err
	}
	if s.analyzer.Limits.Message, err = parseSize(o.maxMessage); err != nil {
		return nil, fmt.Errorf("--max-message: %w", err)
	}
	if s.analyzer.DecodeAs, err = parseDecodeAs(o.decodeAs); err != nil {
		return nil, err
	}
	if s.color, err = when(o.color, "--color", colorWanted); err != nil {
		return nil, err
	}
	s.progress, err = when(o.progress, "--progress", progressWanted)
	return s, err
}

func (o *options) wantPayload(v *view, json bool) (event.Payload, error) {
	switch o.payload {
	case "":
		if json {
			return event.PayloadFull, nil
		}
		return event.PayloadPreview, nil
	case "none":
		return event.PayloadNone, nil
	case "preview":
		return event.PayloadPreview, nil
	case "full":
		return event.PayloadFull, nil
	}
	return 0, fmt.Errorf("--payload %q: none, preview or full", o.payload)
}

// parseSize reads a size in bytes: 4096, 64k, 16M, 1GB, 1GiB. Units are powers of 1024.
func parseSize(s string) (int64, error) {
	number := strings.TrimRight(s, "kKmMgGiIbB")
	unit := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(s[len(number):]), "b"), "i")
	shift, ok := map[string]uint{"": 0, "k": 10, "m": 20, "g": 30}[unit]
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || !ok || n <= 0 || n > 1<<40>>shift {
		return 0, fmt.Errorf("%q is no size: a number of bytes above 0, perhaps with k, M or G", s)
	}
	return n << shift, nil
}

func parseDecodeAs(args []string) (map[uint16]string, error) {
	out := map[uint16]string{}
	for _, a := range args {
		port, name, ok := strings.Cut(a, "=")
		n, err := strconv.ParseUint(port, 10, 16)
		known := false
		for _, p := range dissect.ProtocolNames() {
			known = known || p == name
		}
		if !ok || err != nil || !known {
			return nil, fmt.Errorf("--decode-as %q: PORT=PROTOCOL with a port from 0 to 65535 and one of %s", a, strings.Join(dissect.ProtocolNames(), ", "))
		}
		out[uint16(n)] = name
	}
	return out, nil
}

// when decides on a choice of auto, always or never.
func when(value, flag string, auto func() bool) (bool, error) {
	switch value {
	case "auto":
		return auto(), nil
	case "always":
		return true, nil
	case "never":
		return false, nil
	}
	return false, fmt.Errorf("%s %q: auto, always or never", flag, value)
}
