package live

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/sockeye-dev/sockeye/capture"
)

// Kind says what keeps a capture from starting.
type Kind uint8

// The kinds.
const (
	Failed      Kind = iota // the system refused for a reason of its own
	Permission              // this user may not capture
	NoInterface             // there is no such interface, or it is not of use any more
	Unsupported             // capture is not built in for this system
)

// Error says why a capture cannot start or go on, and what to do.
type Error struct {
	Kind Kind
	// Interface is the one at fault, if it is one.
	Interface string
	// Text says what is wrong.
	Text string
	// Remedy is what to do, commands written out in full; empty if nothing is known.
	Remedy string
	// Err is the system's error; nil if there was none.
	Err error
}

func (e *Error) Error() string {
	var s strings.Builder
	if e.Interface != "" {
		fmt.Fprintf(&s, "%q: ", e.Interface)
	}
	s.WriteString(e.Text)
	if e.Err != nil {
		fmt.Fprintf(&s, ": %v", e.Err)
	}
	if e.Remedy != "" {
		fmt.Fprintf(&s, "; %s", e.Remedy)
	}
	return s.String()
}

// Unwrap returns the system's error.
func (e *Error) Unwrap() error { return e.Err }

// noInterface names the interfaces there are, for who mistyped one.
func noInterface(name string, err error) *Error {
	e := &Error{Kind: NoInterface, Interface: name, Text: "no such interface", Err: err}
	if infos, listErr := Interfaces(); listErr == nil && len(infos) > 0 {
		names := make([]string, 0, len(infos))
		for i := range infos {
			names = append(names, infos[i].Name)
		}
		e.Remedy = "there are " + strings.Join(names, ", ")
	}
	return e
}

// InterfaceInfo describes an interface of this system, whether or not it can be
// captured on.
type InterfaceInfo struct {
	Name  string
	Index int
	// Link is the link type that a capture on it has.
	Link capture.LinkType
	MTU  int // bytes
	// Up: switched on. Running: there is a carrier too.
	Up, Running bool
	Loopback    bool
	MAC         string         // as in 02:00:5e:10:00:00; empty if there is none
	Addrs       []netip.Prefix // IPv4 before IPv6
	// Counted is true where the system told the counters, which are totals since
	// the interface exists: a rate is the difference of two readings.
	Counted                                bool
	RxPackets, TxPackets, RxBytes, TxBytes uint64
}
