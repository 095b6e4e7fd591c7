//go:build !amd64 || purego

package event

const hasVectors = false

func escapeRun(_, _ []byte, _ *runTables) (w, n int) { return 0, 0 }

func encodeRun(_, _ []byte) {}
