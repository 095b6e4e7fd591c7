//go:build !linux && !darwin && !freebsd && !(windows && amd64)

package live

import (
	"runtime"

	"github.com/sockeye-dev/sockeye/capture"
)

// device is what a system captures with: none here.
type device struct{}

func unsupported() *Error {
	return &Error{Kind: Unsupported, Text: "live capture is not built in for " + runtime.GOOS + "/" + runtime.GOARCH,
		Remedy: "record with tcpdump or Wireshark, and open the file"}
}

func openDevice(string, *Options) (*device, capture.LinkType, error) { return nil, 0, unsupported() }

func (d *device) take(*capture.Packet) bool { return false }
func (d *device) fill() error               { return unsupported() }
func (d *device) stats() (Stats, error)     { return Stats{}, unsupported() }
func (d *device) close() error              { return nil }

// MayCapture returns an *Error of kind Unsupported.
func MayCapture() error { return unsupported() }

// Interfaces returns an *Error of kind Unsupported.
func Interfaces() ([]InterfaceInfo, error) { return nil, unsupported() }
