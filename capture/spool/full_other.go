//go:build !unix

package spool

import (
	"errors"
	"syscall"
)

// errorDiskFull is Windows' ERROR_DISK_FULL.
const errorDiskFull = syscall.Errno(112)

// isFull tells whether err means that the disk is full.
func isFull(err error) bool { return errors.Is(err, errorDiskFull) }
