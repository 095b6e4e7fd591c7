package event

// Size writes a number of bytes for people, as the text output does: exact
// below 10,000, else three digits and a decimal unit.
func Size(n uint64) string { return bytesText(n) }

// Count writes a number for people, as the text output does: thousands apart.
func Count(n uint64) string { return grouped(n) }

// Plural writes a count of things for people: "1 packet", "2,000 packets".
func Plural(n uint64, what string) string { return plural(n, what) }

// Duration writes a number of nanoseconds for people, as the text output does.
func Duration(ns int64) string { return durationText(ns) }
