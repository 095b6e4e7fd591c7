package main

import (
	"github.com/spf13/cobra"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// view is a command that prints one kind of events.
type view struct {
	name, short, long, example string
	// kinds are the kinds of events it prints; the first is what its results
	// are, as --limit counts them.
	kinds []event.Kind
	full  bool // text too shows the whole payload unless --payload says otherwise
	text  event.View
	// columns are those of CSV unless --fields says otherwise.
	columns string
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
		kinds:   []event.Kind{event.KindConnection},
		columns: "conn,start,end,client,server,protocol,layers,guess,host,path,status,subprotocol,state,closed_by,midstream,packet_count,client_bytes,server_bytes,client_missing,server_missing,client_messages,server_messages,rtt_ms,errors,warnings",
	},
	{
		name: "messages", short: "One line a WebSocket message", text: event.ViewMessages,
		long: `List every WebSocket message, data and control, unmasked and decompressed, in
the order in which they were complete. Holes in the capture are lines of their
own.`,
		example: `  sockeye messages chat.pcap
  sockeye messages --conn 3 --payload full chat.pcap
  sockeye messages --json chat.pcap | jq -r 'select(.opcode=="text").text'
  tcpdump -U -w - port 8080 | sockeye messages -`,
		kinds:   []event.Kind{event.KindMessage, event.KindGap},
		columns: "kind,time,conn,from,message,opcode,length,wire_length,frames,masked,compressed,complete,missing,latency_ms,close.code,close.reason,payload",
	},
	{
		name: "frames", short: "One line a WebSocket frame", text: event.ViewFrames,
		long: `List every WebSocket frame with the bits of its header (RFC 6455 §5.2). Holes in
the capture are lines of their own.`,
		example: `  sockeye frames chat.pcap
  sockeye frames --json chat.pcap | jq 'select(.rsv!=0)'`,
		kinds:   []event.Kind{event.KindFrame, event.KindGap},
		columns: "kind,time,conn,from,frame,offset,fin,rsv,opcode,masked,mask,header_length,length,missing,message",
	},
	{
		name: "follow", short: "Ordered stream bytes, both directions", text: event.ViewFollow,
		long: `Print the reassembled bytes of TCP streams in the order in which they could be
read, both directions. Bytes that were not captured are lines of their own; with
--raw, which cannot mark them, they are counted on standard error.`,
		example: `  sockeye follow --conn 1 chat.pcap
  sockeye follow --conn 1 --hex chat.pcap
  sockeye follow --conn 1 --raw chat.pcap > stream.bin`,
		kinds: []event.Kind{event.KindData, event.KindGap}, full: true,
		columns: "kind,time,conn,from,offset,length,payload",
	},
	{
		name: "handshake", short: "Each WebSocket handshake in full", text: event.ViewHandshakes,
		long: `Print every WebSocket opening handshake, refused ones too: request and response
headers, and how the accept value follows from the key (RFC 6455 §4.2.2).`,
		example: `  sockeye handshake chat.pcap
  sockeye handshake --json chat.pcap | jq '{target,status,accepted}'`,
		kinds:   []event.Kind{event.KindHandshake},
		columns: "time,conn,method,host,target,status,accepted,version,key,accept,accept_expected,origin,subprotocols_offered,subprotocol,extensions_offered,extensions",
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

func newView(v *view) *cobra.Command {
	o := newOptions()
	cmd := &cobra.Command{
		Use: v.name + " [FILE... | -i IF]", Short: v.short, Long: v.long, Example: v.example, GroupID: groupReading,
		RunE: func(cmd *cobra.Command, args []string) error { return o.show(cmd, v, args) },
	}
	o.addTo(cmd)
	return cmd
}
