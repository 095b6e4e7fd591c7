// Command gen makes captures with known content.
//
//	-profile, -size ─► profile.Run ─┐
//	files ─► scenes, small profiles ┴► NAME.pcap + NAME.manifest.json
package main

//go:generate go run . files -dir ..

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sockeye-dev/sockeye/pcaps/gen/profile"
	"github.com/sockeye-dev/sockeye/pcaps/gen/track"
)

func main() {
	if err := command(os.Args[1:]).Execute(); err != nil {
		os.Exit(1)
	}
}

// options are the flags as given.
type options struct {
	profile, size, output, manifest, detail string
	seed, packets, connections              uint64
}

// command returns the command line, to be executed with args.
func command(args []string) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "gen --profile NAME (--size SIZE | --packets N | --connections N) -o FILE",
		Short: "Make captures of any size with known content",
		Long:  "Make captures of any size with known content.\n\nProfiles:\n" + profileHelp(),
		Example: `  go run ./pcaps/gen --profile chat --size 1GB -o chat.pcap --manifest chat.manifest.json
  go run ./pcaps/gen --profile messy --packets 200000 --seed 7 -o messy.pcap
  go run ./pcaps/gen --profile bulk --size 10GB -o - | tcpdump -nr - -c 20
  go run ./pcaps/gen --profile manyconn -o many.pcap --manifest many.manifest.json --manifest-detail totals
  go run ./pcaps/gen files --dir pcaps`,
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE:         func(cmd *cobra.Command, _ []string) error { return o.run(cmd.OutOrStdout(), cmd.ErrOrStderr()) },
	}
	f := cmd.Flags()
	f.StringVar(&o.profile, "profile", "chat", "what traffic to make")
	f.StringVar(&o.size, "size", "", "size of the capture file: bytes, or with kB, MB, GB, KiB, MiB, GiB")
	f.Uint64Var(&o.packets, "packets", 0, "number of packets instead of a size")
	f.Uint64Var(&o.connections, "connections", 0, "number of connections instead of a size (manyconn: 300000 unless something else is given)")
	f.StringVarP(&o.output, "output", "o", "", "file to write, - for standard output")
	f.Uint64Var(&o.seed, "seed", 1, "seed: the same one gives the same bytes")
	f.StringVar(&o.manifest, "manifest", "", "file for the manifest (JSON)")
	f.StringVar(&o.detail, "manifest-detail", "connections", "totals, connections (digests a direction) or messages (every message)")
	_ = cmd.MarkFlagRequired("output")
	cmd.AddCommand(filesCommand())
	cmd.SetArgs(doubleDashes(args))
	return cmd
}

func profileHelp() string {
	var b strings.Builder
	for _, p := range profile.Profiles() {
		fmt.Fprintf(&b, "  %-9s %s\n", p.Name, p.About)
	}
	return b.String()
}

// doubleDashes lets long flags be written with one dash, as Go programs are used to.
func doubleDashes(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if out[i] = a; len(a) > 2 && a[0] == '-' && a[1] != '-' && a[1] != 'o' {
			out[i] = "-" + a
		}
	}
	return out
}

func (o *options) run(stdout, stderr io.Writer) (err error) {
	cfg := profile.Config{Profile: o.profile, Seed: o.seed, Packets: o.packets, Connections: o.connections}
	if cfg.Detail, err = parseDetail(o.detail); err != nil {
		return err
	}
	if cfg.Size, err = ParseSize(o.size); err != nil {
		return err
	}
	if o.profile == "manyconn" && o.size == "" && o.packets == 0 && o.connections == 0 {
		cfg.Connections = profile.DefaultConnections
	}
	if err := cfg.Validate(); err != nil {
		return err
	}
	var manifest io.Writer
	if o.manifest != "" {
		f, err := os.Create(o.manifest)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		manifest = f
	} else {
		cfg.Detail = track.Totals
	}
	out := stdout
	if o.output != "-" {
		cfg.Capture = filepath.Base(o.output)
		f, err := os.Create(o.output)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	}
	t, err := profile.Run(cfg, out, manifest)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%d packets, %d bytes, %d connections, %d messages\n", t.Packets, t.FileBytes, t.Connections, t.C2S.Messages+t.S2C.Messages)
	return nil
}

func parseDetail(s string) (track.Detail, error) {
	for d := track.Totals; d <= track.Messages; d++ {
		if d.String() == s {
			return d, nil
		}
	}
	return 0, fmt.Errorf("--manifest-detail %q: want totals, connections or messages", s)
}

// writeFile writes a file through a buffer.
func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b := bufio.NewWriter(f)
	if err := write(b); err != nil {
		return err
	}
	return b.Flush()
}
