//go:build unix && !aix && !solaris

package spool

import (
	"os"
	"syscall"
)

// nonBlocking keeps opening from waiting where a pipe stands in a file's place.
const nonBlocking = syscall.O_NONBLOCK

// lock takes the lock on an open file or folder until it is closed; an error
// means that another process has it, or that there are no locks.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
