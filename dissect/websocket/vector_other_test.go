//go:build !amd64 || purego

package websocket

import "testing"

// eachLevel runs f once: there are no vector instructions to leave out.
func eachLevel(_ testing.TB, f func(name string)) { f("no vectors") }
