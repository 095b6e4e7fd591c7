package tui

import (
	"slices"
	"unicode/utf8"
)

// pair is a row of a comparison: a line of each side; -1: it has none there.
type pair struct{ left, right int }

// maxDiff bounds the table of align: beyond it, lines are set side by side as they stand.
const maxDiff = 4 << 20

// align pairs the lines of two texts so that as many as can be stand beside
// their equals (the longest common subsequence). Lines between those stand
// beside each other as they come.
func align(left, right []string) []pair {
	var out []pair
	from := 0
	for from < len(left) && from < len(right) && left[from] == right[from] {
		out = append(out, pair{from, from})
		from++
	}
	l, r := len(left), len(right)
	for l > from && r > from && left[l-1] == right[r-1] {
		l, r = l-1, r-1
	}
	out = append(out, alignMiddle(left[from:l], right[from:r], from)...)
	for i := l; i < len(left); i++ {
		out = append(out, pair{i, r + i - l})
	}
	return out
}

// alignMiddle is align of what is neither a common beginning nor a common end. at
// is where both begin.
func alignMiddle(left, right []string, at int) []pair {
	n, m := len(left), len(right)
	if (n+1)*(m+1) > maxDiff {
		return between(nil, at, at+n, at, at+m)
	}
	// common[i][j] is the length of the longest common subsequence of left[i:] and right[j:].
	common := make([]int32, (n+1)*(m+1))
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			c := max(common[(i+1)*(m+1)+j], common[i*(m+1)+j+1])
			if left[i] == right[j] {
				c = max(c, common[(i+1)*(m+1)+j+1]+1)
			}
			common[i*(m+1)+j] = c
		}
	}
	var out []pair
	i0, j0 := 0, 0 // lines up to here have been paired
	for i, j := 0, 0; ; {
		switch {
		case i < n && j < m && left[i] == right[j] && common[i*(m+1)+j] == common[(i+1)*(m+1)+j+1]+1:
			out = append(between(out, at+i0, at+i, at+j0, at+j), pair{at + i, at + j})
			i, j = i+1, j+1
			i0, j0 = i, j
		case i < n && (j == m || common[(i+1)*(m+1)+j] >= common[i*(m+1)+j+1]):
			i++
		case j < m:
			j++
		default:
			return between(out, at+i0, at+n, at+j0, at+m)
		}
	}
}

// between sets the lines of left from i to n beside those of right from j to m.
func between(out []pair, i, n, j, m int) []pair {
	for i < n || j < m {
		p := pair{-1, -1}
		if i < n {
			p.left, i = i, i+1
		}
		if j < m {
			p.right, j = j, j+1
		}
		out = append(out, p)
	}
	return out
}

// differing returns what of two lines differs: from where, and to where in each.
// Characters stay whole.
func differing(x, y string) (from, xEnd, yEnd int) {
	for from < len(x) && from < len(y) {
		r, n := utf8.DecodeRuneInString(x[from:])
		q, k := utf8.DecodeRuneInString(y[from:])
		if r != q || n != k || x[from:from+n] != y[from:from+n] {
			break
		}
		from += n
	}
	xEnd, yEnd = len(x), len(y)
	for xEnd > from && yEnd > from {
		_, n := utf8.DecodeLastRuneInString(x[from:xEnd])
		_, k := utf8.DecodeLastRuneInString(y[from:yEnd])
		if n != k || x[xEnd-n:xEnd] != y[yEnd-k:yEnd] {
			break
		}
		xEnd, yEnd = xEnd-n, yEnd-k
	}
	return from, xEnd, yEnd
}

// folded breaks a line into lines of a width, each span where it stands. Its
// text is made visible before, so that widths are those of the screen.
func folded(l line, width int) []line {
	width = max(width, 4)
	out := []line{nil}
	used := 0
	for _, s := range l {
		for text := visible(s.text); text != ""; {
			n := 0
			if used < width {
				n = fitText([]byte(text), width-used)
			}
			w := textWidth(text[:n])
			if n == 0 || used > 0 && used+w > width {
				out, used = append(out, nil), 0
				continue
			}
			out[len(out)-1] = append(out[len(out)-1], span{s.role, text[:n]})
			used += w
			text = text[n:]
		}
	}
	return slices.Clip(out)
}
