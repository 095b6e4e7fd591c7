package websocket

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestUTF8Pages checks text that ends where a page does behind which nothing may be read,
// and text that begins where one does before which nothing may.
func TestUTF8Pages(t *testing.T) {
	size := os.Getpagesize()
	m, err := unix.Mmap(-1, 0, 3*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(m) //nolint:errcheck // the process ends
	page := m[size : 2*size]
	key := [4]byte{0x12, 0x80, 0xfe, 0x07}
	eachLevel(t, func(name string) {
		for n := range 700 {
			for _, b := range [][]byte{page[size-n:], page[:n:n]} {
				if err := unix.Mprotect(m, unix.PROT_READ|unix.PROT_WRITE); err != nil {
					t.Fatal(err)
				}
				clear(page)
				text := stressText(700)[:n]
				UnmaskInto(b, text, key, 1)
				for _, other := range [][]byte{m[:size], m[2*size:]} {
					if err := unix.Mprotect(other, unix.PROT_NONE); err != nil {
						t.Fatal(err)
					}
				}
				var u, want UTF8
				want.Write(text)
				if u.WriteMasked(b, key, 1); u != want || !u.Valid() {
					t.Fatalf("%s: %d bytes: %+v, want %+v", name, n, u, want)
				}
			}
		}
	})
}
