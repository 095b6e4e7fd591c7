//go:build !linux

package sandbox

import "runtime"

// Apply does nothing on this system, and says so.
func Apply(Options) (Report, error) {
	r := Report{UID: -1, GID: -1}
	r.missing("sandbox", "not built in for "+runtime.GOOS)
	return r, nil
}
