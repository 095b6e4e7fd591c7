package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// units of sizes, longest first.
var units = []struct {
	name string
	n    float64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12},
	{"k", 1e3}, {"m", 1e6}, {"g", 1e9}, {"t", 1e12}, {"b", 1},
}

// ParseSize reads a size as "64MB", "1.5GiB" or "1000". An empty string is 0.
func ParseSize(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	text, factor := strings.ToLower(strings.TrimSpace(s)), 1.0
	for _, u := range units {
		if rest, ok := strings.CutSuffix(text, u.name); ok {
			text, factor = strings.TrimSpace(rest), u.n
			break
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	if n *= factor; err != nil || !(n >= 1 && n < math.MaxInt64) {
		return 0, fmt.Errorf("size %q: want a number such as 64MB, 1.5GiB or 1000000", s)
	}
	return int64(n), nil
}
