package dissect_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

// midstream plays a talk of which the capture begins at segment first. It
// returns by how much stream offsets are shifted.
func midstream(r *rand.Rand, list []segment, first int) (*packets, []segment, [2]uint64) {
	t := newTape(r)
	t.silent = true
	t.open()
	out := append([]segment(nil), list...)
	for i := range out {
		if i == first {
			t.silent = false
		}
		out[i].lost = i < first
		t.send(list[i])
	}
	t.finish()
	shift := [2]uint64{}
	for _, side := range []event.Side{event.Client, event.Server} {
		for _, s := range out {
			if s.from == side && s.lost {
				shift[side] = s.end()
			}
		}
	}
	return &packets{list: t.list}, out, shift
}

// TestMidstreamChat begins captures anywhere in a chat.
func TestMidstreamChat(t *testing.T) {
	ways := []struct {
		name string
		keep bool
		cut  func(r *rand.Rand) cutter
	}{
		{"a packet a message", true, func(*rand.Rand) cutter { return whole }},
		{"packets of up to 300 bytes", false, func(r *rand.Rand) cutter { return upTo(r, 300) }},
	}
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			var n tally
			for seed := range uint64(40) {
				r := rand.New(rand.NewPCG(seed, 17))
				k := chat(t, seed, 60)
				list := segments(k.turns, w.keep, w.cut(r))
				from := k.handshakeSegments(list)
				first := from + r.IntN(len(list)-from-20)
				src, cut, shift := midstream(r, list, first)
				got := analyze(t, src).Conns[1]
				if !got.Connection.Midstream {
					t.Errorf("seed %d: midstream is not said", seed)
				}
				if got.Connection.Server != "10.0.0.1:8080" {
					t.Errorf("seed %d: %s was taken for the client", seed, got.Connection.Client)
				}
				hold(t, k, fmt.Sprintf("%s from segment %d", w.name, first), cut, got, shift, &n)
			}
			t.Log(&n)
			if n.recognised != n.recordings || n.rate() < 99 {
				t.Errorf("want every recording recognised, and 99 %% of whole messages recovered")
			}
		})
	}
}

// TestMidstreamRealTalks begins captures anywhere in real conversations. Where a
// message is longer than what is held for recognition, the capture may begin
// inside it and nothing else be near: that is measured by itself.
func TestMidstreamRealTalks(t *testing.T) {
	var n, long, empty tally
	for _, k := range realTalks(t) {
		if k.want.Connection.Protocol != "websocket" || len(k.want.Frames[0])+len(k.want.Frames[1]) < 20 {
			continue
		}
		into := &n
		switch n := longest(k); {
		case n > dissect.DefaultRecognise/2:
			into = &long
		case n < 8:
			into = &empty // headers are all there is to go by
		}
		for seed := range uint64(8) {
			r := rand.New(rand.NewPCG(seed, 19))
			list := segments(k.turns, true, fixed(1460))
			from := k.handshakeSegments(list)
			first := from + r.IntN((len(list)-from)*2/3)
			src, cut, shift := midstream(r, list, first)
			hold(t, k, fmt.Sprintf("from segment %d", first), cut, analyze(t, src).Conns[1], shift, into)
		}
	}
	t.Log("short frames:", &n)
	t.Log("long frames:", &long)
	t.Log("a thousand empty frames:", &empty)
	if n.recordings < 20 || n.recognised != n.recordings || n.rate() < 99 {
		t.Errorf("want every recording recognised, and 99 %% of whole messages recovered")
	}
}

// longest is the length of the longest frame of a talk.
func longest(k *talk) (n uint64) {
	for side := range k.want.Frames {
		for _, f := range k.want.Frames[side] {
			n = max(n, f.D.Length)
		}
	}
	return n
}
