package guess

import (
	"regexp"
	"strings"
	"sync"
)

// client, server and either apply a test to the bytes of one side.
func client(f func(string) bool) func(pair) bool { return func(p pair) bool { return f(p.client) } }
func server(f func(string) bool) func(pair) bool { return func(p pair) bool { return f(p.server) } }
func either(f func(string) bool) func(pair) bool {
	return func(p pair) bool { return f(p.client) || f(p.server) }
}

func clientPrefix(prefixes ...string) func(pair) bool { return client(hasPrefix(prefixes)) }
func serverPrefix(prefixes ...string) func(pair) bool { return server(hasPrefix(prefixes)) }
func eitherPrefix(prefixes ...string) func(pair) bool { return either(hasPrefix(prefixes)) }

func hasPrefix(prefixes []string) func(string) bool {
	return func(s string) bool {
		for _, p := range prefixes {
			if strings.HasPrefix(s, p) {
				return true
			}
		}
		return false
	}
}

// matches is a regular expression as a test. It is compiled once, when it is first
// asked: all of them together take longer than reading a small capture.
func matches(expr string) func(string) bool {
	compiled := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
	return func(s string) bool { return compiled().MatchString(s) }
}

// both asks for a match on each side.
func both(clientExpr, serverExpr string) func(pair) bool {
	c, s := matches(clientExpr), matches(serverExpr)
	return func(p pair) bool { return c(p.client) && s(p.server) }
}

// line tests the first complete line, without its LF: of requests on the
// client's side, of replies on the server's.
func line(request, reply string) func(pair) bool {
	c, s := matches(request), matches(reply)
	return func(p pair) bool {
		q, okq := firstLine(p.client)
		r, okr := firstLine(p.server)
		return okq && c(q) || okr && s(r)
	}
}

func firstLine(s string) (string, bool) {
	l, _, ok := strings.Cut(s, "\n")
	return l, ok
}

// be reads n bytes at off as a big-endian number, le as a little-endian one;
// ok is false when s is shorter.
func be(s string, off, n int) (v uint64, ok bool) {
	if len(s) < off+n {
		return 0, false
	}
	for i := range n {
		v = v<<8 | uint64(s[off+i])
	}
	return v, true
}

func le(s string, off, n int) (v uint64, ok bool) {
	if len(s) < off+n {
		return 0, false
	}
	for i := n - 1; i >= 0; i-- {
		v = v<<8 | uint64(s[off+i])
	}
	return v, true
}
