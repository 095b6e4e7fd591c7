package filter

import (
	"bufio"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// keywords of pcap-filter(7), each with the spelling the parser uses. They must
// be escaped by a backslash to stand for a value.
var keywords = func() map[string]string {
	m := make(map[string]string)
	for _, k := range strings.Fields(`dst src arp rarp ip sctp tcp udp icmp igmp igrp pim vrrp carp radio ip6 icmp6 ah esp
		atalk aarp decnet lat sca moprc mopdl iso esis isis l1 l2 iih lsp snp csnp psnp clnp stp ipx netbeui
		host net mask port portrange proto protochain gateway type subtype dir addr1 addr2 addr3 addr4 ra ta
		less greater byte broadcast multicast and or not len inbound outbound ifindex vlan mpls pppoed pppoes geneve
		lane llc metac bcc oam oamf4 oamf4ec oamf4sc sc ilmic vpi vci connectmsg metaconnect
		ifname rset rnr srnr reason action fisu lssu msu hfisu hlssu hmsu sio opc dpc sls hsio hopc hdpc hsls`) {
		m[k] = k
	}
	for also, k := range map[string]string{"link": "ether", "ether": "ether", "ppp": "ether", "slip": "ether", "fddi": "ether",
		"tr": "ether", "wlan": "ether", "es-is": "esis", "is-is": "isis", "direction": "dir", "address1": "addr1",
		"address2": "addr2", "address3": "addr3", "address4": "addr4", "length": "len", "on": "ifname", "ruleset": "rset",
		"rulenum": "rnr", "subrulenum": "srnr", "lsu": "lssu"} {
		m[also] = k
	}
	return m
}()

// elsewhere are the keywords that begin a term which this package refuses, with
// what they are about.
var elsewhere = map[string]string{
	"radio": "radio headers", "decnet": "DECnet", "esis": "ISO", "isis": "IS-IS",
	"l1": "IS-IS", "l2": "IS-IS", "iih": "IS-IS", "lsp": "IS-IS", "snp": "IS-IS", "csnp": "IS-IS", "psnp": "IS-IS", "clnp": "ISO",
	"type": "802.11", "subtype": "802.11", "dir": "802.11", "addr1": "802.11", "addr2": "802.11", "addr3": "802.11", "addr4": "802.11",
	"ra": "802.11", "ta": "802.11", "mpls": "MPLS", "pppoed": "PPPoE", "pppoes": "PPPoE", "geneve": "Geneve",
	"lane": "ATM", "llc": "LLC", "metac": "ATM", "bcc": "ATM", "oam": "ATM", "oamf4": "ATM", "oamf4ec": "ATM", "oamf4sc": "ATM",
	"sc": "ATM", "ilmic": "ATM", "vpi": "ATM", "vci": "ATM", "connectmsg": "ATM", "metaconnect": "ATM",
	"ifname": "pf logs", "rset": "pf logs", "rnr": "pf logs", "srnr": "pf logs", "reason": "pf logs", "action": "pf logs",
	"fisu": "SS7", "lssu": "SS7", "msu": "SS7", "hfisu": "SS7", "hlssu": "SS7", "hmsu": "SS7", "sio": "SS7", "opc": "SS7",
	"dpc": "SS7", "sls": "SS7", "hsio": "SS7", "hopc": "SS7", "hdpc": "SS7", "hsls": "SS7",
}

// namedNumbers are the numbers that have a name: offsets, flags and types.
var namedNumbers = map[string]uint32{
	"icmptype": 0, "icmpcode": 1,
	"icmp-echoreply": 0, "icmp-unreach": 3, "icmp-sourcequench": 4, "icmp-redirect": 5, "icmp-echo": 8,
	"icmp-routeradvert": 9, "icmp-routersolicit": 10, "icmp-timxceed": 11, "icmp-paramprob": 12, "icmp-tstamp": 13,
	"icmp-tstampreply": 14, "icmp-ireq": 15, "icmp-ireqreply": 16, "icmp-maskreq": 17, "icmp-maskreply": 18,

	"icmp6type": 0, "icmp6code": 1,
	"icmp6-destinationunreach": 1, "icmp6-packettoobig": 2, "icmp6-timeexceeded": 3, "icmp6-parameterproblem": 4,
	"icmp6-echo": 128, "icmp6-echoreply": 129, "icmp6-multicastlistenerquery": 130, "icmp6-multicastlistenerreportv1": 131,
	"icmp6-multicastlistenerdone": 132, "icmp6-routersolicit": 133, "icmp6-routeradvert": 134, "icmp6-neighborsolicit": 135,
	"icmp6-neighboradvert": 136, "icmp6-redirect": 137, "icmp6-routerrenum": 138, "icmp6-nodeinformationquery": 139,
	"icmp6-nodeinformationresponse": 140, "icmp6-ineighbordiscoverysolicit": 141, "icmp6-ineighbordiscoveryadvert": 142,
	"icmp6-multicastlistenerreportv2": 143, "icmp6-homeagentdiscoveryrequest": 144, "icmp6-homeagentdiscoveryreply": 145,
	"icmp6-mobileprefixsolicit": 146, "icmp6-mobileprefixadvert": 147, "icmp6-certpathsolicit": 148, "icmp6-certpathadvert": 149,
	"icmp6-multicastrouteradvert": 151, "icmp6-multicastroutersolicit": 152, "icmp6-multicastrouterterm": 153,

	"tcpflags": 13,
	"tcp-fin":  0x01, "tcp-syn": 0x02, "tcp-rst": 0x04, "tcp-push": 0x08, "tcp-ack": 0x10, "tcp-urg": 0x20, "tcp-ece": 0x40, "tcp-cwr": 0x80,
}

// etherTypes are the names that "ether proto" takes, escaped where they are keywords.
// Values up to 0x5dc are LLC service access points.
var etherTypes = map[string]uint32{
	"aarp": etAARP, "arp": etARP, "atalk": etAppleTalk, "decnet": 0x6003, "ip": etIPv4, "ip6": etIPv6, "lat": 0x6004,
	"loopback": 0x9000, "mopdl": 0x6001, "moprc": 0x6002, "rarp": etRARP, "sca": 0x6007,
	"iso": sapISO, "stp": sapSTP, "ipx": sapIPX, "netbeui": sapNetBEUI,
}

// ipProtocols are the names that "ip proto" and "ip6 proto" take (IANA's
// registry of protocol numbers, as in /etc/protocols).
var ipProtocols = map[string]uint32{
	"ip": 0, "hopopt": 0, "icmp": 1, "igmp": 2, "ggp": 3, "ipencap": 4, "st": 5, "tcp": 6, "egp": 8, "igp": 9, "pup": 12, "udp": 17,
	"hmp": 20, "xns-idp": 22, "rdp": 27, "iso-tp4": 29, "dccp": 33, "xtp": 36, "ddp": 37, "idpr-cmtp": 38, "ipv6": 41,
	"ipv6-route": 43, "ipv6-frag": 44, "idrp": 45, "rsvp": 46, "gre": 47, "esp": 50, "ah": 51, "skip": 57, "ipv6-icmp": 58,
	"icmp6": 58, "icmpv6": 58, "ipv6-nonxt": 59, "ipv6-opts": 60, "rspf": 73, "vmtp": 81, "eigrp": 88, "ospf": 89, "ax.25": 93, "ipip": 94,
	"etherip": 97, "encap": 98, "pim": 103, "ipcomp": 108, "vrrp": 112, "carp": 112, "l2tp": 115, "isis": 124, "sctp": 132, "fc": 133,
	"mobility-header": 135, "udplite": 136, "mpls-in-ip": 137, "manet": 138, "hip": 139, "shim6": 140, "wesp": 141, "rohc": 142,
}

// service is a port with the transports it is registered for.
type service struct {
	port     uint32
	tcp, udp bool
}

// commonServices stand in where /etc/services is missing or does not know a name.
var commonServices = map[string]service{
	"ftp-data": {20, true, false}, "ftp": {21, true, false}, "ssh": {22, true, false}, "telnet": {23, true, false},
	"smtp": {25, true, false}, "domain": {53, true, true}, "bootps": {67, false, true}, "bootpc": {68, false, true},
	"tftp": {69, false, true}, "http": {80, true, false}, "www": {80, true, false}, "kerberos": {88, true, true},
	"pop3": {110, true, false}, "sunrpc": {111, true, true}, "nntp": {119, true, false}, "ntp": {123, false, true},
	"netbios-ns": {137, false, true}, "netbios-dgm": {138, false, true}, "netbios-ssn": {139, true, false},
	"imap2": {143, true, false}, "imap": {143, true, false}, "snmp": {161, true, true}, "snmp-trap": {162, true, true},
	"bgp": {179, true, false}, "ldap": {389, true, true}, "https": {443, true, true}, "microsoft-ds": {445, true, true},
	"syslog": {514, false, true}, "ldaps": {636, true, true}, "imaps": {993, true, false}, "pop3s": {995, true, false},
	"socks": {1080, true, false}, "openvpn": {1194, true, true}, "mqtt": {1883, true, false}, "nfs": {2049, true, true},
	"mysql": {3306, true, false}, "postgresql": {5432, true, false}, "sip": {5060, true, true}, "mdns": {5353, false, true},
	"amqp": {5672, true, true}, "redis": {6379, true, false}, "http-alt": {8080, true, true}, "https-alt": {8443, true, false},
}

// maxServices bounds how much of a services file is read, in bytes.
const maxServices = 4 << 20

// lookupService finds the port of a service by its name or an alias: as
// getaddrinfo does, the first line for TCP and the first for UDP that have it.
// Where both exist and differ, TCP's port counts.
func lookupService(file, name string) (service, bool) {
	s, ok := commonServices[name]
	if file == "" {
		file = "/etc/services"
	}
	f, err := os.Open(file)
	if err != nil {
		return s, ok
	}
	defer f.Close()
	if found, in := scanServices(io.LimitReader(f, maxServices), name); in {
		return found, true
	}
	return s, ok
}

func scanServices(r io.Reader, name string) (service, bool) {
	var tcp, udp uint32
	var inTCP, inUDP bool
	for lines := bufio.NewScanner(r); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), "#")
		f := strings.Fields(line)
		if len(f) < 2 || f[0] != name && !slices.Contains(f[2:], name) {
			continue
		}
		num, transport, _ := strings.Cut(f[1], "/")
		port, err := strconv.ParseUint(num, 10, 16)
		switch {
		case err != nil:
		case transport == "tcp" && !inTCP:
			tcp, inTCP = uint32(port), true
		case transport == "udp" && !inUDP:
			udp, inUDP = uint32(port), true
		}
	}
	switch {
	case inTCP && inUDP && tcp == udp:
		return service{tcp, true, true}, true
	case inTCP:
		return service{tcp, true, false}, true
	}
	return service{udp, false, true}, inUDP
}
