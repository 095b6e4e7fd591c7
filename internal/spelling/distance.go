// Package spelling measures slips of the pen, for errors that say what was
// probably meant.
//
//	a word nobody knows ─► Distance to each that is known ─► "did you mean …?"
package spelling

// Distance is how many bytes have to be put in, left out, changed or swapped with
// their neighbour to make b of a (optimal string alignment). It takes time in
// proportion to the product of their lengths: callers bound them.
func Distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
