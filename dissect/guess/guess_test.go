package guess

import (
	"math/rand/v2"
	"strings"
	"testing"
)

var mysqlGreeting = "\x4a\x00\x00\x00\x0a8.0.36\x00\x0b\x00\x00\x00\x12\x34\x56\x78\x41\x42\x43\x44\x00\xff\xff\xff\x02\x00\xff\xdf\x15" +
	strings.Repeat("\x00", 10) + "abcdefghijkl\x00caching_sha2_password\x00"

// cases are first bytes as real implementations send them.
var cases = []struct{ name, client, server string }{
	{"http2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x12\x04", "\x00\x00\x06\x04"},
	{"ssh", "", "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"},
	{"ssh", "SSH-2.0-Go\r\n", ""},
	{"bittorrent", "\x13BitTorrent protocol\x00\x00\x00\x00\x00\x10\x00\x05", ""},
	{"vnc", "", "RFB 003.008\n"},
	{"amqp", "AMQP\x00\x00\x09\x01", ""},
	{"amqp", "AMQP\x03\x01\x00\x00", "AMQP\x03\x01\x00\x00"},
	{"rsync", "", "@RSYNCD: 31.0 sha512 sha256 sha1 md5 md4\n"},
	{"nats", "CONNECT {}\r\n", `INFO {"server_id":"NAXX","version":"2.10.1"` + "}\r\n"},
	{"mqtt", "\x10\x1a\x00\x04MQTT\x04\x02\x00\x3c\x00\x0eclient-1234567", "\x20\x02\x00\x00"},
	{"mqtt", "\x10\x8c\x01\x00\x06MQIsdp\x03\x02", ""},
	{"smb", "\x00\x00\x00\x45\xffSMB\x72\x00\x00\x00\x00\x18", ""},
	{"smb", "\x00\x00\x00\xf8\xfeSMB\x40\x00", ""},
	{"rdp", "\x03\x00\x00\x2b\x26\xe0\x00\x00\x00\x00\x00Cookie: mstshash=admin\r\n\x01\x00\x08\x00\x03\x00\x00\x00", ""},
	{"rdp", "\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00", ""},
	{"postgres", "\x00\x00\x00\x08\x04\xd2\x16\x2f", "S"},
	{"postgres", "\x00\x00\x00\x29\x00\x03\x00\x00user\x00postgres\x00database\x00postgres\x00\x00", "R\x00\x00\x00\x08\x00\x00\x00\x00"},
	{"mysql", "", mysqlGreeting},
	{"mongodb", "\x3d\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00\x00\x28\x00\x00\x00\x10hello\x00\x01", ""},
	{"mongodb", "\x3a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xd4\x07\x00\x00\x00\x00\x00\x00admin.$cmd\x00\x00\x00\x00\x00\xff\xff\xff\xff", ""},
	{"zookeeper", "\x00\x00\x00\x2d\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x75\x30", ""},
	{"ldap", "\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00", "\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00"},
	{"ldap", "\x30\x84\x00\x00\x00\x10\x02\x01\x01\x60\x84\x00\x00\x00\x07\x02\x01\x03\x04\x00\x80\x00", ""},
	{"ldap", "\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037", ""},
	{"socks5", "\x05\x01\x00", "\x05\x00"},
	{"socks5", "\x05\x02\x00\x02\x01\x04user\x04pass", "\x05\x02\x01\x00"},
	{"socks4", "\x04\x01\x00\x50\x0a\x00\x00\x01me\x00", "\x00\x5a\x00\x00\x00\x00\x00\x00"},
	{"kafka", "\x00\x00\x00\x26\x00\x12\x00\x03\x00\x00\x00\x00\x00\x0aproducer-1\x00\x12apache-kafka-java", ""},
	{"cassandra", "\x04\x00\x00\x00\x05\x00\x00\x00\x00", ""},
	{"cassandra", "\x04\x00\x00\x00\x01\x00\x00\x00\x16\x00\x01\x00\x0bCQL_VERSION\x00\x053.0.0", ""},
	{"dns", "\x00\x1d\xab\xcd\x01\x20\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01", "\x00\x2d\xab\xcd\x81\x80\x00\x01\x00\x01"},
	{"telnet", "", "\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27"},
	{"xmpp", "<?xml version='1.0'?><stream:stream to='a' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>", ""},
	{"rtsp", "OPTIONS rtsp://cam/stream RTSP/1.0\r\nCSeq: 1\r\n\r\n", "RTSP/1.0 200 OK\r\n"},
	{"sip", "REGISTER sip:example.org SIP/2.0\r\nVia: SIP/2.0/TCP a\r\n", ""},
	{"sip", "", "SIP/2.0 100 Trying\r\n"},
	{"stomp", "CONNECT\naccept-version:1.2\nhost:h\n\n\x00", ""},
	{"imap", "", "* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot ready.\r\n"},
	{"pop3", "", "+OK Dovecot (Debian) ready.\r\n"},
	{"pop3", "USER me\r\nPASS x\r\n", "+OK ready\r\n+OK\r\n"},
	{"smtp", "", "220 mail.example.org ESMTP Postfix (Debian/GNU)\r\n"},
	{"smtp", "EHLO client.example.org\r\n", "220 mail.example.org ready\r\n250-mail.example.org\r\n"},
	{"ftp", "", "220 (vsFTPd 3.0.3)\r\n"},
	{"ftp", "", "220 ProFTPD Server (Debian) [::ffff:10.0.0.1]\r\n"},
	{"ftp", "USER anonymous\r\n", "220 Welcome\r\n331 Please specify the password.\r\n"},
	{"irc", "NICK joe\r\nUSER joe 0 * :Joe\r\n", ""},
	{"irc", "CAP LS 302\r\nNICK joe\r\nUSER joe 0 * :Joe\r\n", ":irc.example NOTICE * :*** Looking up your hostname\r\n"},
	{"redis", "*1\r\n$4\r\nPING\r\n", "+PONG\r\n"},
	{"redis", "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n", ""},
	{"redis", "GET a\r\n", "$1\r\n1\r\n"},
	{"redis", "set a 1\n", "+OK\r\n"},
	{"memcached", "get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n"},
	{"memcached", "set a 0 0 1\r\nx\r\n", "STORED\r\n"},
	{"memcached", "version\r\n", "VERSION 1.6.18\r\n"},
	{"memcached", "\x80\x00\x00\x01" + strings.Repeat("\x00", 20) + "a", "\x81\x00\x00\x00" + strings.Repeat("\x00", 20)},
	{"json-lines", `{"id":1,"method":"ping"}` + "\n", `{"id":1,"result":[]}` + "\r\n" + `{"cut`},
	{"text-lines", "hello there\n", "welcome, Zo\u00eb\r\n"},

	// Close to something, and not certain.
	{"", "", ""},
	{"", "GET a", ""},
	{"", "hello", "world, no line"},
	{"", "\x05\x01\x00", ""},
	{"", "\x05\x01\x00", "\x05\x02"},
	{"", "\x00\x00\x00\x08\x04\xd2\x16\x00", "S"},
	{"", "\x00\x1d\xab\xcd\x01\x20\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01", "\x00\x2d\xab\xce\x81\x80"},
	{"", "\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x09\x04\x00\x80\x00", ""},
	{"", "\x10\x1a\x00\x04MQXX", ""},
	{"", "\xff\xfd\x18", ""},
	{"", "\x00\x00\x00\x45\xff\x00\x00\x00", ""},
	{"", "bell\a and more\n", ""},
	{"text-lines", "GET a\r\n", "what do you mean\r\n"},
	{"text-lines", "", "220 ready when you are\r\n"},
	{"text-lines", "", "+OK ready\r\n"},
	{"text-lines", `{"id":1,` + "\n", ""},
}

func TestGuess(t *testing.T) {
	for _, c := range cases {
		if got := Guess([]byte(c.client), []byte(c.server)); got != c.name {
			t.Errorf("%q / %q: %q, want %q", c.client, c.server, got, c.name)
		}
	}
}

// TestEveryNameHasACase keeps the table and the cases together.
func TestEveryNameHasACase(t *testing.T) {
	tested := map[string]bool{}
	for _, c := range cases {
		tested[c.name] = true
	}
	for _, s := range signatures {
		if !tested[s.name] {
			t.Errorf("no case for %s", s.name)
		}
	}
}

// TestRandomIsNothing: random bytes, also behind the small numbers and lengths
// that binary protocols begin with, get no name.
func TestRandomIsNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	fill := func() []byte {
		b := make([]byte, r.IntN(Prefix))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		if r.IntN(2) == 0 { // a length in front, in some form
			n := []int{1, 2, 4}[r.IntN(3)]
			for i := range min(n, len(b)) {
				b[i] = 0
			}
			if len(b) >= n && n > 0 {
				b[[]int{0, n - 1}[r.IntN(2)]] = byte(len(b) - n)
			}
		}
		return b
	}
	const tries = 50000
	named := map[string]int{}
	for range tries {
		if name := Guess(fill(), fill()); name != "" {
			named[name]++
		}
	}
	if len(named) > 0 {
		t.Errorf("of %d random streams: %v", tries, named)
	}
}

func FuzzGuess(f *testing.F) {
	for _, c := range cases {
		f.Add([]byte(c.client), []byte(c.server))
	}
	known := map[string]bool{"": true}
	for _, s := range signatures {
		known[s.name] = true
	}
	f.Fuzz(func(t *testing.T, client, server []byte) {
		got := Guess(client, server)
		if !known[got] {
			t.Fatalf("unknown name %q", got)
		}
		// What comes after Prefix bytes does not count.
		c, s := client[:min(len(client), Prefix)], server[:min(len(server), Prefix)]
		if again := Guess(c, s); again != got {
			t.Fatalf("%q from the prefix, %q from all", again, got)
		}
		// Names from both sides' text need text.
		if got == "text-lines" && (!text(string(c)) || !text(string(s))) {
			t.Fatal("text-lines of something that is not text")
		}
	})
}
