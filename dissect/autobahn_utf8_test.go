package dissect_test

import (
	"fmt"
	"strings"
)

// kosme is the Greek word that Markus Kuhn's UTF-8 stress test begins with, and
// most cases of group 6 with it.
const kosme = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"

// utf8Families are texts of one frame: each in hexadecimal, with the offset at
// which its first ill-formed sequence begins behind a colon where there is one.
var utf8Families = []struct{ prefix, texts string }{
	{"6.5", "68656c6c6f24776f726c64 68656c6c6fc2a2776f726c64 68656c6c6fe282ac776f726c64 68656c6c6ff0a4ada2776f726c64 cebae1bdb9cf83cebcceb5"},
	// A word cut short: only the end shows it.
	{"6.6", "ce:0 ceba cebae1:2 cebae1bd:2 cebae1bdb9 cebae1bdb9cf:5 cebae1bdb9cf83 cebae1bdb9cf83ce:7 cebae1bdb9cf83cebc cebae1bdb9cf83cebcce:9 cebae1bdb9cf83cebcceb5"},
	// First and last code point of each length; lengths and values that do not exist.
	{"6.7", "00 c280 e0a080 f0908080"},
	{"6.8", "f888808080:0 fc8480808080:0"},
	{"6.9", "7f dfbf efbfbf f48fbfbf"},
	{"6.10", "f7bfbfbf:0 fbbfbfbfbf:0 fdbfbfbfbfbf:0"},
	{"6.11", "ed9fbf ee8080 efbfbd f48fbfbf f4908080:0"},
	// Continuation bytes without a lead.
	{"6.12", "80:0 bf:0 80bf:0 80bf80:0 80bf80bf:0 80bf80bf80:0 80bf80bf80bf:0 " + every(0x80, 0xbe, "") + ":0"},
	// Leads without continuation bytes.
	{"6.13", every(0xc0, 0xde, "20") + ":0 " + every(0xe0, 0xee, "20") + ":0 " + every(0xf0, 0xf6, "20") + ":0 f820f920fa20:0 fc20:0"},
	{"6.14", strings.Join(cutShort, ":0 ") + ":0"},
	{"6.15", strings.Join(cutShort, "") + ":0"},
	{"6.16", "fe:0 ff:0 fefeffff:0"},
	// Overlong forms of '/', of each length's last value, of NUL.
	{"6.17", "c0af:0 e080af:0 f08080af:0 f8808080af:0 fc80808080af:0"},
	{"6.18", "c1bf:0 e09fbf:0 f08fbfbf:0 f887bfbfbf:0 fc83bfbfbfbf:0"},
	{"6.19", "c080:0 e08080:0 f0808080:0 f880808080:0 fc8080808080:0"},
	// Surrogates, alone and in pairs.
	{"6.20", "eda080:0 edadbf:0 edae80:0 edafbf:0 edb080:0 edbe80:0 edbfbf:0"},
	{"6.21", "eda080edb080:0 eda080edbfbf:0 edadbfedb080:0 edadbfedbfbf:0 edae80edb080:0 edae80edbfbf:0 edafbfedb080:0 edafbfedbfbf:0"},
	// Noncharacters and specials are well-formed.
	{"6.22", noncharacters()},
	{"6.23", "efbfb9 efbfba efbfbb efbfbc efbfbd efbfbe efbfbf"},
}

// cutShort are sequences that lack their last byte: overlong ones of two to six
// bytes, then the greatest of each length.
var cutShort = []string{"c0", "e080", "f08080", "f8808080", "fc80808080", "df", "efbf", "f7bfbf", "fbbfbfbf", "fdbfbfbfbf"}

func every(first, last int, then string) string {
	var b strings.Builder
	for c := first; c <= last; c++ {
		fmt.Fprintf(&b, "%02x%s", c, then)
	}
	return b.String()
}

// noncharacters are the last two code points of plane 0, and of quarters of planes.
func noncharacters() string {
	out := []string{"efbfbe", "efbfbf"}
	for _, lead := range []string{"f09f", "f0af", "f0bf", "f18f", "f19f", "f1af", "f1bf", "f28f", "f29f", "f2af", "f2bf", "f38f", "f39f", "f3af", "f3bf", "f48f"} {
		out = append(out, lead+"bfbe", lead+"bfbf")
	}
	return strings.Join(out, " ")
}

func utf8Cases() []*suiteCase {
	const umlauts = "Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!"
	out := family("6.1",
		legal("", textFrame("")),
		legal("", textFrame("").part(), contFrame("").part(), contFrame("")),
		legal("", textFrame("").part(), contFrame("middle frame payload").part(), contFrame("")),
	)
	out = append(out, family("6.2",
		legal("", textFrame(umlauts)),
		legal("", textFrame(umlauts[:15]).part(), contFrame(umlauts[15:])),
		legal("", fragmented(textFrame(umlauts), 1)...),
		legal("", fragmented(textFrame(kosme), 1)...),
	)...)
	surrogate := kosme + "\xed\xa0\x80edited"
	out = append(out, family("6.3",
		illFormed("", 11, 0, textFrame(surrogate)),
		illFormed("", 11, 20, fragmented(textFrame(surrogate), 1)...),
	)...)
	out = append(out, failFastCases()...)
	for _, f := range utf8Families {
		var list []*suiteCase
		for _, t := range strings.Fields(f.texts) {
			h, at, bad := strings.Cut(t, ":")
			c := legal("", textFrame(unhex(h)))
			if bad {
				c = illFormed("", atoi(at), 0, textFrame(unhex(h)))
			}
			list = append(list, c)
		}
		out = append(out, family(f.prefix, list...)...)
	}
	return out
}

// failFastCases pause as soon as it is certain that the text is wrong: 0xf4 0x90
// begins nothing (the greatest code point is f4 8f bf bf).
func failFastCases() []*suiteCase {
	const beyond, rest = "\xf4\x90\x80\x80", "edited"
	return family("6.4",
		illFormed("", 11, 2, textFrame(kosme).part(), contFrame(beyond).part(), contFrame(rest)).synced(),
		illFormed("", 11, 2, textFrame(kosme+beyond[:1]).part(), contFrame(beyond[1:2]).part(), contFrame(beyond[2:]+rest)).synced(),
		illFormed("", 11, 1, textFrame(kosme+beyond+rest).part(), contFrame("")).cut(11, 4, 6),
		illFormed("", 11, 1, textFrame(kosme+beyond+rest).part(), contFrame("")).cut(12, 1, 8),
	)
}

func atoi(s string) (n int) {
	for _, c := range s {
		n = n*10 + int(c-'0')
	}
	return n
}
