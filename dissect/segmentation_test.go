package dissect_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// same plays a talk and demands the same outline as when it was undisturbed.
func same(t *testing.T, k *talk, how string, src *packets) {
	t.Helper()
	got := analyze(t, src)
	if len(got.Order) != 1 {
		t.Errorf("%s, %s: %d connections", k.name, how, len(got.Order))
		return
	}
	want, have := outlineOf(k.want), outlineOf(got.Conns[1])
	for _, d := range want.differences(&have) {
		t.Errorf("%s, %s: %s", k.name, how, d)
	}
	streams := k.streams()
	for side := range streams {
		if string(got.Conns[1].Stream(event.Side(side))) != string(streams[side]) {
			t.Errorf("%s, %s: the %v's stream differs", k.name, how, event.Side(side))
		}
	}
}

// boundaries are the offsets at which headers and payloads of frames begin,
// shifted by by bytes.
func boundaries(k *talk, by int) (out [2][]uint64) {
	for side := range out {
		for _, f := range k.want.Frames[side] {
			out[side] = append(out[side], f.D.Offset+uint64(by), f.D.Offset+uint64(f.D.HeaderLength+by))
		}
		slices.Sort(out[side])
		out[side] = slices.Compact(out[side])
	}
	return out
}

// small talks can be cut into single bytes without making tests slow.
const small = 24 << 10

func allTalks(t *testing.T) []*talk {
	return append(realTalks(t), chat(t, 7, 200))
}

func TestAnySegmentation(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	played, bytewise := 0, 0
	for _, k := range allTalks(t) {
		type way struct {
			how  string
			list []segment
		}
		ways := []way{
			{"as sent", segments(k.turns, true, whole)},
			{"runs in one", segments(k.turns, false, whole)},
			{"1460 bytes", segments(k.turns, false, fixed(1460))},
			{"up to 500 bytes", segments(k.turns, false, upTo(r, 500))},
			{"cut at headers", segments(k.turns, false, at(boundaries(k, 0)))},
			{"cut a byte into headers", segments(k.turns, false, at(boundaries(k, 1)))},
			{"cut before headers' end", segments(k.turns, false, at(boundaries(k, -1)))},
		}
		if k.bytes() <= small {
			ways = append(ways, way{"single bytes", segments(k.turns, false, fixed(1))}, way{"up to 3 bytes", segments(k.turns, false, upTo(r, 3))})
			bytewise++
		}
		for _, w := range ways {
			same(t, k, w.how, play(r, w.list))
			played++
		}
	}
	if played < 500 || bytewise < 50 {
		t.Errorf("only %d recordings, %d talks byte by byte", played, bytewise)
	}
	t.Logf("%d recordings; %d talks also byte by byte", played, bytewise)
}

func TestAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	played := 0
	for _, k := range allTalks(t) {
		for range 3 {
			list := segments(k.turns, false, upTo(r, 30+r.IntN(1000)))
			same(t, k, "runs shuffled", play(r, shuffle(r, list, 0, 8, true)))
			same(t, k, "copies and overlaps", play(r, repeat(r, list, k.streams(), 0.3)))
			same(t, k, "shuffled, copies and overlaps", play(r, repeat(r, shuffle(r, list, 0, 6, true), k.streams(), 0.2)))
			played += 3
			if k.want.Connection.Protocol == "websocket" {
				first := k.handshakeSegments(list)
				same(t, k, "sides shuffled behind the handshake", play(r, shuffle(r, list, first, 6, false)))
				played++
			}
		}
	}
	t.Logf("%d recordings", played)
}

// TestWithoutACKs plays talks of which only data packets were captured.
func TestWithoutACKs(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, k := range allTalks(t) {
		tp := newTape(r)
		tp.acks = false
		tp.open()
		for _, s := range segments(k.turns, false, upTo(r, 1460)) {
			tp.send(s)
		}
		same(t, k, "without ACKs and end", &packets{list: tp.list})
	}
}
