package tui

import (
	"slices"

	"github.com/gdamore/tcell/v2"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// cursor is a place in a list of n rows and the part of it that is seen.
type cursor struct {
	n, at, top int
	rows       int // seen at a time, since the last drawing
}

// resize takes a new number of rows. The cursor and what is seen stay where they are.
func (c *cursor) resize(n int) {
	c.n = n
	c.set(c.at)
}

// set moves the cursor.
func (c *cursor) set(at int) {
	c.at = max(min(at, c.n-1), 0)
	c.show()
}

func (c *cursor) move(by int) { c.set(c.at + by) }

// show scrolls as little as it takes for the cursor to be seen.
func (c *cursor) show() {
	if c.rows > 0 {
		c.top = max(min(c.top, c.at), c.at-c.rows+1)
		c.top = max(min(c.top, c.n-c.rows), 0)
	}
}

// scroll moves what is seen; the cursor stays within it.
func (c *cursor) scroll(by int) {
	c.top = max(min(c.top+by, c.n-c.rows), 0)
	if c.rows > 0 {
		c.at = max(min(c.at, c.top+c.rows-1, c.n-1), c.top, 0)
	}
}

// fit takes the number of rows that can be seen.
func (c *cursor) fit(rows int) {
	c.rows = max(rows, 1)
	c.show()
}

// last tells whether the cursor is in the last row.
func (c *cursor) last() bool { return c.at >= c.n-1 }

// column is a column of a table.
type column struct {
	title string
	width int
	right bool
	flex  bool // takes what is left
	rank  int  // the highest goes first where there is no room; 0 always stays
}

// gap between columns.
const gap = 1

// layoutColumns returns the widths of the columns in width, 0 for those that
// have no room. minFlex is what the flexible column is to have at least.
func layoutColumns(cols []column, width, minFlex int) []int {
	out := make([]int, len(cols))
	for i, c := range cols {
		out[i] = c.width
		if c.flex {
			out[i] = max(c.width, minFlex)
		}
	}
	total := func() int {
		n := 0
		for _, w := range out {
			if w > 0 {
				n += w + gap
			}
		}
		return n - gap
	}
	for total() > width {
		drop := -1
		for i, c := range cols {
			if out[i] > 0 && c.rank > 0 && (drop < 0 || c.rank >= cols[drop].rank) {
				drop = i
			}
		}
		if drop < 0 {
			break
		}
		out[drop] = 0
	}
	for i, c := range cols {
		if c.flex && out[i] > 0 {
			out[i] = max(out[i]+width-total(), 1)
			break
		}
	}
	return out
}

// table draws rows of cells with a heading, the cursor and a gutter of one
// column before each row.
type table struct {
	cols    []column
	minFlex int
	sorted  int // column that rows are sorted by; -1: none
	reverse bool
}

// draw draws the rows that are seen, and returns the widths of the columns.
// cells returns a row's cells, one a column, and the gutter's mark; a row of a
// single cell takes the whole width. Columns are as wide as what is in them, up
// to their own width.
func (t *table) draw(c canvas, cur *cursor, focus bool, cells func(i int) (mark string, row line)) []int {
	cur.fit(c.h - 1)
	n := max(min(c.h-1, cur.n-cur.top), 0)
	rows, marks := make([]line, n), make([]string, n)
	cols := slices.Clone(t.cols)
	for k := range cols {
		if k == t.sorted {
			cols[k].title += map[bool]string{false: "▲", true: "▼"}[t.reverse]
		}
		cols[k].width = event.Width(cols[k].title)
	}
	for y := range n {
		marks[y], rows[y] = cells(cur.top + y)
		for k := range rows[y] {
			if len(rows[y]) > 1 && !cols[k].flex {
				cols[k].width = min(max(cols[k].width, event.Width(event.SafeString(rows[y][k].text))), max(t.cols[k].width, event.Width(cols[k].title)))
			}
		}
	}
	widths := layoutColumns(cols, c.w-2, t.minFlex)
	x := 2
	for i, col := range cols {
		if widths[i] == 0 {
			continue
		}
		c.text(x, 0, widths[i], c.theme.styles[rHeading], pad(col.title, widths[i], col.right))
		x += widths[i] + gap
	}
	for y := range n {
		var on *tcell.Style
		if cur.top+y == cur.at {
			on = &c.theme.resting
			if focus {
				on = &c.theme.selected
				marks[y] = "▸"
			} else if marks[y] == "" {
				marks[y] = "·"
			}
			c.clearLine(y+1, *on)
		}
		c.text(0, y+1, 1, c.style(rWarning, on), marks[y])
		t.drawRow(c, y+1, widths, rows[y], on)
	}
	return widths
}

func (t *table) drawRow(c canvas, y int, widths []int, row line, on *tcell.Style) {
	if len(row) == 1 {
		c.line(2, y, row, on)
		return
	}
	x := 2
	for k, col := range t.cols {
		if widths[k] == 0 || k >= len(row) {
			continue
		}
		text := row[k].text
		if col.right {
			text = pad(text, widths[k], true)
		}
		c.text(x, y, widths[k], c.style(row[k].role, on), text)
		x += widths[k] + gap
	}
}

// columnAt returns the column that stands at x in a table drawn with these widths; -1: none.
func columnAt(widths []int, x int) int {
	at := 2
	for i, w := range widths {
		if w == 0 {
			continue
		}
		if x >= at && x < at+w {
			return i
		}
		at += w + gap
	}
	return -1
}

// sizeText writes a number of bytes; a dash for none.
func sizeText(n uint64) string {
	if n == 0 {
		return "–"
	}
	return event.Size(n)
}
