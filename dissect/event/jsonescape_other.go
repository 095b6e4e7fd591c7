//go:build !amd64 || purego

package event

const canEscapeRun = false

func escapeRun(_, _ []byte) (w, n int) { return 0, 0 }
