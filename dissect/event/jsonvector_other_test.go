//go:build !amd64 || purego

package event

// escapers are the ways to escape a run that this processor has.
var escapers = map[string]escaper{"words": escapeWords}
