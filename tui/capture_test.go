package tui

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// played is a capture as a test plays it.
type played struct {
	status CaptureStatus
	file   []byte
	err    error
}

func (p *played) Status() CaptureStatus { return p.status }
func (p *played) Let(in bool)           { p.status.Paused = !in }
func (p *played) Write(path string) (int64, error) {
	if p.err != nil {
		return 0, &fs.PathError{Op: "open", Path: path, Err: p.err}
	}
	return int64(len(p.file)), os.WriteFile(path, p.file, 0o600)
}

// later lets a second pass for the meter.
func (s *stage) later() {
	s.a.lookAtCapture(s.a.meter.at.Add(time.Second))
}

// TestCaptureLine: the first line says how the capture goes, the most important
// even where there is little room.
func TestCaptureLine(t *testing.T) {
	for _, size := range sizes {
		s := stageOf(t, "websockets-plain.pcap", size[0], size[1])
		p := &played{}
		s.a.opt.Capture = p
		s.a.meter.look(p, time.Now())
		s.want("● 0 p")
		p.status.Packets, p.status.Bytes = 12_400, 3_000_000
		s.later()
		s.want("● 12k p")
		p.status.Dropped = 17
		s.later()
		s.want("✖ 17 dropped", "● 0 p")
		s.press("C")
		s.want("■ stopped", "packets are left out")
		if !p.status.Paused {
			t.Error("C did not stop the capture")
		}
		s.press("C")
		s.want("● 0 p", "capturing again")
		p.status.Notes = []string{"eth0 is gone\x1b[2J"}
		s.later()
		s.want("eth0 is gone")
		p.status.Ended, p.status.Err = true, errors.New("spool: no space left on device")
		s.later()
		s.want("■ ended: ", "the capture has ended: spool: no space left")
		s.press("C")
		s.want("the capture has ended")
	}
}

// TestWriteCapture writes what is kept, and never over a file.
func TestWriteCapture(t *testing.T) {
	t.Chdir(t.TempDir())
	s := stageOf(t, "websockets-plain.pcap", 100, 30)
	p := &played{file: []byte("packets")}
	s.a.opt.Capture, s.a.opt.SaveHint = p, "try elsewhere"
	s.press("W")
	s.want("write all packets to capture-")
	s.press("Ctrl-u")
	s.write("all.pcapng")
	s.press("Enter")
	s.want("wrote all packets that are kept, 7 B, to all.pcapng")
	if b, err := os.ReadFile("all.pcapng"); err != nil || !bytes.Equal(b, p.file) {
		t.Errorf("%q, %v", b, err)
	}
	s.command("write all.pcapng")
	s.want("exists; nothing was written")
	p.err = fs.ErrPermission
	s.command("write other.pcapng")
	s.want("not written: other.pcapng: permission denied; try elsewhere")
	s.command("save one.pcapng")
	s.want("saved the packets of 1 connections to one.pcapng")
	if _, err := os.Stat(filepath.Join(".", "one.pcapng")); err != nil {
		t.Error(err)
	}
}

// command gives a command line.
func (s *stage) command(c string) {
	s.t.Helper()
	s.press(":")
	s.write(c)
	s.press("Enter")
}

// TestLost: a connection that lacks its beginning says so.
func TestLost(t *testing.T) {
	s := stageOf(t, "websockets-plain.pcap", 100, 30)
	s.a.conv.view = lacking{s.a.conv.view}
	s.want("first 1,234 packets gone", "fell out")
}

type lacking struct{ View }

func (lacking) Lost() uint64 { return 1234 }
func (lacking) Err() error   { return errors.New("it fell out") }
