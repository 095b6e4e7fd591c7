//go:build !linux

package live

import (
	"runtime"

	"github.com/sockeye-dev/sockeye/capture"
)

// Handle is a running capture. There is none on this system.
type Handle struct{}

func unsupported() *Error {
	return &Error{Kind: Unsupported, Text: "live capture is not built in for " + runtime.GOOS + "/" + runtime.GOARCH,
		Remedy: "record with tcpdump or Wireshark, and open the file"}
}

// Open returns an *Error of kind Unsupported.
func Open(Options) (*Handle, error) { return nil, unsupported() }

// MayCapture returns an *Error of kind Unsupported.
func MayCapture() error { return unsupported() }

// Interfaces returns an *Error of kind Unsupported.
func Interfaces() ([]InterfaceInfo, error) { return nil, unsupported() }

// Next returns an *Error of kind Unsupported.
func (h *Handle) Next() (capture.Packet, error) { return capture.Packet{}, unsupported() }

// Interrupt does nothing.
func (h *Handle) Interrupt() {}

// Interfaces returns nothing.
func (h *Handle) Interfaces() []Interface { return nil }

// Stats returns zeros.
func (h *Handle) Stats() (Stats, error) { return Stats{}, nil }

// Close does nothing.
func (h *Handle) Close() error { return nil }
