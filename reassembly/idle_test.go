package reassembly

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
)

// leaving notes which connections end, and why.
type leaving struct {
	sink
	lines []string
	c     *Conn
	to    *leaving
}

func (l *leaving) Open(c *Conn) Handler { return &leaving{c: c, to: l} }

func (l *leaving) End(r Reason, _ packet.Dir, _ At) {
	l.to.lines = append(l.to.lines, fmt.Sprintf("%d %v", l.c.Flow.LoPort, r))
}

// TestIdleOrder holds that established connections leave as they would if all were
// always in the order of their latest packets: those idle for long enough at the first
// packet that shows it, and of too many the one that was idle for longest.
func TestIdleOrder(t *testing.T) {
	type conn struct {
		port       uint16
		touched    int64
		lastPacket uint64
	}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 11))
		limits := Limits{MaxConns: 2 + r.IntN(60), IdleEstablished: time.Duration(20+r.IntN(200)) * time.Second}
		ports := 1 + r.IntN(120)
		step := int64(1) << (20 + r.IntN(13))
		got := &leaving{}
		table := New(got, limits)
		var live []conn // the model: always sorted
		var want []string
		var p capture.Packet
		now := int64(0)
		for range 3000 {
			p.Number++
			if p.Time += r.Int64N(step) - step/8; r.IntN(100) == 0 {
				p.Time += r.Int64N(int64(time.Minute))
			}
			now = max(now, p.Time)
			if p.Number == 1 {
				now = p.Time
			}
			for len(live) > 0 && now-live[0].touched >= int64(limits.IdleEstablished) {
				want = append(want, fmt.Sprintf("%d %v", live[0].port, EndIdle))
				live = live[1:]
			}
			port := uint16(r.IntN(ports))
			if i := slices.IndexFunc(live, func(c conn) bool { return c.port == port }); i >= 0 {
				live = slices.Delete(live, i, i+1)
			} else if len(live) == limits.MaxConns {
				want = append(want, fmt.Sprintf("%d %v", live[0].port, EndEvicted))
				live = live[1:]
			}
			live = append(live, conn{port, now, p.Number})
			slices.SortFunc(live, func(a, b conn) int {
				return cmp.Or(cmp.Compare(a.touched, b.touched), cmp.Compare(a.lastPacket, b.lastPacket))
			})
			d := packet.Decoded{Proto: 6, IPVersion: 4, WindowScale: -1, Flags: packet.ACK, Dir: packet.Dir(r.IntN(2)), Flow: packet.Flow{LoPort: port, Proto: 6, Version: 4}}
			table.Packet(&p, &d)
			if !slices.Equal(got.lines, want) {
				t.Fatalf("seed %d, packet %d: left %v, want %v", seed, p.Number, got.lines, want)
			}
			got.lines, want = got.lines[:0], want[:0]
		}
	}
}
