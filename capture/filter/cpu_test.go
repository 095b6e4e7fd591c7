//go:build unix

package filter

import (
	"syscall"
	"time"
)

func init() {
	spent = func() time.Duration {
		var use syscall.Rusage
		if syscall.Getrusage(syscall.RUSAGE_SELF, &use) != nil {
			return 0
		}
		return time.Duration(use.Utime.Nano() + use.Stime.Nano())
	}
}
