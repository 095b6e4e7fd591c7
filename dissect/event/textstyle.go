package event

import "strconv"

// style is a role that a piece of text has. What it looks like is the
// terminal's palette: only the 16 colours every terminal has are used.
type style uint8

const (
	stylePlain style = iota
	styleHeading
	styleDim // times, control frames: there, but quiet
	styleClient
	styleServer
	styleWarning
	styleError
	styleGood
)

const sgrReset = "\x1b[0m"

var styleSGR = [...]string{
	stylePlain:   "",
	styleHeading: "\x1b[1m",
	styleDim:     "\x1b[2m",
	styleClient:  "\x1b[36m",
	styleServer:  "\x1b[35m",
	styleWarning: "\x1b[33m",
	styleError:   "\x1b[31m",
	styleGood:    "\x1b[32m",
}

func sideStyle(s Side) style {
	switch s {
	case Client:
		return styleClient
	case Server:
		return styleServer
	}
	return stylePlain
}

func severityStyle(s Severity) style {
	switch s {
	case Error:
		return styleError
	case Warning:
		return styleWarning
	}
	return stylePlain
}

// Paint appends text in the severity's colour. The text says what the colour
// does: nothing is told by colour alone.
func (s Severity) Paint(dst []byte, text string) []byte {
	sgr := styleSGR[severityStyle(s)]
	if sgr == "" {
		return append(dst, text...)
	}
	dst = append(dst, sgr...)
	dst = append(dst, text...)
	return append(dst, sgrReset...)
}

// appendGrouped appends n with a comma between thousands: 1,234,567.
func appendGrouped(dst []byte, n uint64) []byte {
	var b [20]byte
	digits := strconv.AppendUint(b[:0], n, 10)
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, d)
	}
	return dst
}

func grouped(n uint64) string { return string(appendGrouped(nil, n)) }

// bytesText is a number of bytes for people: exact below 10,000, else three
// digits in powers of a thousand, rounded down.
func bytesText(n uint64) string {
	if n < 10_000 {
		return grouped(n) + " B"
	}
	const units = "kMGTPE"
	u := 0
	tenths := n / 100 // of the unit
	for tenths >= 10_000 && u < len(units)-1 {
		tenths /= 1000
		u++
	}
	var b []byte
	b = strconv.AppendUint(b, tenths/10, 10)
	if tenths < 1000 {
		b = append(b, '.', byte('0'+tenths%10))
	}
	return string(append(b, ' ', units[u], 'B'))
}

// durationText is a duration for people: 340 µs, 12.3 ms, 4.56 s, 3 min 20 s, 2 h 5 min.
func durationText(ns int64) string {
	if ns < 0 { // the capture's clock was set back
		return "-" + durationText(-max(ns, -1<<62))
	}
	switch {
	case ns < 1_000_000:
		return strconv.FormatInt(ns/1000, 10) + " µs"
	case ns < 1_000_000_000:
		return threeDigits(ns/10_000) + " ms"
	case ns < 60_000_000_000:
		return threeDigits(ns/10_000_000) + " s"
	case ns < 3_600_000_000_000:
		return twoUnits(ns/1_000_000_000, " min", " s")
	}
	return twoUnits(ns/60_000_000_000, " h", " min")
}

// threeDigits prints hundredths of a unit with as many decimals as three digits leave.
func threeDigits(hundredths int64) string {
	s := strconv.FormatInt(hundredths/100, 10)
	switch frac := hundredths % 100; {
	case len(s) == 1:
		return s + "." + string([]byte{byte('0' + frac/10), byte('0' + frac%10)})
	case len(s) == 2:
		return s + "." + string([]byte{byte('0' + frac/10)})
	}
	return s
}

func twoUnits(n int64, large, small string) string {
	return strconv.FormatInt(n/60, 10) + large + " " + strconv.FormatInt(n%60, 10) + small
}

// appendSeconds appends a time since the start: +12.345.
func appendSeconds(dst []byte, ns int64) []byte {
	sign := byte('+')
	u := uint64(ns)
	if ns < 0 {
		sign, u = '-', -u
	}
	dst = append(dst, sign)
	dst = strconv.AppendUint(dst, u/1_000_000_000, 10)
	ms := u / 1_000_000 % 1000
	return append(dst, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
}

// plural is "1 packet", "2 packets".
func plural(n uint64, what string) string {
	s := grouped(n) + " " + what
	if n != 1 {
		s += "s"
	}
	return s
}
