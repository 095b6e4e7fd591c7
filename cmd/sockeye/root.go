package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// view is a command that prints one kind of events.
type view struct {
	name, short, long, example string
	kinds                      []event.Kind
	payload                    bool // its events carry payload
	text                       event.View
}

var views = []view{
	{
		name: "conns", short: "One line a connection", text: event.ViewConnections,
		long: `List every TCP connection: who talked to whom, what it spoke (raw, http, tls,
websocket), how much, how it ended, and what was not captured.

A connection is printed when it is over: closed and quiet for two minutes of
capture time, idle for an hour, or at the end of the capture.`,
		example: `  sockeye conns chat.pcap
  sockeye conns --json chat.pcap | jq 'select(.state=="reset")'`,
		kinds: []event.Kind{event.KindConnection},
	},
	{
		name: "messages", short: "One line a WebSocket message", text: event.ViewMessages,
		long: `List every WebSocket message, data and control, unmasked and decompressed, in
the order in which they were complete. Holes in the capture are lines of their own.`,
		example: `  sockeye messages chat.pcap
  sockeye messages --conn 3 --payload full chat.pcap
  sockeye messages --json chat.pcap | jq -r 'select(.opcode=="text").text'
  tcpdump -w - port 8080 | sockeye messages -`,
		kinds: []event.Kind{event.KindMessage, event.KindGap}, payload: true,
	},
	{
		name: "frames", short: "One line a WebSocket frame", text: event.ViewFrames,
		long: `List every WebSocket frame with the bits of its header (RFC 6455 §5.2).`,
		example: `  sockeye frames chat.pcap
  sockeye frames --json chat.pcap | jq 'select(.rsv!=0)'`,
		kinds: []event.Kind{event.KindFrame, event.KindGap},
	},
	{
		name: "follow", short: "Ordered stream bytes, both directions", text: event.ViewFollow,
		long: `Print the reassembled bytes of TCP streams in the order in which they could be
read, both directions. Bytes that were not captured are lines of their own.`,
		example: `  sockeye follow --conn 1 chat.pcap
  sockeye follow --conn 1 --hex chat.pcap
  sockeye follow --conn 1 --raw chat.pcap > stream.bin`,
		kinds: []event.Kind{event.KindData, event.KindGap},
	},
	{
		name: "handshake", short: "Each WebSocket handshake in full", text: event.ViewHandshakes,
		long: `Print every WebSocket opening handshake, refused ones too: request and response
headers, and how the accept value follows from the key (RFC 6455 §4.2.2).`,
		example: `  sockeye handshake chat.pcap
  sockeye handshake --json chat.pcap | jq '{target,status,accepted}'`,
		kinds: []event.Kind{event.KindHandshake},
	},
}

func viewNamed(name string) *view {
	for i := range views {
		if views[i].name == name {
			return &views[i]
		}
	}
	return nil
}

const rootLong = `sockeye reads packet captures, reassembles TCP streams, and shows what sockets
and WebSockets carried: handshakes, frames, messages, unmasked and decompressed.

It reads pcap and pcapng, also compressed with gzip, zstd, lz4 or xz, from files
or from standard input (-). Several files are merged by time. Results go to
standard output; progress, notes and errors to standard error.`

const rootExample = `  sockeye chat.pcap                     every WebSocket message
  sockeye conns chat.pcap               every connection
  sockeye handshake chat.pcap           every handshake, the accept value worked out
  sockeye messages --json chat.pcap     JSON Lines, with the whole payload
  tcpdump -w - port 80 | sockeye -      from standard input`

const exitCodes = `
Exit codes:
  0    done
  2    wrong usage
  3    input unreadable, damaged or cut short; what came before it was printed
  5    incomplete for another reason: a bound was reached
  130  interrupted; what was seen so far was printed
`

func newRoot() *cobra.Command {
	o := &options{}
	root := &cobra.Command{
		Use:           "sockeye [FILE...]",
		Short:         "See what sockets and WebSockets carried",
		Long:          rootLong,
		Example:       rootExample,
		Args:          cobra.ArbitraryArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args)+len(o.read) == 0 {
				return cmd.Help()
			}
			if err := mistakenCommand(cmd, args); err != nil {
				return err
			}
			return o.show(viewNamed("messages"), args)
		},
	}
	root.SetUsageTemplate(root.UsageTemplate() + exitCodes)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.SetHelpCommandGroupID("")
	o.addFlags(root, viewNamed("messages"))
	for i := range views {
		root.AddCommand(newView(&views[i]))
	}
	root.AddCommand(newVersion())
	return root
}

func newView(v *view) *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use: v.name + " [FILE...]", Short: v.short, Long: v.long, Example: v.example,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args)+len(o.read) == 0 {
				return &usageError{fmt.Errorf("%s: no input: give a capture file, or - for standard input", v.name)}
			}
			return o.show(v, args)
		},
	}
	o.addFlags(cmd, v)
	return cmd
}

// mistakenCommand tells a misspelt command from a file that is not there.
func mistakenCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 || strings.ContainsAny(args[0], "./") || args[0] == "-" {
		return nil
	}
	if _, err := os.Stat(args[0]); !errors.Is(err, os.ErrNotExist) {
		return nil
	}
	msg := fmt.Sprintf("%q is neither a command nor a file", event.SafeString(args[0]))
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		msg += fmt.Sprintf("; did you mean %s?", strings.Join(near, " or "))
	}
	return &usageError{errors.New(msg)}
}
