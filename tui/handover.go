package tui

import (
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// A connection as a command line that makes the same request again.

// request is the open connection's first handshake as it is to be shown; nil if none was captured.
func (a *App) request() *event.Handshake {
	for _, e := range a.handshakes() {
		if h := a.seen(e).Detail.(*event.Handshake); h.Method != "" {
			return h
		}
	}
	return nil
}

// hasRequest tells whether the open connection's request was captured.
func (a *App) hasRequest() bool { return a.conv != nil && a.request() != nil }

// ofClient are the headers that a client makes by itself.
var ofClient = []string{"host", "connection", "upgrade", "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-protocol", "content-length"}

// ownHeaders are those of a request that the tools do not make by themselves.
func ownHeaders(h *event.Handshake) []event.Header {
	var out []event.Header
next:
	for _, x := range h.RequestHeaders {
		for _, name := range ofClient {
			if strings.EqualFold(name, x.Name) {
				continue next
			}
		}
		out = append(out, x)
	}
	return out
}

// address is the URL that the request asked for: by its Host, else by the server's address.
func (a *App) address(h *event.Handshake, scheme string) string {
	if strings.Contains(h.Target, "://") {
		_, rest, _ := strings.Cut(h.Target, "://")
		return scheme + "://" + rest
	}
	host := h.Host
	if host == "" {
		host = a.conv.row.Server().String()
	}
	return scheme + "://" + host + h.Target
}

// overTLS tells whether the open connection runs in TLS.
func (a *App) overTLS() bool {
	return len(a.conv.row.Layers) > 0 && a.conv.row.Layers[0] == "tls"
}

// copyWebsocat is a command line of websocat that connects as the client did.
func (a *App) copyWebsocat() string {
	h := a.request()
	scheme := map[bool]string{false: "ws", true: "wss"}[a.overTLS()]
	args := []string{"websocat"}
	for _, x := range ownHeaders(h) {
		if strings.EqualFold(x.Name, "origin") {
			args = append(args, "--origin", quoted(x.Value))
			continue
		}
		args = append(args, "-H", quoted(x.Name+": "+x.Value))
	}
	if len(h.SubprotocolsOffered) > 0 {
		args = append(args, "--protocol", quoted(strings.Join(h.SubprotocolsOffered, ", ")))
	}
	return strings.Join(append(args, quoted(a.address(h, scheme))), " ")
}

// copyCurl is a command line of curl that makes the same opening handshake.
func (a *App) copyCurl() string {
	h := a.request()
	scheme := map[bool]string{false: "http", true: "https"}[a.overTLS()]
	args := []string{"curl", "--include", "--no-buffer", "--http1.1"}
	for _, x := range h.RequestHeaders {
		if !strings.EqualFold(x.Name, "host") {
			args = append(args, "-H", quoted(x.Name+": "+x.Value))
		}
	}
	return strings.Join(append(args, quoted(a.address(h, scheme))), " ")
}

// quoted is s as one word of a POSIX shell. Control characters, which captured
// text may have and a terminal may act on, are left out.
func quoted(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
