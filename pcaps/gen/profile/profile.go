// Package profile makes captures of any size: each profile is a mix of
// connections that sim plays.
//
//	Config ─► Run ─► slots, each opening one connection after the other ─► sim.Sim ─► pcap, manifest
package profile

import (
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/sockeye-dev/sockeye/pcaps/gen/manifest"
	"github.com/sockeye-dev/sockeye/pcaps/gen/sim"
	"github.com/sockeye-dev/sockeye/pcaps/gen/track"
	"github.com/sockeye-dev/sockeye/pcaps/gen/wire"
)

// Config says what to make.
type Config struct {
	Profile     string
	Seed        uint64
	Size        int64  // bytes of the capture file; 0: no limit
	Packets     uint64 // packets; 0: no limit
	Connections uint64 // connections to open; 0: no limit
	Detail      track.Detail
	Capture     string // the capture's name in the manifest
}

// DefaultConnections is how many connections manyconn makes where nothing else limits it.
const DefaultConnections = 300000

// Profile is one entry of the table of profiles.
type Profile struct {
	Name  string
	About string
	slots int // connections at a time
	each  int // bytes that one connection takes in the capture, roughly
	open  func(g *gen, slot int, over func(*sim.Conn))
}

// Profiles returns the table of profiles.
func Profiles() []Profile {
	return []Profile{
		{"chat", "small JSON text messages on 2,000 connections, pings, delayed acknowledgements", 2000, 60000, openChat},
		{"bulk", "messages of 64 KiB to 4 MiB, text and binary, MSS-sized and 64 KiB segments, some fragmented", 32, 24 << 20, openBulk},
		{"deflate", "permessage-deflate: takeover, no_context_takeover, window bits, BFINAL blocks", 500, 40000, openDeflate},
		{"messy", "loss, retransmission, reordering, overlap, VLAN, IPv6, midstream, port reuse, cut packets", 300, 60000, openMessy},
		{"raw", "5 % WebSocket among HTTP, TLS-like, binary and line protocols, and UDP", 400, 60000, openRaw},
		{"manyconn", "300,000 short connections: a few messages or one HTTP exchange each", 200, 1800, openMany},
	}
}

// gen is a run.
type gen struct {
	*sim.Sim
	cfg    Config
	left   uint64 // connections still to open
	opened uint64
	live   int // connections open
	corpus *corpus
	deflate
	used    map[int]sim.Spec // what each slot opened last, for port reuse
	scratch []byte
}

// Validate reports what is wrong with cfg, before anything is written.
func (cfg *Config) Validate() error {
	_, err := cfg.lookup()
	return err
}

func (cfg *Config) lookup() (*Profile, error) {
	if cfg.Size == 0 && cfg.Packets == 0 && cfg.Connections == 0 {
		return nil, fmt.Errorf("profile %s: a size, a number of packets or of connections is needed", cfg.Profile)
	}
	var names []string
	for _, p := range Profiles() {
		if p.Name == cfg.Profile {
			return &p, nil
		}
		names = append(names, p.Name)
	}
	return nil, fmt.Errorf("no profile %q: want one of %s", cfg.Profile, strings.Join(names, ", "))
}

// Run makes a capture on w and its manifest on m, which may be nil. It stops at
// the first limit of cfg that is reached, within a few packets: connections are
// closed a little before, as far as they can be. Without limits it is an error.
func Run(cfg Config, w, m io.Writer) (manifest.Totals, error) {
	p, err := cfg.lookup()
	if err != nil {
		return manifest.Totals{}, err
	}
	f := wire.NewFile(w, wire.Ethernet)
	out := manifest.NewWriter(m, manifest.Manifest{Capture: cfg.Capture, Profile: p.Name, Description: p.About, Seed: cfg.Seed, Detail: cfg.Detail.String()})
	g := &gen{cfg: cfg, left: cfg.Connections, used: map[int]sim.Spec{}, Sim: sim.New(cfg.Seed, f, out, cfg.Detail, sim.Limits{Packets: cfg.Packets, Bytes: cfg.Size})}
	g.start(p)
	if err := g.Sim.Run(); err != nil {
		return manifest.Totals{}, err
	}
	return out.Close(f.Packets(), f.Size())
}

// start fills the slots: as many as the profile wants, fewer for a small capture
// so that connections live to their end in it.
func (g *gen) start(p *Profile) {
	g.corpus = newCorpus(&g.R)
	slots := p.slots
	if g.cfg.Size > 0 {
		slots = min(slots, max(8, int(g.cfg.Size/int64(p.each)/2)))
	}
	if g.cfg.Packets > 0 {
		slots = min(slots, max(8, int(g.cfg.Packets*200)/p.each/2))
	}
	for i := range slots {
		g.slot(p, i)
	}
	if p.Name == "raw" {
		g.datagrams()
	}
}

// slot opens a connection, and the next one when it is over.
func (g *gen) slot(p *Profile, i int) {
	if g.Ending() || g.cfg.Connections > 0 && g.left == 0 {
		return
	}
	g.left--
	g.opened++
	g.live++
	p.open(g, i, func(*sim.Conn) {
		g.live--
		g.slot(p, i)
	})
}

// endpoints returns a fresh client address and port, and the server's.
func (g *gen) endpoints(server byte, port uint16) (client, srv netip.AddrPort) {
	n := g.opened
	a := netip.AddrFrom4([4]byte{10, byte(1 + n/4096%200), byte(n / 64), byte(10 + n%64)})
	return netip.AddrPortFrom(a, uint16(32768+n*7%28000)), netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, server}), port)
}
