//go:build !amd64 || purego

package websocket

// wellFormed returns how many bytes at the beginning of p, XORed with key, are ASCII: fewer
// than there are where it would take longer to look than the table does.
func wellFormed(p []byte, key uint32) int { return asciiRun(p, key) }

// unmaskVector does nothing: it reports that there are no vector instructions.
func unmaskVector(_, _ []byte, _ uint32) bool { return false }

// skipVector does nothing: it reports that there are no vector instructions.
func skipVector([]byte, Expect) (n int, found bool) { return 0, false }
