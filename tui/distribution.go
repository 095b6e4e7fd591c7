package tui

import (
	"math"
	"slices"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// maxPongs is how many pongs are looked at for their latencies.
const maxPongs = 5000

// lengths are the payload lengths of what a side sent.
func lengths(beats []beat, from event.Side) []float64 {
	var out []float64
	for _, b := range beats {
		if b.from == from {
			out = append(out, float64(b.bytes))
		}
	}
	return out
}

// answers are the times, in ns, from the last message of the other side to the
// next one of this side.
func answers(beats []beat, from event.Side) []float64 {
	var out []float64
	for i := 1; i < len(beats); i++ {
		if d := beats[i].time - beats[i-1].time; beats[i].from == from && beats[i-1].from == from.Other() && d >= 0 {
			out = append(out, float64(d))
		}
	}
	return out
}

// pongs are the round trips, in ns, of the pings that a side answered.
func pongs(v *conversation, from event.Side) []float64 {
	var out []float64
	for _, en := range v.all {
		it := &v.items[en.index]
		if it.Kind != event.KindMessage || it.Opcode != 10 || it.From != from {
			continue
		}
		if len(out) == maxPongs {
			break
		}
		e, err := v.view.Event(en.index)
		if err != nil {
			continue
		}
		if m, ok := e.Detail.(*event.Message); ok && m.Latency >= 0 {
			out = append(out, float64(m.Latency))
		}
	}
	return out
}

func sizeOf(v float64) string     { return event.Size(uint64(v)) }
func durationOf(v float64) string { return event.Duration(int64(v)) }

// distribution draws how often values occur, on a logarithmic axis from the
// least to the greatest; nil if there are none.
func distribution(title line, values []float64, text func(float64) string, r role, width, rows int) []line {
	if len(values) == 0 {
		return nil
	}
	values = slices.Sorted(slices.Values(values))
	at := func(part float64) float64 { return values[int(part*float64(len(values)-1))] }
	lo, hi := max(values[0], 1), max(values[len(values)-1], 1)
	const axis = 11
	columns := max(min(width-axis-1, 60), 8)
	counts := make([]float64, columns*2)
	for _, v := range values {
		i := 0
		if hi > lo {
			i = int(math.Log(max(v, 1)/lo) / math.Log(hi/lo) * float64(len(counts)-1))
		}
		counts[i]++
	}
	out := []line{append(title, span{rDim, sprintf("  %s, median %s, 95 %% up to %s", event.Count(uint64(len(values))), text(at(0.5)), text(at(0.95)))})}
	for y, s := range plot(counts, rows) {
		label := ""
		if y == 0 {
			label = event.Count(uint64(slices.Max(counts)))
		} else if y == rows-1 {
			label = "0"
		}
		out = append(out, line{{rDim, pad(label, axis-2, true) + " ┤"}, {r, s}})
	}
	least, greatest := text(values[0]), text(values[len(values)-1])
	return append(out, line{{rDim, strings.Repeat(" ", axis) + least + strings.Repeat(" ", max(columns-event.Width(least)-event.Width(greatest), 1)) + greatest}})
}

// distributions are those of a connection: sizes, times to answer, and round trips of pings.
func distributions(v *conversation, beats []beat, width, rows int) []line {
	var out []line
	for _, what := range []struct {
		title  string
		values func(event.Side) []float64
		text   func(float64) string
	}{
		{"sizes ", func(s event.Side) []float64 { return lengths(beats, s) }, sizeOf},
		{"times to answer ", func(s event.Side) []float64 { return answers(beats, s) }, durationOf},
		{"ping round trips, answered by ", func(s event.Side) []float64 { return pongs(v, s) }, durationOf},
	} {
		for side := event.Client; side <= event.Server; side++ {
			r := sideRole(side)
			out = append(out, distribution(line{{rHeading, what.title}, {r, arrow(side) + " " + side.String()}}, what.values(side), what.text, r, width, rows)...)
		}
	}
	return out
}
