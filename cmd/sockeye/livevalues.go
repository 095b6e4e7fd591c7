package main

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/sockeye-dev/sockeye/capture/live"
)

// interfacesValue takes names of interfaces, several with commas between them.
type interfacesValue []string

func (v *interfacesValue) String() string { return strings.Join(*v, ",") }
func (v *interfacesValue) Type() string   { return "interfaces" }
func (v *interfacesValue) Set(s string) error {
	for _, name := range strings.Split(s, ",") {
		if name == "" {
			return errors.New("it takes the names of interfaces, as in eth0 or eth0,lo, or any; sockeye interfaces lists them")
		}
		*v = append(*v, name)
	}
	return nil
}

// pathValue is a name that is not empty.
type pathValue string

func (v *pathValue) String() string { return string(*v) }
func (v *pathValue) Type() string   { return "path" }
func (v *pathValue) Set(s string) error {
	if s == "" {
		return errors.New("it needs a name")
	}
	*v = pathValue(s)
	return nil
}

// durationValue is a time above zero.
type durationValue struct{ p *time.Duration }

func (v *durationValue) String() string {
	if *v.p == 0 {
		return ""
	}
	return v.p.String()
}
func (v *durationValue) Type() string { return "time" }
func (v *durationValue) Set(s string) error {
	d, err := time.ParseDuration(s)
	if seconds, numErr := strconv.ParseUint(s, 10, 32); numErr == nil {
		d, err = time.Duration(seconds)*time.Second, nil
	}
	if err != nil || d <= 0 {
		return errors.New("it takes a time, as in 30s, 10m or 1h30m")
	}
	*v.p = d
	return nil
}

// snaplenValue is a number of bytes of a packet.
type snaplenValue struct{ p *uint64 }

func (v *snaplenValue) String() string { return "" }
func (v *snaplenValue) Type() string   { return "bytes" }
func (v *snaplenValue) Set(s string) error {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n == 0 || n > live.MaxSnapLen {
		return errors.New("it takes a number of bytes from 1 to " + strconv.Itoa(live.MaxSnapLen))
	}
	*v.p = n
	return nil
}

// rotateValue is a size or a time. Times are written small (10m is ten minutes),
// sizes with a capital (10M is a size), so that one is not taken for the other.
type rotateValue struct {
	size  int64
	every time.Duration
	text  string
}

func (v *rotateValue) String() string { return v.text }
func (v *rotateValue) Type() string   { return "rotate" }
func (v *rotateValue) Set(s string) error {
	v.size, v.every = 0, 0
	switch d, err := time.ParseDuration(s); {
	case err == nil && d >= time.Second:
		v.every = d
	case strings.ContainsAny(s, "kMGB"):
		n, err := parseSize(s)
		if err != nil {
			return err
		}
		v.size = n
	default:
		return errors.New("it takes a size with a capital letter, 64kB, 100M or 1G, or a time from a second on, 30s, 10m or 1h")
	}
	v.text = s
	return nil
}
