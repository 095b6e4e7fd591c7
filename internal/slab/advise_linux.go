package slab

import (
	"syscall"
	"unsafe"
)

// advise asks for large pages where the n bytes at p are not used yet: for those too
// that they share with something else, which is no worse for it. It is a request:
// a refusal costs nothing but the page faults.
func advise(p unsafe.Pointer, n uintptr) {
	from := uintptr(p) &^ (largePage - 1)
	to := (uintptr(p) + n + largePage - 1) &^ (largePage - 1)
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, to-from, syscall.MADV_HUGEPAGE)
}
