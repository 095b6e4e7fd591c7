//go:build !linux

package slab

import "unsafe"

// advise is for systems that decide by themselves.
func advise(unsafe.Pointer, uintptr) {}
