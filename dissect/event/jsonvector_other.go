//go:build !amd64 || purego

package event

import "encoding/base64"

func escapeRun(d, p []byte, t *runTables) (w, n int) { return escapeWords(d, p, t) }

func encodeRun(d, p []byte) { base64.StdEncoding.Encode(d, p) }
