//go:build race

package query

// raceEnabled: the race detector makes pools forget at random, so that what they
// hold is allocated anew.
const raceEnabled = true
