package rules

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sockeye-dev/sockeye/internal/spelling"
)

const (
	maxNearest = 5  // how many IDs Nearest suggests
	maxAsked   = 32 // bytes of an ID that are compared: twice the longest there is
)

// Nearest returns the IDs that may have been meant by id, the likeliest first,
// five at most: those that contain what was typed ("mask"), and those that are a
// few slips of the finger away ("WS-MSAK").
func Nearest(id string) []string {
	asked := strings.TrimSpace(id)
	asked = strings.ToUpper(asked[:min(len(asked), maxAsked)])
	asked = strings.NewReplacer("_", "-", " ", "-").Replace(asked)
	if asked == "" {
		return nil
	}
	type candidate struct {
		id    string
		slips int
	}
	var found []candidate
	for _, r := range All() {
		_, name, _ := strings.Cut(r.ID, "-")
		// The family is easily left out or mixed up, which is half a slip.
		slips := min(2*spelling.Distance(asked, r.ID), 2*spelling.Distance(afterFamily(asked), name)+1)
		switch {
		case len(asked) >= 2 && strings.Contains(r.ID, asked):
			// Part of it was typed: as good as one slip, the fuller the better.
			slips = min(slips, 2)
		case slips > 2*max(1, len(asked)/3):
			continue
		}
		found = append(found, candidate{r.ID, slips})
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.slips, b.slips) })
	var out []string
	for _, c := range found[:min(len(found), maxNearest)] {
		out = append(out, c.id)
	}
	return out
}

// afterFamily returns what follows a family's name, all of it where there is none.
func afterFamily(asked string) string {
	for _, f := range families() {
		if rest, ok := strings.CutPrefix(asked, f.name+"-"); ok {
			return rest
		}
	}
	return asked
}
