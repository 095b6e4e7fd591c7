package tui

import (
	"bytes"
	"regexp"
	"strings"
)

// document is something that is read in lines, as many as there may be: a line
// is made when it is looked at.
type document interface {
	Len() int
	Line(i int) line
}

// seeker is a document that knows better than its lines where something stands.
type seeker interface {
	// seek returns the line in which a match begins, searching from line from,
	// forwards or backwards; -1: none.
	seek(re *regexp.Regexp, from int, back bool) int
}

// fixed is a document that is there as a whole.
type fixed []line

// Len implements document.
func (f fixed) Len() int { return len(f) }

// Line implements document.
func (f fixed) Line(i int) line { return f[i] }

// pager shows a document and scrolls it.
type pager struct {
	doc   document
	top   int
	rows  int
	match *regexp.Regexp // what was searched for; nil: nothing
	hit   int            // the line of the last hit; -1: none
}

// open shows another document from its beginning.
func (p *pager) open(d document) { p.doc, p.top, p.hit = d, 0, -1 }

// replace shows another state of the same document.
func (p *pager) replace(d document) {
	p.doc = d
	p.scroll(0)
}

func (p *pager) scroll(by int) {
	if p.doc == nil {
		return
	}
	p.top = max(min(p.top+by, p.doc.Len()-p.rows), 0)
}

// draw draws what is seen and returns the document's length.
func (p *pager) draw(c canvas) int {
	if p.doc == nil {
		return 0
	}
	p.rows = max(c.h, 1)
	p.scroll(0)
	n := p.doc.Len()
	for y := 0; y < c.h && p.top+y < n; y++ {
		l := p.doc.Line(p.top + y)
		if p.match != nil {
			l = highlight(l, p.match)
		}
		c.line(0, y, l, nil)
	}
	return n
}

// find goes to the next or the previous match after the last hit and tells whether there is one.
func (p *pager) find(re *regexp.Regexp, back bool) bool {
	if p.doc == nil || re == nil {
		return false
	}
	p.match = re
	from := p.hit
	if from < 0 || from < p.top || from >= p.top+p.rows {
		from = p.top - 1
		if back {
			from = p.top + p.rows
		}
	}
	step := 1
	if back {
		step = -1
	}
	at := -1
	if s, ok := p.doc.(seeker); ok {
		at = s.seek(re, from+step, back)
	} else {
		for i := from + step; i >= 0 && i < p.doc.Len(); i += step {
			if re.MatchString(p.doc.Line(i).text()) {
				at = i
				break
			}
		}
	}
	if at < 0 {
		return false
	}
	p.hit = at
	if at < p.top || at >= p.top+p.rows {
		p.top = at - p.rows/3
		p.scroll(0)
	}
	return true
}

// literal is an expression that matches s in any letter case.
func literal(s string) *regexp.Regexp {
	re, err := regexp.Compile("(?i)" + regexp.QuoteMeta(s))
	if err != nil { // not UTF-8: as it stands
		re = regexp.MustCompile(regexp.QuoteMeta(strings.ToValidUTF8(s, "�")))
	}
	return re
}

// highlight marks the matches in a line.
func highlight(l line, re *regexp.Regexp) line {
	var out line
	for _, s := range l {
		at := 0
		for _, m := range re.FindAllStringIndex(s.text, 64) {
			if m[0] > at {
				out = append(out, span{s.role, s.text[at:m[0]]})
			}
			out = append(out, span{rMatch, s.text[m[0]:m[1]]})
			at = m[1]
		}
		out = append(out, span{s.role, s.text[at:]})
	}
	return out
}

// seekBytes searches p, whose lines begin at starts, for a match.
func seekBytes(p []byte, starts func(i int) int, n int, re *regexp.Regexp, from int, back bool) int {
	if n == 0 || from < 0 && back || from >= n && !back {
		return -1
	}
	lineOf := func(off int) int {
		lo, hi := 0, n
		for lo+1 < hi {
			if mid := (lo + hi) / 2; starts(mid) <= off {
				lo = mid
			} else {
				hi = mid
			}
		}
		return lo
	}
	if !back {
		at := starts(max(from, 0))
		m := re.FindIndex(p[min(at, len(p)):])
		if m == nil {
			return -1
		}
		return lineOf(at + m[0])
	}
	end := len(p)
	if from+1 < n {
		end = starts(from + 1)
	}
	// Backwards in blocks: the last match that begins before end.
	const block = 1 << 16
	for hi := end; hi > 0; hi -= block {
		lo := max(hi-block, 0)
		var last []int
		for _, m := range re.FindAllIndex(p[lo:min(hi+256, len(p))], -1) {
			if lo+m[0] < hi {
				last = m
			}
		}
		if last != nil {
			return lineOf(lo + last[0])
		}
	}
	return -1
}

// indexLines returns where the lines of p begin when it is shown as text in
// width columns, and the length of p at the end.
func indexLines(p []byte, width int) []int {
	width = max(width, 8)
	starts := make([]int, 1, len(p)/width+2)
	for from := 0; from < len(p); {
		end := len(p)
		if n := bytes.IndexByte(p[from:], '\n'); n >= 0 {
			end = from + n + 1
		}
		for from < end {
			n := fitText(p[from:end], width)
			from += n
			starts = append(starts, from)
		}
	}
	if len(starts) == 1 {
		starts = append(starts, 0)
	}
	return starts
}
