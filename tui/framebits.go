package tui

import (
	"fmt"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// bitField is a field of a frame's header.
type bitField struct {
	bits int
	text []string // what stands in it, the longest that fits; the last is the shortest
}

// frameFields returns the fields of a frame's header in the order of RFC 6455 §5.2.
func frameFields(f *event.Frame) []bitField {
	bit := func(on bool) bitField { return bitField{1, []string{map[bool]string{false: "0", true: "1"}[on]}} }
	ext := f.HeaderLength - 2
	if f.Masked {
		ext -= 4
	}
	short := f.Length
	switch ext {
	case 2:
		short = 126
	case 8:
		short = 127
	}
	fields := []bitField{
		bit(f.Fin), bit(f.RSV&4 != 0), bit(f.RSV&2 != 0), bit(f.RSV&1 != 0),
		{4, []string{fmt.Sprintf("%.4s %d", event.OpcodeName(f.Opcode), f.Opcode), fmt.Sprint(f.Opcode)}},
		bit(f.Masked), {7, []string{fmt.Sprint(short)}},
	}
	if ext == 2 || ext == 8 {
		fields = append(fields, bitField{ext * 8, []string{
			fmt.Sprintf("extended length %s = 0x%0*x", event.Count(f.Length), ext*2, f.Length), fmt.Sprintf("length %d = 0x%x", f.Length, f.Length), fmt.Sprint(f.Length),
		}})
	}
	if f.Masked {
		fields = append(fields, bitField{32, []string{
			fmt.Sprintf("masking key % x", f.Mask[:]), fmt.Sprintf("key % x", f.Mask[:]), fmt.Sprintf("%x", f.Mask[:]),
		}})
	}
	return fields
}

// frameWidth is how many columns a frame's diagram takes.
const frameWidth = 65

// frameDiagram draws a frame's header bit for bit, 32 bits a row as in RFC 6455
// §5.2.
func frameDiagram(f *event.Frame) []line {
	type piece struct {
		bits int
		text string
	}
	var rows [][]piece
	var row []piece
	left := 32
	put := func(bits int, text string) {
		row = append(row, piece{bits, text})
		if left -= bits; left == 0 {
			rows, row, left = append(rows, row), nil, 32
		}
	}
	for _, fd := range frameFields(f) {
		for at, bits := 0, fd.bits; bits > 0; at++ {
			n := min(bits, left)
			text := "continued"
			if at == 0 || fd.bits-bits > 0 && n > left {
				text = fittest(fd.text, n*2-1)
			}
			put(n, text)
			bits -= n
		}
	}
	payload := "payload " + event.Size(f.Length)
	if f.Length == 0 {
		payload = "no payload"
	}
	if left < 32 {
		put(left, fittest([]string{payload, event.Size(f.Length), ""}, left*2-1))
	} else if f.Length > 0 {
		put(32, payload)
	}

	edge := func(above, below []piece) line {
		marks := [frameWidth]int{}
		for k, r := range [2][]piece{above, below} {
			at := 0
			for _, p := range r {
				marks[at*2] |= 1 << k
				at += p.bits
				marks[at*2] |= 1 << k
			}
		}
		var b strings.Builder
		for i, m := range marks {
			glyphs := [4]string{"─", "┴", "┬", "┼"}
			switch i {
			case 0:
				glyphs = [4]string{"─", "└", "┌", "├"}
			case frameWidth - 1:
				glyphs = [4]string{"─", "┘", "┐", "┤"}
			}
			b.WriteString(glyphs[m])
		}
		return line{{rFrame, b.String()}}
	}
	out := []line{
		{{rDim, " 0                   1                   2                   3"}},
		{{rDim, " 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1"}},
	}
	var above []piece
	for _, r := range rows {
		out = append(out, edge(above, r))
		l := line{{rFrame, "│"}}
		for _, p := range r {
			room := p.bits*2 - 1
			w := event.Width(p.text)
			before := max(room-w, 0) / 2
			role := rPlain
			if strings.Contains(p.text, "key") {
				role = rMask
			}
			l = append(l, span{role, strings.Repeat(" ", before) + p.text + strings.Repeat(" ", max(room-w-before, 0))}, span{rFrame, "│"})
		}
		out = append(out, l)
		above = r
	}
	return append(out, edge(above, nil))
}

// fittest returns the first text that fits into width columns; the last one cut if none does.
func fittest(texts []string, width int) string {
	for _, t := range texts {
		if event.Width(t) <= width {
			return t
		}
	}
	return event.Cut(texts[len(texts)-1], max(width, 1))
}

// frameWords says in words what the diagram draws, for panes that are too narrow for it.
func frameWords(f *event.Frame) []line {
	yes := map[bool]string{false: "0", true: "1"}
	mask := "0, no masking key"
	if f.Masked {
		mask = fmt.Sprintf("1, key % x", f.Mask[:])
	}
	form := map[int]string{0: "7 bits", 2: "126 and 16 bits", 8: "127 and 64 bits"}
	ext := f.HeaderLength - 2
	if f.Masked {
		ext -= 4
	}
	row := func(name, value string) line { return line{{rKey, pad(name, 8, false)}, {rPlain, value}} }
	return []line{
		row("FIN", yes[f.Fin]),
		row("RSV", fmt.Sprintf("%s %s %s", yes[f.RSV&4 != 0], yes[f.RSV&2 != 0], yes[f.RSV&1 != 0])),
		row("opcode", fmt.Sprintf("%04b %d %s", f.Opcode, f.Opcode, event.OpcodeName(f.Opcode))),
		row("MASK", mask),
		row("length", fmt.Sprintf("%s (%s)", event.Count(f.Length), form[ext])),
	}
}
