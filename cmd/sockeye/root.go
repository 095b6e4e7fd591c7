package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

const rootLong = `sockeye reads packet captures, reassembles TCP streams, and shows what sockets
and WebSockets carried: handshakes, frames, messages, unmasked and decompressed.

It reads pcap and pcapng, also compressed with gzip, zstd, lz4 or xz, from files
or from standard input (-), several files merged by time; or it captures live
(-i). Results go to standard output; progress, notes and errors to standard
error. Without a command it opens the inspector on a terminal, and lists
messages elsewhere; without anything it asks what to capture on.`

const rootExample = `  sockeye tui -i eth0                   the inspector, live
  sockeye chat.pcap                     the inspector; every WebSocket message in a pipe
  sockeye conns chat.pcap               every connection
  sockeye handshake chat.pcap           every handshake, the accept value worked out
  sockeye messages --json chat.pcap     JSON Lines, with the whole payload
  tcpdump -U -w - port 80 | sockeye -   from standard input, as it comes
  sockeye -i eth0 -f 'tcp port 80'      live, until Ctrl-C`

// Groups of commands, in the order in which help shows them.
const (
	groupReading = "reading"
	groupCapture = "capture"
	groupOther   = "other"
)

func newRoot() *cobra.Command {
	o := newOptions()
	root := &cobra.Command{
		Use:           "sockeye [FILE...]",
		Short:         "See what sockets and WebSockets carried",
		Long:          rootLong,
		Example:       rootExample,
		Args:          cobra.ArbitraryArgs,
		SilenceUsage:  true,
		SilenceErrors: true,

		PersistentPreRunE: applySettings,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && cmd.Flags().NFlag() == 0 {
				return o.bare(cmd)
			}
			if err := mistakenCommand(cmd, args); err != nil {
				return err
			}
			if !o.live.on() && bareInspect(cmd) {
				return o.inspect(cmd, args)
			}
			return o.show(cmd, viewNamed("messages"), args)
		},
	}
	root.SetUsageFunc(usage)
	root.SetHelpFunc(help)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return misuse(cmd, flagError(cmd.Flags(), err))
	})
	root.AddGroup(&cobra.Group{ID: groupReading, Title: "Commands that read captures"},
		&cobra.Group{ID: groupCapture, Title: "Commands that capture"}, &cobra.Group{ID: groupOther, Title: "Other commands"})
	root.SetHelpCommand(newHelp())
	root.SetCompletionCommandGroupID(groupOther)
	o.addTo(root)
	root.AddCommand(newTUI())
	for i := range views {
		root.AddCommand(newView(&views[i]))
	}
	root.AddCommand(newStats())
	root.AddCommand(newCheck(), newExplain(), newFields(), newVersion())
	root.AddCommand(newCapture(), newInterfaces())
	addCompletion(root)
	return root
}

// misuse is an error of the command line that cmd was called with. One that
// knows better help than cmd's stays as it is.
func misuse(cmd *cobra.Command, err error) error {
	var usage *usageError
	if errors.As(err, &usage) {
		return usage
	}
	return &usageError{err, cmd.CommandPath() + " --help"}
}

// noArgs refuses arguments of a command that takes none.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return misuse(cmd, fmt.Errorf("%s takes no arguments: %s", cmd.Name(), strings.Join(args, " ")))
	}
	return nil
}

// mistakenCommand tells a misspelt command from a file that is not there.
func mistakenCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 || args[0] == "" || args[0] == "-" || strings.ContainsAny(args[0], `./\`) {
		return nil
	}
	if _, err := os.Stat(args[0]); !errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return misuse(cmd, fmt.Errorf("%q is neither a command nor a file%s", args[0], didYouMean(cmd, args[0])))
}

// didYouMean names the command that name may have been meant to be.
func didYouMean(cmd *cobra.Command, name string) string {
	var names []string
	for _, c := range cmd.Root().Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	if near := nearest(names, name); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

// addCompletion adds cobra's command with a refusal of other shells.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd("completion")
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Short = "Print a script for completion by a shell"
		c.Long = "Print a script that lets a shell complete commands, flags, values and files."
		c.Example = "  source <(sockeye completion bash)\n  sockeye completion fish > ~/.config/fish/completions/sockeye.fish"
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(cmd *cobra.Command, args []string) error {
			return misuse(cmd, fmt.Errorf("completion takes a shell: bash, zsh, fish or powershell"))
		}
	}
}
