package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/sockeye-dev/sockeye/capture/live"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/session"
	"github.com/sockeye-dev/sockeye/tui"
)

// tuiWithout are the shared flags of printed results: the inspector has none of them.
var tuiWithout = []string{"conn", "limit", "payload", "json", "output", "fields", "workers", "until", "progress", "quiet", "verbose"}

func newTUI() *cobra.Command {
	o := newOptions()
	cmd := &cobra.Command{
		Use: "tui [FILE... | -i IF]", Short: "The inspector: browse a capture on the terminal", GroupID: groupReading,
		Long: `Browse a capture on the terminal: connections, messages, payloads, frames bit by
bit, handshakes, findings and what they mean. ? shows the keys.

The files are read once; what is opened is read again, so that captures of any
size need little memory. Without a terminal it prints the messages as text.

With -i it captures, and shows what comes as it comes. Without FILE and -i it
asks what to capture on. The latest packets are kept on disk, to look back
(--spool), and removed at the end; W writes them to a file, -w does from the
beginning.`,
		Example: `  sockeye tui chat.pcap
  sockeye tui -Y 'path == /chat' chat.pcap
  sockeye tui --follow growing.pcapng
  tcpdump -U -w - port 80 | sockeye tui -
  sockeye tui                                 choose an interface
  sockeye tui -i eth0 -f 'tcp port 8080'      live`,
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
	for _, name := range append(tuiWithout, "write") {
		if cmd.Flags().Changed(name) {
			return false // it asks for printed messages
		}
	}
	return true
}

// themes are the inspector's.
func (o *options) themes() (*tui.Themes, error) {
	return tui.LoadThemes(configFolder(), o.theme, !when(o.color, colorWanted))
}

// configFolder is where settings and themes are, or "" if there is no home for them.
func configFolder() string {
	if path := settingsPath(); path != "" {
		return filepath.Dir(path)
	}
	return ""
}

// bare is the program without anything: on a terminal, for who may capture, the
// screen to choose interfaces; otherwise help, and what it takes to capture.
func (o *options) bare(cmd *cobra.Command) error {
	if !bareInspect(cmd) {
		return cmd.Help()
	}
	if err := live.MayCapture(); err != nil {
		if helped := cmd.Help(); helped != nil {
			return helped
		}
		fmt.Fprintln(os.Stderr, "\nTo capture live:", event.SafeString(err.Error()))
		return nil
	}
	return o.inspect(cmd, nil)
}

// inspect runs the inspector.
func (o *options) inspect(cmd *cobra.Command, args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if len(o.inputs(args)) == 0 && !o.live.on() {
		if chosen, err := o.choose(ctx, cmd); err != nil || !chosen {
			return err
		}
	}
	inputs, err := o.sources(args)
	if err == nil && !o.live.on() && o.write != "" {
		err = errors.New("-w saves what -i captures; the inspector saves connections of a file with e")
	}
	if err != nil {
		return misuse(cmd, err)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(60) // the indexes of large captures stay: memory matters more than the collector's time
	}
	if o.live.on() {
		return o.inspectLive(ctx, cmd, nil)
	}
	looks, err := o.themes()
	if err != nil {
		return misuse(cmd, err)
	}
	s, err := session.Open(ctx, session.Options{
		Files: inputs, Packets: o.packets.forSession(), Follow: o.follow, Notify: 25 * time.Millisecond, DecodeAs: o.decodeAs, Analyzer: dissect.Limits{Message: o.maxMessage},
	})
	if err != nil {
		return &exitError{exitInput, inputAdvice(err)}
	}
	names := make([]string, len(inputs))
	for i, name := range inputs {
		names[i] = filepath.Base(name)
	}
	err = tui.Run(ctx, tui.FromSession(ctx, s), tui.Options{
		Themes: looks, Title: strings.Join(names, " "), Filter: o.filter,
	}, nil)
	progress := s.Progress()
	var wrong *usageError
	if closed := s.Close(); err == nil {
		err = closed
	}
	switch {
	case err != nil:
		return &exitError{exitIncomplete, err}
	case errors.As(progress.Err, &wrong): // the capture filter means nothing here
		return wrong
	case progress.Done && progress.Err != nil:
		return &exitError{exitInput, damageText(progress.Err, progress.Packets)}
	}
	return nil
}
