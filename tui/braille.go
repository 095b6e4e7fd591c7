package tui

import (
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// plot draws values as a filled curve in Braille: two values a column, four
// levels a row. The highest value fills the height.
func plot(values []float64, rows int) []string {
	top := 0.0
	for _, v := range values {
		top = max(top, v)
	}
	left := [4]rune{0x40, 0x44, 0x46, 0x47}  // dots 7, 3, 2, 1 from below
	right := [4]rune{0x80, 0xa0, 0xb0, 0xb8} // dots 8, 6, 5, 4
	out := make([]string, rows)
	for y := range rows {
		var b strings.Builder
		for x := 0; x < len(values); x += 2 {
			r := rune(0x2800)
			for side := range 2 {
				if x+side >= len(values) || top == 0 {
					continue
				}
				level := int(values[x+side] / top * float64(rows*4))
				if values[x+side] > 0 {
					level = max(level, 1) // what is there is seen
				}
				if level -= (rows - 1 - y) * 4; level > 0 {
					r |= [2][4]rune{left, right}[side][min(level, 4)-1]
				}
			}
			b.WriteRune(r)
		}
		out[y] = b.String()
	}
	return out
}

// beat is something that a timeline counts.
type beat struct {
	time  int64
	from  event.Side
	bytes uint64
}

// timeline draws messages and bytes a second, per direction, over the time from
// the first beat to the last, in a width and a height.
func timeline(beats []beat, unit string, width, height int) []line {
	if len(beats) == 0 {
		return []line{{{rDim, "nothing to plot: no " + unit + " on this connection"}}}
	}
	first, last := beats[0].time, beats[0].time
	for _, b := range beats {
		first, last = min(first, b.time), max(last, b.time)
	}
	const axis = 11 // columns before the curve
	columns := max(width-axis-1, 8)
	buckets := columns * 2
	// Seconds a bucket: below a millisecond, rates say more about the clock than about the connection.
	per := max(float64(last-first)/1e9/float64(buckets), 1e-3)
	var series [2][2][]float64 // by what (count, bytes) and side
	for k := range series {
		for s := range series[k] {
			series[k][s] = make([]float64, buckets)
		}
	}
	for _, b := range beats {
		if b.from > event.Server {
			continue
		}
		i := min(int(float64(b.time-first)/1e9/per), buckets-1)
		series[0][b.from][i] += 1 / per
		series[1][b.from][i] += float64(b.bytes) / per
	}
	rows := max(min((height-5)/4-1, 6), 1)
	var out []line
	for k, what := range []string{unit + "/s", "bytes/s"} {
		for side := event.Client; side <= event.Server; side++ {
			r := sideRole(side)
			top := 0.0
			for _, v := range series[k][side] {
				top = max(top, v)
			}
			out = append(out, line{{rHeading, what + " "}, {r, arrow(side) + " " + side.String()}, {rDim, "  highest " + rate(top, k == 1)}})
			for y, s := range plot(series[k][side], rows) {
				label := ""
				if y == 0 {
					label = rate(top, k == 1)
				} else if y == rows-1 {
					label = "0"
				}
				out = append(out, line{{rDim, pad(label, axis-2, true) + " ┤"}, {r, s}})
			}
		}
	}
	end := event.Duration(int64(per * float64(buckets) * 1e9))
	scale := strings.Repeat(" ", axis) + "0" + strings.Repeat(" ", max(columns-1-event.Width(end), 1)) + end
	return append(out, line{{rDim, scale}})
}

func rate(v float64, bytes bool) string {
	switch {
	case bytes:
		return event.Size(uint64(v))
	case v >= 100:
		return strings.TrimRight(event.Size(uint64(v)), " B")
	}
	return strings.TrimSuffix(strings.TrimRight(sprintf("%.2f", v), "0"), ".")
}
