package main

import (
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sockeye-dev/sockeye/pcaps/gen/profile"
	"github.com/sockeye-dev/sockeye/pcaps/gen/scenes"
	"github.com/sockeye-dev/sockeye/pcaps/gen/track"
)

// small are the generated captures that are kept beside the real ones.
var small = []struct {
	name string
	cfg  profile.Config
}{
	{"chat-small", profile.Config{Profile: "chat", Seed: 1, Size: 200e3, Detail: track.Messages}},
	{"deflate-small", profile.Config{Profile: "deflate", Seed: 3, Size: 300e3, Detail: track.Connections}},
	{"messy-small", profile.Config{Profile: "messy", Seed: 5, Size: 600e3, Detail: track.Connections}},
	{"raw-small", profile.Config{Profile: "raw", Seed: 2, Size: 250e3, Detail: track.Connections}},
	{"manyconn-small", profile.Config{Profile: "manyconn", Seed: 1, Connections: 60, Detail: track.Connections}},
}

func filesCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "files --dir DIR",
		Short: "Make the generated captures that are kept in pcaps, with their manifests",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return writeAll(dir) },
	}
	cmd.Flags().StringVar(&dir, "dir", "pcaps", "directory to write to")
	return cmd
}

// writeAll writes every generated capture and its manifest.
func writeAll(dir string) error {
	for _, g := range generated() {
		base := filepath.Join(dir, g.name)
		err := writeFile(base+".pcap", func(pcap io.Writer) error {
			return writeFile(base+".manifest.json", func(manifest io.Writer) error { return g.write(pcap, manifest) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// file is a generated capture: NAME.pcap and NAME.manifest.json.
type file struct {
	name  string
	write func(pcap, manifest io.Writer) error
}

// generated lists every generated capture.
func generated() []file {
	var all []file
	for _, s := range small {
		s.cfg.Capture = s.name + ".pcap"
		all = append(all, file{s.name, func(pcap, manifest io.Writer) error {
			_, err := profile.Run(s.cfg, pcap, manifest)
			return err
		}})
	}
	for _, sc := range scenes.All() {
		all = append(all, file{sc.Name, sc.Write})
	}
	return all
}
