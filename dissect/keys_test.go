package dissect

import (
	"fmt"
	"slices"
	"testing"
)

func TestRecentKeys(t *testing.T) {
	var r recentKeys
	r.add("")
	for i := range 3 * maxRecentKeys {
		r.add(fmt.Sprint("key ", i))
	}
	if len(r.list) != maxRecentKeys {
		t.Fatalf("%d keys are kept, want %d", len(r.list), maxRecentKeys)
	}
	for i := 2 * maxRecentKeys; i < 3*maxRecentKeys; i++ {
		if !slices.Contains(r.strings(), fmt.Sprint("key ", i)) {
			t.Errorf("key %d is not among the latest", i)
		}
	}
}
