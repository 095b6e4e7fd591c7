package session_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

// atLeast lets packets of at least a length through.
type atLeast struct {
	least int
	seen  *int
	wrong error
}

func (f atLeast) Pass(p *capture.Packet, from session.Interfaces) (bool, error) {
	if *f.seen++; len(from.Interfaces()) == 0 {
		return false, errors.New("no interface is known")
	}
	return len(p.Data) >= f.least, f.wrong
}

func (f atLeast) Verdict() error { return nil }

// TestPacketFilter: packets that are refused are as if they were not there, in
// the list, in what is read again, and behind the bound of the index.
func TestPacketFilter(t *testing.T) {
	sample := filepath.Join(pcaps, "messy-small.pcap")
	for _, limits := range []session.Limits{{}, {Index: 256}} {
		seen := 0
		s := open(t, session.Options{Files: []string{sample}, Limits: limits, Packets: func() session.PacketFilter {
			return atLeast{least: 100, seen: &seen}
		}})
		p := loaded(t, s)
		if all := packetsIn(t, sample); p.Err != nil || seen != int(all) || p.Packets == 0 || p.Packets >= all {
			t.Fatalf("%d of %d packets passed, %d were looked at: %v", p.Packets, all, seen, p.Err)
		}
		for n := uint64(1); n <= uint64(s.Count()); n++ {
			row, _ := s.Row(n)
			path := filepath.Join(t.TempDir(), "conn.pcapng")
			if err := s.Save(context.Background(), []uint64{n}, path); err != nil {
				t.Fatal(err)
			}
			if got := packetsIn(t, path); got != row.Packets {
				t.Errorf("connection %d: %d packets read again, %d in the list", n, got, row.Packets)
			}
		}
		s.Close()
	}
	seen, wrong := 0, errors.New("means nothing here")
	s := open(t, session.Options{Files: []string{sample}, Packets: func() session.PacketFilter {
		return atLeast{seen: &seen, wrong: wrong}
	}})
	if p := loaded(t, s); !errors.Is(p.Err, wrong) || p.Packets != 0 || seen != 1 {
		t.Errorf("%d packets, %v", p.Packets, p.Err)
	}
}
