//go:build !purego

package event

// escapers are the ways to escape a run that this processor may have.
var escapers = map[string]escaper{"vectors": escapeRun, "halves": escapeHalves, "words": escapeWords}
