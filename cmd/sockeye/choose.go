package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/filter"
	"github.com/sockeye-dev/sockeye/capture/live"
	"github.com/sockeye-dev/sockeye/tui"
)

// choose lets the user choose what to capture on, where nothing was named. It
// returns false if there is no choice: the user has quit. The error says why
// nothing can be captured, and carries the exit code.
func (o *options) choose(ctx context.Context, cmd *cobra.Command) (bool, error) {
	if err := live.MayCapture(); err != nil {
		return false, liveError(err)
	}
	looks, err := o.themes()
	if err != nil {
		return false, misuse(cmd, err)
	}
	choice, err := tui.Choose(ctx, tui.ChooserOptions{
		Themes: looks, Filter: o.bpf, List: listForChoice, Check: checkCaptureFilter,
	}, nil)
	if err != nil {
		return false, liveError(err)
	}
	if choice == nil {
		return false, nil
	}
	o.live.interfaces, o.bpf = choice.Interfaces, choice.Filter
	return true, nil
}

// listForChoice describes the interfaces for the screen to choose them.
func listForChoice() ([]tui.Interface, error) {
	infos, err := live.Interfaces()
	if err != nil {
		return nil, err
	}
	var list []tui.Interface
	for i := range infos {
		x := &infos[i]
		row := tui.Interface{
			Name: x.Name, State: stateText(x.Up, x.Running || x.Loopback), Link: x.Link.String(),
			Packets: x.RxPackets + x.TxPackets, Bytes: x.RxBytes + x.TxBytes, Counted: x.Counted,
		}
		if x.Loopback { // what is sent is received as well
			row.Packets, row.Bytes = x.RxPackets, x.RxBytes
		}
		for _, a := range x.Addrs {
			row.Addresses = append(row.Addresses, a.String())
		}
		list = append(list, row)
	}
	return list, nil
}

// checkCaptureFilter says what is wrong with a capture filter on interfaces, and
// at which byte.
func checkCaptureFilter(expr string, names []string) (advice string, at int) {
	infos, err := live.Interfaces()
	if err != nil {
		return "", 0 // opening says it
	}
	links := map[string]capture.LinkType{live.Any: capture.LinkLinuxSLL2}
	for i := range infos {
		links[infos[i].Name] = infos[i].Link
	}
	for _, name := range names {
		link, known := links[name]
		if !known {
			continue // vanished: opening says it
		}
		_, err := filter.Compile(expr, link, 0)
		var e *filter.Error
		if errors.As(err, &e) {
			_, advice, _ := strings.Cut(e.Error(), ": ")
			return fmt.Sprintf("column %d: %s", e.Pos+1, advice), e.Pos
		} else if err != nil {
			return err.Error(), len(expr)
		}
	}
	return "", 0
}
