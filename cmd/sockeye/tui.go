package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/session"
	"github.com/sockeye-dev/sockeye/tui"
)

// tuiWithout are the shared flags of printed results: the inspector has none of them.
var tuiWithout = []string{"bpf", "bpf-raw", "conn", "limit", "payload", "json", "output", "fields", "workers", "write", "until", "progress", "quiet", "verbose"}

func newTUI() *cobra.Command {
	o := newOptions()
	cmd := &cobra.Command{
		Use: "tui [FILE...]", Short: "The inspector: browse a capture on the terminal", GroupID: groupReading,
		Long: `Browse a capture on the terminal: connections, messages, payloads, frames bit by
bit, handshakes, findings and what they mean. ? shows the keys.

The files are read once; what is opened is read again, so that captures of any
size need little memory. Without a terminal it prints the messages as text.`,
		Example: `  sockeye tui chat.pcap
  sockeye tui -Y 'path == /chat' chat.pcap
  sockeye tui --follow growing.pcapng
  tcpdump -U -w - port 80 | sockeye tui -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !canInspect() {
				return o.show(cmd, viewNamed("messages"), args)
			}
			return o.inspect(cmd, args)
		},
	}
	o.addTo(cmd, tuiWithout...)
	return cmd
}

// canInspect tells whether there is a terminal to show the inspector on. Keys
// are read from the terminal even where standard input is a capture.
func canInspect() bool {
	return isTerminal(os.Stdout) && os.Getenv("TERM") != "dumb"
}

// bareInspect tells whether a command line without a command opens the inspector.
func bareInspect(cmd *cobra.Command) bool {
	if !canInspect() || !isTerminal(os.Stdin) {
		return false
	}
	for _, name := range tuiWithout {
		if cmd.Flags().Changed(name) {
			return false // it asks for printed messages
		}
	}
	return true
}

// configFolder is where settings and themes are, or "" if there is no home for them.
func configFolder() string {
	if path := settingsPath(); path != "" {
		return filepath.Dir(path)
	}
	return ""
}

// inspect runs the inspector.
func (o *options) inspect(cmd *cobra.Command, args []string) error {
	inputs := o.inputs(args)
	if len(inputs) == 0 {
		return misuse(cmd, errors.New("no input: name a capture file, or - for standard input"))
	}
	if err := o.check(inputs); err != nil {
		return misuse(cmd, err)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(60) // the indexes of large captures stay: memory matters more than the collector's time
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	s, err := session.Open(ctx, session.Options{
		Files: inputs, Follow: o.follow, Notify: 25 * time.Millisecond, DecodeAs: o.decodeAs, Analyzer: dissect.Limits{Message: o.maxMessage},
	})
	if err != nil {
		return &exitError{exitInput, inputAdvice(err)}
	}
	names := make([]string, len(inputs))
	for i, name := range inputs {
		names[i] = filepath.Base(name)
	}
	err = tui.Run(ctx, tui.FromSession(ctx, s), tui.Options{
		NoColor: !when(o.color, colorWanted), Title: strings.Join(names, " "), Filter: o.filter,
		Config: configFolder(), Theme: o.theme,
	}, nil)
	progress := s.Progress()
	if closed := s.Close(); err == nil {
		err = closed
	}
	wrong := (*tui.ThemeError)(nil)
	switch {
	case errors.As(err, &wrong):
		return misuse(cmd, wrong)
	case err != nil:
		return &exitError{exitIncomplete, err}
	case progress.Done && progress.Err != nil:
		return &exitError{exitInput, damageText(progress.Err, progress.Packets)}
	}
	return nil
}
