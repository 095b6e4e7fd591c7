package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/internal/spelling"
)

// The types of flags. Their errors say what would be right; the flag and the
// value are named by flagError.

type boolValue bool

func (v *boolValue) String() string { return strconv.FormatBool(bool(*v)) }
func (v *boolValue) Type() string   { return "bool" }
func (v *boolValue) Set(s string) error {
	b, err := strconv.ParseBool(s)
	if err != nil {
		return errors.New("it is true or false, or stands alone")
	}
	*v = boolValue(b)
	return nil
}

type listValue []string

func (v *listValue) String() string { return strings.Join(*v, ",") }
func (v *listValue) Type() string   { return "list" }
func (v *listValue) Set(s string) error {
	if s == "" {
		return errors.New("it names no file")
	}
	*v = append(*v, s)
	return nil
}

type textValue string

func (v *textValue) String() string { return string(*v) }
func (v *textValue) Type() string   { return "text" }
func (v *textValue) Set(s string) error {
	*v = textValue(s)
	return nil
}

// countValue is a number from 1. Not set, it is 0.
type countValue uint64

func (v *countValue) String() string { return strconv.FormatUint(uint64(*v), 10) }
func (v *countValue) Type() string   { return "count" }
func (v *countValue) Set(s string) error {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 {
		return errors.New("it takes a whole number from 1")
	}
	*v = countValue(n)
	return nil
}

type choiceValue struct {
	p       *string
	allowed []string
}

func (v *choiceValue) String() string { return *v.p }
func (v *choiceValue) Type() string   { return "choice" }
func (v *choiceValue) Set(s string) error {
	if !slices.Contains(v.allowed, s) {
		return fmt.Errorf("it takes %s", orList(v.allowed))
	}
	*v.p = s
	return nil
}

type sizeValue struct {
	p    *int64
	text string
}

func (v *sizeValue) String() string { return v.text }
func (v *sizeValue) Type() string   { return "size" }
func (v *sizeValue) Set(s string) error {
	n, err := parseSize(s)
	if err == nil {
		*v.p, v.text = n, s
	}
	return err
}

// maxSize is the largest size a flag takes.
const maxSize = 1 << 40

// parseSize reads a size in bytes: 4096, 64k, 16M, 1GB, 1GiB. Units are powers of 1024.
func parseSize(s string) (int64, error) {
	number := strings.TrimRight(s, "kKmMgGiIbB")
	unit := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(s[len(number):]), "b"), "i")
	shift, ok := map[string]uint{"": 0, "k": 10, "m": 20, "g": 30}[unit]
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || !ok || n <= 0 || n > maxSize>>shift {
		return 0, errors.New("it takes a number of bytes from 1 to 1024G, perhaps with k, M or G: 65536, 64k, 16M")
	}
	return n << shift, nil
}

// sizeText writes a size as parseSize reads it.
func sizeText(n int64) string {
	for _, unit := range []struct {
		name  string
		shift uint
	}{{"G", 30}, {"M", 20}, {"k", 10}} {
		if n>>unit.shift > 0 && n&(1<<unit.shift-1) == 0 {
			return strconv.FormatInt(n>>unit.shift, 10) + unit.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// portsValue is a protocol for each of some ports.
type portsValue struct{ p map[uint16]string }

func (v *portsValue) String() string { return "" }
func (v *portsValue) Type() string   { return "ports" }
func (v *portsValue) Set(s string) error {
	port, name, _ := strings.Cut(s, "=")
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || !slices.Contains(dissect.ProtocolNames(), name) {
		return fmt.Errorf("it takes PORT=PROTOCOL, a port from 1 to 65535 and %s, as in 8080=websocket", orList(dissect.ProtocolNames()))
	}
	if before, twice := v.p[uint16(n)]; twice && before != name {
		return fmt.Errorf("port %d is decoded as %s already", n, before)
	}
	v.p[uint16(n)] = name
	return nil
}

// orList is "a, b or c".
func orList(l []string) string {
	if len(l) < 2 {
		return strings.Join(l, "")
	}
	return strings.Join(l[:len(l)-1], ", ") + " or " + l[len(l)-1]
}

// flagError says what is wrong with a flag, and what would be right.
func flagError(flags *pflag.FlagSet, err error) error {
	var value *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	switch {
	case errors.As(err, &value):
		return fmt.Errorf("%s %q: %w", flagName(value.GetFlag()), value.GetValue(), value.Unwrap())
	case errors.As(err, &missing):
		name, _ := pflag.UnquoteUsage(missing.GetFlag())
		return fmt.Errorf("%s needs a value: %s %s", flagName(missing.GetFlag()), "--"+missing.GetFlag().Name, name)
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			return fmt.Errorf("there is no flag -%s", name)
		}
		msg := fmt.Sprintf("there is no flag --%s", name)
		if near := nearestFlag(flags, name); near != "" {
			msg += "; did you mean --" + near + "?"
		}
		return errors.New(msg)
	}
	return err
}

func flagName(f *pflag.Flag) string {
	if f.Shorthand != "" {
		return "-" + f.Shorthand + "/--" + f.Name
	}
	return "--" + f.Name
}

// nearestFlag is the flag that name was probably meant to be, or "".
func nearestFlag(flags *pflag.FlagSet, name string) string {
	var names []string
	flags.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return nearest(names, name)
}

// nearest is the one of names that name was probably meant to be, or "".
func nearest(names []string, name string) string {
	best, least := "", len(name)/3+2
	for _, n := range names {
		if d := spelling.Distance(name, n); d < least && d < len(n) {
			best, least = n, d
		}
	}
	return best
}
