package dissect_test

import (
	"fmt"

	"github.com/sockeye-dev/sockeye/dissect/websocket"
)

const hello = "Hello, world!"

func framingCases() (out []*suiteCase) {
	for i, f := range []func(n int) suiteFrame{
		func(n int) suiteFrame { return textFrame(fill("*", n)) },
		func(n int) suiteFrame { return binaryFrame(fill("\xfe", n)) },
	} {
		var list []*suiteCase
		for _, n := range []int{0, 125, 126, 127, 128, 65535, 65536} {
			list = append(list, legal("", f(n)))
		}
		list = append(list, legal("", f(65536)).chopped(997))
		out = append(out, family(fmt.Sprintf("1.%d", i+1), list...)...)
	}
	return out
}

func pingCases() []*suiteCase {
	var ten []suiteFrame
	for i := range 10 {
		ten = append(ten, pingFrame(fmt.Sprintf("payload-%d", i)))
	}
	unasked := pongFrame("unsolicited pong payload")
	return family("2",
		legal("", pingFrame("")),
		legal("", pingFrame(hello)),
		legal("", pingFrame("\x00\xff\xfe\xfd\xfc\xfb\x00\xff")),
		legal("", pingFrame(fill("\xfe", 125))),
		breaks("", websocket.RuleControl, 0, pingFrame(fill("\xfe", 126))),
		legal("", pingFrame(fill("\xfe", 125))).chopped(1),
		legal("", pongFrame(""), closeWith(1000, "")).unaskedPong(),
		legal("", unasked, closeWith(1000, "")).unaskedPong(),
		legal("", unasked, pingFrame("ping payload")).unaskedPong(),
		legal("", ten...),
		legal("", ten...).chopped(1),
	)
}

func reservedCases() []*suiteCase {
	rsv := websocket.RuleRSV
	return family("3",
		breaks("", rsv, 0, textFrame(hello).reserved(1)),
		breaks("", rsv, 1, textFrame(hello), textFrame(hello).reserved(2), pingFrame("")),
		breaks("", rsv, 1, textFrame(hello), textFrame(hello).reserved(3), pingFrame("")).synced(),
		breaks("", rsv, 1, textFrame(hello), textFrame(hello).reserved(4), pingFrame("")).chopped(1),
		breaks("", rsv, 0, binaryFrame("\x00\xff\xfe\xfd\xfc\xfb\x00\xff").reserved(5)),
		breaks("", rsv, 0, binaryFrame(hello).reserved(6)),
		breaks("", rsv, 0, closeFrame("").reserved(7)),
	)
}

func opcodeCases() (out []*suiteCase) {
	body := "reserved opcode payload"
	for i, first := range []websocket.Opcode{3, 11} {
		rule := websocket.RuleOpcode
		out = append(out, family(fmt.Sprintf("4.%d", i+1),
			breaks("", rule, 0, opFrame(first, "")),
			breaks("", rule, 0, opFrame(first+1, body)),
			breaks("", rule, 1, textFrame(hello), opFrame(first+2, ""), pingFrame("")),
			breaks("", rule, 1, textFrame(hello), opFrame(first+3, hello), pingFrame("")),
			breaks("", rule, 1, textFrame(hello), opFrame(first+4, hello), pingFrame("")).chopped(1),
		)...)
	}
	return out
}

func fragmentCases() []*suiteCase {
	const f1, f2, f3, f4, f5 = "fragment1", "fragment2", "fragment3", "fragment4", "fragment5"
	control, fragment := websocket.RuleControl, websocket.RuleFragment
	two := []suiteFrame{textFrame(f1).part(), contFrame(f2)}
	pinged := []suiteFrame{textFrame(f1).part(), pingFrame("ping payload"), contFrame(f2)}
	stray := []suiteFrame{contFrame("non-continuation payload"), textFrame(hello)}
	open := []suiteFrame{contFrame("non-continuation payload").part(), textFrame(hello)}
	again := func(first suiteFrame) []suiteFrame {
		once := []suiteFrame{first, textFrame(f2).part(), contFrame(f3)}
		return append(once, once...)
	}
	five := []suiteFrame{
		textFrame(f1).part(), contFrame(f2).part(), pingFrame("pongme 1!"), contFrame(f3).part(), contFrame(f4).part(), pingFrame("pongme 2!"), contFrame(f5),
	}
	return family("5",
		breaks("", control, 0, pingFrame(f1).part(), contFrame(f2)).also(fragment, 1),
		breaks("", control, 0, pongFrame(f1).part(), contFrame(f2)).also(fragment, 1),
		legal("", two...),
		legal("", two...).synced(),
		legal("", two...).chopped(1),
		legal("", pinged...),
		legal("", pinged...).synced(),
		legal("", pinged...).chopped(1),
		breaks("", fragment, 0, stray...),
		breaks("", fragment, 0, stray...).synced(),
		breaks("", fragment, 0, stray...).chopped(1),
		breaks("", fragment, 0, open...),
		breaks("", fragment, 0, open...).synced(),
		breaks("", fragment, 0, open...).chopped(1),
		breaks("", fragment, 2, textFrame(f1).part(), contFrame(f2), contFrame(f3).part(), textFrame(f4)),
		breaks("", fragment, 0, again(contFrame(f1).part())...).also(fragment, 3),
		breaks("", fragment, 0, again(contFrame(f1))...).also(fragment, 3),
		breaks("", fragment, 1, textFrame(f1).part(), textFrame(f2)),
		legal("", five...),
		legal("", five...).synced(),
	)
}

const (
	asciiFill  = "BAsd7&jh23"
	binaryFill = "\x00\xfe\x23\xfa\xf0"
)

func closeCases() (out []*suiteCase) {
	bye := closeWith(1000, "")
	after, code := websocket.RuleAfterClose, websocket.RuleClose
	out = append(out, family("7.1",
		legal("", textFrame("Hello World!"), bye).stepping(),
		breaks("", after, 1, bye, closeFrame("")),
		breaks("", after, 1, bye, pingFrame("")),
		breaks("", after, 1, bye, textFrame("Hello World!")),
		breaks("", after, 2, textFrame("fragment1").part(), bye, contFrame("fragment2")),
		breaks("", after, 3, textFrame(fill(asciiFill, 256<<10)), textFrame("Hello World!"), bye, pingFrame("")),
	)...)
	out = append(out, family("7.3",
		legal("", closeFrame("")),
		breaks("", code, 0, closeFrame("a")),
		legal("", bye),
		legal("", closeWith(1000, "Hello World!")),
		legal("", closeWith(1000, fill("*", 123))),
		breaks("", websocket.RuleControl, 0, closeWith(1000, fill("*", 124))),
	)...)
	out = append(out, illFormed("7.5.1", 11, 0, closeWith(1000, kosme+"\xed\xa0\x80edited")))
	codes := func(prefix string, list ...uint16) {
		for i, n := range list {
			c := breaks(fmt.Sprintf("%s.%d", prefix, i+1), code, 0, closeWith(n, ""))
			if prefix == "7.7" {
				c.broken = nil
			}
			out = append(out, c)
		}
	}
	codes("7.7", 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
	codes("7.9", 0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999)
	codes("7.13", 5000, 65535)
	return out
}

// What group 9 has been scaled by: lengths of messages, of their fragments and
// of single frames by limitScale, the number of messages by limitMessages.
const (
	limitScale    = 16
	limitMessages = 20
)

func limitCases() (out []*suiteCase) {
	const kib, mib = 1 << 10, 1 << 20
	add := func(prefix string, list []*suiteCase) { out = append(out, family(prefix, list...)...) }
	kinds := []struct {
		of            func(string) suiteFrame
		pattern, fill string
	}{{textFrame, asciiFill, "*"}, {binaryFrame, binaryFill, "\xfe"}}
	for i, k := range kinds {
		var large []*suiteCase
		for _, n := range []int{64 * kib, 256 * kib, mib, 4 * mib, 8 * mib, 16 * mib} {
			large = append(large, legal("", k.of(fill(k.pattern, n/limitScale))))
		}
		add(fmt.Sprintf("9.%d", 1+i), large)
	}
	for i, k := range kinds {
		var parts []*suiteCase
		for n := 64; n <= 4*mib; n *= 4 {
			pattern := "*"
			if n == 64 {
				pattern = k.fill
			}
			parts = append(parts, legal("", fragmented(k.of(fill(pattern, 4*mib/limitScale)), n/limitScale)...))
		}
		add(fmt.Sprintf("9.%d", 3+i), parts)
	}
	for i, k := range kinds {
		var chopped []*suiteCase
		for n := 64; n <= 2048; n *= 2 {
			chopped = append(chopped, legal("", k.of(fill(k.pattern, mib/limitScale))).chopped(n))
		}
		add(fmt.Sprintf("9.%d", 5+i), chopped)
	}
	for i, k := range kinds {
		var many []*suiteCase
		for _, n := range []int{0, 16, 64, 256, 1024, 4096} {
			var list []suiteFrame
			for range 1000 / limitMessages {
				list = append(list, k.of(fill(k.fill, n)))
			}
			many = append(many, legal("", list...).stepping())
		}
		add(fmt.Sprintf("9.%d", 7+i), many)
	}
	return out
}
