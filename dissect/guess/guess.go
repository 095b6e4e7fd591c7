// Package guess names what a raw TCP stream looks like from its first bytes.
// It knows nothing of packets or ports, and names nothing it is not sure of.
//
//	first bytes of the client ─┐
//	first bytes of the server ─┴─► Guess ─► table of signatures, in order ─► "ssh", "redis", … or ""
package guess

// Prefix is how many bytes of each side are looked at.
const Prefix = 256

// Guess names the protocol of a stream from the first bytes that its client
// and its server sent, each possibly empty or cut anywhere. It returns "" when
// no signature is met. Only the first Prefix bytes of each side count. Where it
// is not known which side is the client, call it both ways.
//
// Names are lower case: smtp, ftp, pop3, imap, ssh, redis, memcached, mysql,
// postgres, mongodb, mqtt, amqp, kafka, nats, stomp, irc, xmpp, rtsp, sip,
// bittorrent, rdp, vnc, socks4, socks5, dns, http2, ldap, smb, telnet, rsync,
// zookeeper, json-lines, text-lines, and others in the table.
func Guess(client, server []byte) string {
	p := pair{head(client), head(server)}
	for _, s := range signatures {
		if s.match(p) {
			return s.name
		}
	}
	return ""
}

// pair holds both sides' first bytes.
type pair struct{ client, server string }

func head(b []byte) string { return string(b[:min(len(b), Prefix)]) }

// signature is one way to know a protocol.
type signature struct {
	name  string
	match func(pair) bool
}

// signatures are tried in order: the certain ones first, those that only say
// "text" last. Names may stand several times.
var signatures = []signature{
	// One side's first bytes are unmistakable.
	{"http2", clientPrefix("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")}, // RFC 9113 §3.4
	{"ssh", eitherPrefix("SSH-2.0-", "SSH-1.99-", "SSH-1.5-")},  // RFC 4253 §4.2
	{"bittorrent", eitherPrefix("\x13BitTorrent protocol")},     // BEP 3
	{"vnc", either(isRFB)}, // RFC 6143 §7.1.1
	{"amqp", clientPrefix("AMQP\x00\x00\x09\x01", "AMQP\x00\x01\x00\x00", "AMQP\x03\x01\x00\x00", "AMQP\x02\x01\x00\x00")}, // AMQP 0-9-1 §4.2.2, 1.0 §2.2
	{"rsync", eitherPrefix("@RSYNCD: ")},
	{"nats", serverPrefix(`INFO {"server_id":`, `INFO {"server_name":`)},
	{"mqtt", client(isMQTTConnect)},    // MQTT 5 §3.1
	{"smb", either(isSMB)},             // MS-SMB2 §2.1
	{"rdp", client(isRDP)},             // MS-RDPBCGR §2.2.1.1
	{"postgres", client(isPostgres)},   // PostgreSQL protocol 3.0 §55.7
	{"mysql", server(isMySQLGreeting)}, // HandshakeV10
	{"mongodb", client(isMongo)},       // OP_MSG, OP_QUERY
	{"zookeeper", clientPrefix("\x00\x00\x00\x2c\x00\x00\x00\x00", "\x00\x00\x00\x2d\x00\x00\x00\x00")}, // ConnectRequest, protocol version 0
	{"ldap", client(isLDAP)}, // RFC 4511 §4.2
	{"socks5", isSOCKS5},     // RFC 1928 §3
	{"socks4", isSOCKS4},
	{"kafka", client(isKafka)},
	{"cassandra", client(isCassandra)},
	{"dns", isDNS},               // RFC 1035 §4.2.2
	{"telnet", either(isTelnet)}, // RFC 854
	{"xmpp", client(isXMPP)},     // RFC 6120 §4.2

	// The first line names the protocol.
	{"rtsp", line(`^[A-Z_]+ \S+ RTSP/[12]\.0\r?$`, `^RTSP/[12]\.0 \d{3}( .*)?\r?$`)}, // RFC 7826 §7, §8
	{"sip", line(`^[A-Z]+ \S+ SIP/2\.0\r?$`, `^SIP/2\.0 \d{3} .*\r?$`)},              // RFC 3261 §7
	{"stomp", client(isSTOMP)},
	{"imap", server(matches(`^\* (OK|PREAUTH|BYE)\b.*\r\n`))}, // RFC 3501 §7.1
	{"pop3", server(matches(`^\+OK[^\r\n]*(POP3|pop3|<[^<> ]+@[^<> ]+>|[Dd]ovecot|Pop)[^\r\n]*\r\n`))}, // RFC 1939 §4
	{"pop3", both(`^(USER|APOP|CAPA|AUTH|STLS)( [^\r\n]+)?\r\n`, `^\+OK[^\r\n]*\r\n(\+OK|-ERR)`)},
	{"smtp", server(matches(`^220[ -][^\r\n]*\bE?SMTP\b[^\r\n]*\r\n`))}, // RFC 5321 §3.1
	{"smtp", both(`^(EHLO|HELO|LHLO|ehlo|helo) \S+\r\n`, `^220[ -]`)},
	{"ftp", server(matches(`(?i)^220[ -][^\r\n]*ftpd?\b`))}, // RFC 959 §5.4
	{"ftp", both(`^(USER|user) \S+\r\n`, `^220[ -][^\r\n]*\r\n(220[ -][^\r\n]*\r\n)*331 `)},
	{"irc", client(matches(`^((CAP LS( 30\d)?|PASS \S+)\r?\n)?(NICK \S+\r?\n(USER \S+ \S+ \S+ |$)|USER \S+ \S+ \S+ :)`))}, // RFC 2812 §3.1
	{"irc", client(matches(`^CAP LS 302\r?\n`))},
	{"irc", server(matches(`^:\S+ (NOTICE (\*|AUTH) :|001 \S+ :)`))},

	// Requests and replies agree.
	{"redis", isRedis}, // RESP
	{"memcached", both(`^(get|gets|delete|incr|decr|touch) \S+[^\r\n]*\r\n`, `^(VALUE \S+ \d+ \d+|END|DELETED|NOT_FOUND|TOUCHED|\d+)[^\r\n]*\r\n`)},
	{"memcached", both(`^(set|add|replace|append|prepend|cas) \S+ \d+ -?\d+ \d+( \d+)?( noreply)?\r\n`, `^(STORED|NOT_STORED|EXISTS|NOT_FOUND|SERVER_ERROR)`)},
	{"memcached", both(`^(stats|version)( \S+)?\r\n`, `^(STAT \S+ |VERSION \d)`)},
	{"memcached", isMemcachedBinary},

	// Only the form is known.
	{"json-lines", isJSONLines},
	{"text-lines", isTextLines},
}
