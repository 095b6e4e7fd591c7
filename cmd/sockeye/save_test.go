package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/capture/pcapfile"
)

// TestSaveFromFiles: what -w saves of files reads back as what was read.
func TestSaveFromFiles(t *testing.T) {
	for _, c := range []struct {
		name   string
		inputs []string
		filter string
		file   string
	}{
		{"pcap", []string{"endings.pcap"}, "", "all.pcapng"},
		{"nanoseconds, gzip", []string{"capture-forms-nano.pcap"}, "", "all.pcapng.gz"},
		{"pcapng, zstd", []string{"capture-forms-ng.pcapng"}, "", "all.pcapng.zst"},
		{"cooked", []string{"capture-forms-any-sll2.pcap"}, "", "all.pcapng"},
		{"merged", []string{"endings.pcap", "capture-forms-any-sll1.pcap", "capture-forms-ng.pcapng"}, "", "all.pcapng"},
		{"filtered", []string{"http-keepalive.pcap"}, "greater 200", "some.pcapng"},
		{"nothing passes", []string{"endings.pcap"}, "udp port 1", "none.pcapng"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), c.file)
			args := []string{"messages", "--json", "-w", file, "-Y", "length > 1000000"} // -Y leaves all out
			plain := []string{"messages", "--json"}
			if c.filter != "" {
				args, plain = append(args, "-f", c.filter), append(plain, "-f", c.filter)
			}
			for _, name := range c.inputs {
				args, plain = append(args, pcap(name)), append(plain, pcap(name))
			}
			sockeye(t, args...).want(t, exitDone)
			want, got := sockeye(t, plain...), sockeye(t, "messages", "--json", file)
			got.want(t, exitDone)
			if body(got.stdout) != body(want.stdout) && c.filter == "" { // else packets have other numbers
				t.Errorf("saved and read again:\n%s\nnot:\n%s", got.stdout, want.stdout)
			}
			wantEnd, gotEnd := lastObject(t, want.stdout), lastObject(t, got.stdout)
			for _, key := range []string{"packets", "connections", "messages"} {
				if gotEnd[key] != wantEnd[key] {
					t.Errorf("%s: %v, not %v", key, gotEnd[key], wantEnd[key])
				}
			}
		})
	}
}

// body is JSON Lines without the end.
func body(s string) string {
	lines := strings.SplitAfter(s, "\n")
	return strings.Join(lines[:max(len(lines)-2, 0)], "")
}

func lastObject(t *testing.T, s string) map[string]any {
	t.Helper()
	list := objects(t, s)
	return list[len(list)-1]
}

// TestSaveKeepsDetails: interfaces, comments, secrets and losses come along.
func TestSaveKeepsDetails(t *testing.T) {
	dir := t.TempDir()
	made, saved := filepath.Join(dir, "made.pcapng"), filepath.Join(dir, "saved.pcapng")
	src, err := pcapfile.Open(pcap("endings.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	f, err := os.Create(made)
	if err != nil {
		t.Fatal(err)
	}
	w, err := pcapfile.NewNgWriter(f, pcapfile.NgOptions{})
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var last int64
	for n := 0; ; n++ {
		p, err := src.Next()
		if err != nil {
			break
		}
		if n == 0 || n == 5 { // an interface and secrets may come late
			_, err := w.AddInterface(pcapfile.Interface{Link: p.Link, Name: "eth" + string(rune('0'+n)), Filter: "tcp", Resolution: pcapfile.Nanoseconds, Offset: int64(n)})
			must(err)
			must(w.WriteSecrets(pcapfile.Secret{Type: pcapfile.SecretsTLS, Data: []byte{'#', byte('0' + n), '\n'}}))
		}
		if n >= 5 {
			p.Interface = 1
		}
		comment := ""
		if n%7 == 0 {
			comment = strings.Repeat("note ", n)
		}
		must(w.WritePacketComment(&p, comment))
		last = p.Time
	}
	must(w.WriteStatistics(pcapfile.Statistics{Interface: 1, Received: 70, Dropped: -1, OSDropped: 4, Start: last - 10, End: last}, last))
	must(w.Flush())
	must(f.Close())

	sockeye(t, "conns", "-w", saved, made).want(t, exitDone)
	want, got := detailsOf(t, made), detailsOf(t, saved)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("saved:\n%+v\nnot:\n%+v", got, want)
	}
	if len(got.Comments) < 5 || len(got.Secrets) != 2 || len(got.Stats) != 1 || got.Stats[0].OSDropped != 4 {
		t.Errorf("details %+v", got)
	}
}

type details struct {
	Packets    []int64
	Interfaces []pcapfile.Interface
	Comments   []pcapfile.Comment
	Secrets    []pcapfile.Secret
	Stats      []pcapfile.Statistics
}

func detailsOf(t *testing.T, path string) (d details) {
	t.Helper()
	r, err := pcapfile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		p, err := r.Next()
		if err != nil {
			break
		}
		d.Packets = append(d.Packets, p.Time, int64(p.Interface), int64(len(p.Data)))
	}
	d.Interfaces, d.Comments, d.Secrets, d.Stats = r.Interfaces(), r.Comments(), r.Secrets(), r.Stats()
	return d
}

// TestSaveFails: a file that cannot be written ends the program at once, and it
// says why.
func TestSaveFails(t *testing.T) {
	dir := t.TempDir()
	r := sockeye(t, "conns", "-w", filepath.Join(dir, "nosuch", "x.pcapng"), pcap("endings.pcap"))
	r.want(t, exitIncomplete, filepath.Join(dir, "nosuch", "x.pcapng"), "no such file or directory")
	if r.stdout != "" {
		t.Errorf("printed %q", r.stdout)
	}
	// A mistake in the input, or in the filter, leaves no file.
	file := filepath.Join(dir, "x.pcapng")
	sockeye(t, "conns", "-w", file, filepath.Join(dir, "nosuch.pcap")).want(t, exitInput)
	sockeye(t, "conns", "-w", file, "-f", "ether host 1:2:3:4:5:6", pcap("capture-forms-any-sll1.pcap")).want(t, exitUsage)
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}
