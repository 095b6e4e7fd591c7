// Package slab holds very many small things that never move, each of which has a number.
//
//	Of[T] ─► blocks, each as long as all before it ─► slabs of 256 ─► At(number)
//
// Memory that is used for the first time costs a page fault for each 4 KiB. With
// hundreds of thousands of short connections that is more than reading their
// packets, so blocks of megabytes are put on large pages where the system has them.
package slab

import "unsafe"

// Of holds things of type T under the numbers from 0 to Len()-1. The zero value is
// empty. A pointer to a thing stays valid.
type Of[T any] struct{ slabs []*[perSlab]T }

const (
	perSlab   = 256
	largePage = 2 << 20  // bytes, of x86-64, and of arm64 with pages of 4 KiB
	maxBlock  = 16 << 20 // bytes
)

// Len returns how many things there are.
func (s *Of[T]) Len() uint32 { return uint32(len(s.slabs)) * perSlab }

// At returns the thing with number i, below Len().
func (s *Of[T]) At(i uint32) *T { return &s.slabs[i/perSlab][i%perSlab] }

// Grow adds zero things: at least 256, and as many as there are while they take
// less than 16 MiB.
func (s *Of[T]) Grow() {
	n := max(1, min(len(s.slabs), int(maxBlock/(perSlab*unsafe.Sizeof(*new(T))))))
	block := Make[T](n * perSlab)
	for ; len(block) > 0; block = block[perSlab:] {
		s.slabs = append(s.slabs, (*[perSlab]T)(block))
	}
}

// Make is make([]T, n) on large pages, where it is that large.
func Make[T any](n int) []T {
	s := make([]T, n)
	if size := uintptr(n) * unsafe.Sizeof(*new(T)); size >= largePage {
		advise(unsafe.Pointer(unsafe.SliceData(s)), size)
	}
	return s
}
