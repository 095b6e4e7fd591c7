package reassembly

import (
	"testing"
	"unsafe"
)

// A Conn is four cache lines of 64 bytes, and a packet without a FIN touches three
// of them: reaching for connections is a good part of the work on many.
func TestLayout(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("pointers of 4 bytes: everything is smaller")
	}
	var c Conn
	hot := unsafe.Offsetof(c.half) + unsafe.Sizeof(c.half[0]) + unsafe.Offsetof(c.half[1].finAt)
	if size := unsafe.Sizeof(c); size != 256 || hot > 192 {
		t.Errorf("%d bytes, of which every packet touches the first %d", size, hot)
	}
	if size := unsafe.Sizeof(knock{}); size != 80 {
		t.Errorf("a knock is %d bytes", size)
	}
	if size := unsafe.Sizeof(husk{}); size != 80 {
		t.Errorf("a husk is %d bytes", size)
	}
}
