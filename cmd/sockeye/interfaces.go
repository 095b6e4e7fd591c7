package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sockeye-dev/sockeye/capture/live"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

const interfacesLong = `List the network interfaces: name, state, link type of a capture, MTU,
addresses, and with --rate the traffic of one second. It also says whether this
user may capture; if not, the exit code is 4, and what to do is printed.`

const interfacesExample = `  sockeye interfaces
  sockeye interfaces --rate
  sockeye interfaces --json | jq -r 'select(.up).name'`

func newInterfaces() *cobra.Command {
	asJSON, rate := false, false
	cmd := &cobra.Command{
		Use: "interfaces", Short: "What can be captured on, and whether you may", GroupID: groupCapture,
		Long: interfacesLong, Example: interfacesExample, Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return listInterfaces(asJSON, rate) },
	}
	f := cmd.Flags()
	f.BoolVar(&rate, "rate", false, "measure for a second, and show packets and bytes in that second")
	f.BoolVar(&asJSON, "json", false, "JSON Lines")
	f.SetAnnotation("rate", groupKey, []string{groupSelect})
	f.SetAnnotation("json", groupKey, []string{groupOutput})
	return cmd
}

// interfaceRow is an interface, as JSON has it. Its counters are totals since it
// exists; rate is what a second added, and left out without --rate.
type interfaceRow struct {
	Kind      string   `json:"kind"` // "interface"
	Name      string   `json:"name"`
	Index     int      `json:"index"`
	LinkType  string   `json:"link_type"`
	MTU       int      `json:"mtu"`
	Up        bool     `json:"up"`
	Running   bool     `json:"running"`
	Loopback  bool     `json:"loopback"`
	MAC       string   `json:"mac,omitempty"`
	Addresses []string `json:"addresses"`
	RxPackets *uint64  `json:"rx_packets,omitempty"`
	TxPackets *uint64  `json:"tx_packets,omitempty"`
	RxBytes   *uint64  `json:"rx_bytes,omitempty"`
	TxBytes   *uint64  `json:"tx_bytes,omitempty"`
	Rate      *rates   `json:"rate,omitempty"`
}

// rates are counts a second.
type rates struct {
	RxPackets float64 `json:"rx_packets"`
	TxPackets float64 `json:"tx_packets"`
	RxBytes   float64 `json:"rx_bytes"`
	TxBytes   float64 `json:"tx_bytes"`
}

// permissionRow says whether this user may capture.
type permissionRow struct {
	Kind       string `json:"kind"` // "permission"
	MayCapture bool   `json:"may_capture"`
	Text       string `json:"text,omitempty"`
	Remedy     string `json:"remedy,omitempty"`
}

func listInterfaces(asJSON, rate bool) error {
	rows, err := interfaceRows(rate)
	if err != nil {
		return liveError(err)
	}
	may := live.MayCapture()
	w := bufio.NewWriter(os.Stdout)
	if asJSON {
		writeInterfacesJSON(w, rows, may)
	} else {
		writeInterfaces(w, rows, rate)
	}
	if err := w.Flush(); err != nil {
		return &exitError{exitIncomplete, outputError(err)}
	}
	if may != nil {
		return liveError(may)
	}
	if !asJSON {
		fmt.Fprintln(os.Stderr, "you may capture; -i any captures on all of them")
	}
	return nil
}

// interfaceRows reads the interfaces, twice a second apart for rates.
func interfaceRows(rate bool) ([]interfaceRow, error) {
	began := time.Now()
	list, err := live.Interfaces()
	if err != nil {
		return nil, err
	}
	before := map[int]live.InterfaceInfo{}
	seconds := 1.0
	if rate {
		for i := range list {
			before[list[i].Index] = list[i]
		}
		time.Sleep(time.Second)
		seconds = time.Since(began).Seconds()
		if list, err = live.Interfaces(); err != nil {
			return nil, err
		}
	}
	rows := make([]interfaceRow, 0, len(list))
	for i := range list {
		l := &list[i]
		r := interfaceRow{
			Kind: "interface", Name: l.Name, Index: l.Index, LinkType: l.Link.String(), MTU: l.MTU,
			Up: l.Up, Running: l.Running, Loopback: l.Loopback, MAC: l.MAC, Addresses: []string{},
		}
		for _, a := range l.Addrs {
			r.Addresses = append(r.Addresses, a.String())
		}
		if l.Counted {
			r.RxPackets, r.TxPackets, r.RxBytes, r.TxBytes = &l.RxPackets, &l.TxPackets, &l.RxBytes, &l.TxBytes
		}
		if b, ok := before[l.Index]; ok && l.Counted && b.Counted {
			per := func(now, then uint64) float64 { return float64(less(now, then)) / seconds }
			r.Rate = &rates{per(l.RxPackets, b.RxPackets), per(l.TxPackets, b.TxPackets), per(l.RxBytes, b.RxBytes), per(l.TxBytes, b.TxBytes)}
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func writeInterfacesJSON(w *bufio.Writer, rows []interfaceRow, may error) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for i := range rows {
		enc.Encode(&rows[i]) // w keeps the error
	}
	p := permissionRow{Kind: "permission", MayCapture: may == nil}
	var e *live.Error
	if errors.As(may, &e) {
		p.Text, p.Remedy = e.Text, e.Remedy
	}
	enc.Encode(&p)
	event.NewJSON(w, event.PayloadNone).End(event.End{})
}

func writeInterfaces(out *bufio.Writer, rows []interfaceRow, rate bool) {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	heads := []string{"NAME", "STATE", "LINK TYPE", "MTU", "ADDRESSES"}
	if rate {
		heads = []string{"NAME", "STATE", "LINK TYPE", "MTU", "RECEIVED/S", "SENT/S", "ADDRESSES"}
	}
	fmt.Fprintln(w, strings.Join(heads, "\t"))
	for _, r := range rows {
		cells := []string{event.SafeString(r.Name), stateText(r.Up, r.Running || r.Loopback), r.LinkType, fmt.Sprint(r.MTU)}
		if rate {
			cells = append(cells, "", "")
		}
		if r.Rate != nil {
			cells[4] = rateText(r.Rate.RxPackets, r.Rate.RxBytes)
			cells[5] = rateText(r.Rate.TxPackets, r.Rate.TxBytes)
		}
		fmt.Fprintln(w, strings.Join(append(cells, strings.Join(r.Addresses, " ")), "\t"))
	}
	w.Flush()
}

// stateText says what an interface is up to.
func stateText(up, carrier bool) string {
	switch {
	case up && carrier:
		return "up"
	case up:
		return "no carrier"
	}
	return "down"
}

func rateText(packets, bytes float64) string {
	return fmt.Sprintf("%.0f, %s", packets, event.Size(uint64(bytes)))
}
