//go:build unix

package main

import (
	"fmt"
	"os"
	"syscall"
)

// rootsOwn tells whether nobody but root can make files in dir.
func rootsOwn(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Uid == 0 && info.Mode().Perm()&0o022 == 0
}

// folderOwner is the user to whom files in dir should belong, as a number; ""
// if that is root, or not known.
func folderOwner(dir string) string {
	info, err := os.Stat(dir)
	if err != nil {
		return ""
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 {
		return fmt.Sprint(st.Uid)
	}
	return ""
}
