package dissect

import (
	"testing"
	"unsafe"
)

// TestLayout holds that what every segment of thousands of connections touches
// lies in as few cache lines as it can.
func TestLayout(t *testing.T) {
	const line = 64
	if n := unsafe.Sizeof(Conn{}); n > 96 {
		t.Errorf("a Conn is %d bytes long: hundreds of thousands of them are made, and each byte is a new one", n)
	}
	if n := unsafe.Offsetof(Conn{}.closeCodes) + unsafe.Sizeof(Conn{}.closeCodes); n > line {
		t.Errorf("what every segment touches of a Conn ends at %d", n)
	}
	if n := unsafe.Sizeof(wsSide{}); n%line != 0 {
		t.Errorf("a wsSide is %d bytes long, %d beyond a cache line", n, n%line)
	}
	if n := unsafe.Offsetof(wsSide{}.packets); n != line {
		t.Errorf("what a message reads of a wsSide ends at %d", n)
	}
	if n := unsafe.Offsetof(wsSide{}.frame); n > 2*line {
		t.Errorf("what a message writes of a wsSide ends at %d", n)
	}
	if n := unsafe.Sizeof(waiting{}); n <= 240 || n > 256 {
		t.Errorf("a waiting is %d bytes long: memory of its own begins with a cache line from 241 to 256", n)
	}
	if n := unsafe.Offsetof(waiting{}.short); n > 2*line-16 {
		t.Errorf("payloads of pings begin at %d of a waiting", n)
	}
}
