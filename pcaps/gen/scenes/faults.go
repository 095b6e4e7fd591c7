package scenes

import (
	"strconv"

	"github.com/sockeye-dev/sockeye/pcaps/gen/ws"
)

// plantedFaults are nine connections, six of which are as they should be. The
// rest are what the README lets a first-time user find.
func plantedFaults(s *script) {
	for i := range 9 {
		c := s.plain(uint16(41001+i), "chat")
		c.handshake()
		c.add(c2s, ws.AppendRequest(nil, "chat.example.com", "/room/"+strconv.Itoa(1+i), key, ""))
		c.flush(c2s)
		answers := key
		if i == 2 { // the server answers the key of another connection
			answers = "AQIDBAUGBwgJCgsMDQ4PEA=="
			c.tags = append(c.tags, "wrong-accept")
			c.rules = []string{"HS-ACCEPT"}
		}
		c.add(s2c, ws.AppendResponse(nil, answers, ""))
		c.flush(s2c)
		c.chatter(4)
		switch i {
		case 4:
			c.tags = append(c.tags, "unmasked")
			c.rules = []string{"WS-MASK"}
			c.unmasked(`{"type":"question","text":"a client of our own making"}`)
			c.flush(c2s)
		case 7: // the process behind the server is gone
			c.tags = append(c.tags, "no-close-frame")
			c.rules = []string{"WS-NO-CLOSE"}
			s.pause(60_000 * ms)
			c.talk(c2s, `{"type":"question","text":"is anybody there?"}`)
			c.fin(s2c)
			c.fin(c2s)
		}
		if i != 7 {
			c.chatter(2)
			c.bye()
		}
		s.pause(300 * ms)
	}
}

// unmasked puts a text message of the client into the stream without a masking key.
func (c *conn) unmasked(payload string) {
	m := c.half[c2s].books.Start(ws.Text, false)
	f := ws.Frame{Fin: true, Op: ws.Text, Length: uint64(len(payload))}
	from, to := c.add(c2s, append(ws.AppendHeader(nil, &f), payload...))
	c.half[c2s].books.Frame(&m, uint64(from), uint64(to))
	c.half[c2s].books.Complete(&m, []byte(payload))
}

// tricks is what captured text may hold to play tricks on a terminal, or on a
// program that draws on one: window titles, clearing, colours, the clipboard,
// hyperlinks, C1 controls, tags of tview, bidirectional overrides, characters of
// no width and of two columns.
const tricks = controls + quiet

// controls are those of C0, which a request's target cannot have, and quiet the others.
const (
	controls = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x1b]52;c;b3duZWQ=\x07\x1b]8;;http://evil.example\x07link\x1b]8;;\x07\x08\x7f\x00\x0b\x0c\x0e"
	quiet    = "\u009b31m\u0085[red]tag[:::http://evil.example]x[-:-:-:-]\u202egnp.exe\u2066\u200b\u200d\u00ad\ufeff漢字🙂e\u0301\U000e0041"
)

// hostileText has tricks everywhere that a captured text is shown.
func hostileText(s *script) {
	c := s.plain(41101, "hostile")
	c.handshake()
	c.add(c2s, []byte("GET /"+quiet+"?q="+quiet+" HTTP/1.1\r\nHost: "+tricks+"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "+key+
		"\r\nSec-WebSocket-Version: 13\r\nOrigin: "+tricks+"\r\nX-Tricks: "+tricks+"\r\nSec-WebSocket-Protocol: "+tricks+"\r\nCookie: "+tricks+"="+tricks+"\r\n\r\n"))
	c.flush(c2s)
	c.add(s2c, []byte("HTTP/1.1 101 "+tricks+"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+ws.Accept(key)+"\r\nServer: "+tricks+"\r\nSec-WebSocket-Protocol: "+tricks+"\r\n\r\n"))
	c.flush(s2c)
	for dir := range 2 {
		c.talk(dir, tricks)
		c.talk(dir, `{"`+"\u202e\u009b"+`":"\u001b[2J\u202e","a":["\u001b]0;owned\u0007"]}`)
		c.message(dir, ws.Binary, tricks)
		c.flush(dir)
		c.message(dir, ws.Ping, tricks[:100])
		c.flush(dir)
		c.message(1-dir, ws.Pong, tricks[:100])
		c.flush(1 - dir)
	}
	c.message(c2s, ws.Close, "\x03\xe8"+tricks[:100])
	c.flush(c2s)
	c.message(s2c, ws.Close, "\x03\xe8"+tricks[:100])
	c.flush(s2c)
	c.fin(s2c)
	c.fin(c2s)

	raw := s.plain(41102, "hostile")
	raw.protocol = "raw"
	raw.handshake()
	for dir := range 2 {
		raw.add(dir, []byte("220 "+tricks+"\r\n"))
		raw.flush(dir)
	}
	raw.fin(c2s)
	raw.fin(s2c)
}
