package capture

import "fmt"

// LinkType is a link-layer header type as registered by tcpdump.org
// (https://www.tcpdump.org/linktypes.html), 16 bit. The values are those of the
// LINKTYPE_ registry, as written in files, not the DLT_ values of one system.
type LinkType uint16

// The link types that capture/packet decodes, and those it names when it refuses them.
const (
	LinkNull      LinkType = 0   // BSD loopback: 4 bytes of address family in the capturing host's byte order
	LinkEthernet  LinkType = 1   // Ethernet, IEEE 802.3
	LinkPPP       LinkType = 9   // PPP, perhaps in HDLC-like framing
	LinkRawBSD    LinkType = 12  // DLT_RAW of most systems, sometimes found in files
	LinkRawOpen   LinkType = 14  // DLT_RAW of OpenBSD, sometimes found in files
	LinkPPPHDLC   LinkType = 50  // PPP in HDLC-like framing
	LinkPPPEther  LinkType = 51  // PPPoE session
	LinkRaw       LinkType = 101 // raw IPv4 or IPv6, told apart by the version nibble
	LinkIEEE80211 LinkType = 105 // 802.11, out of scope
	LinkLoop      LinkType = 108 // OpenBSD loopback: address family in network byte order
	LinkLinuxSLL  LinkType = 113 // Linux "cooked" capture v1
	LinkRadiotap  LinkType = 127 // 802.11 with radiotap header, out of scope
	LinkIPv4      LinkType = 228 // raw IPv4
	LinkIPv6      LinkType = 229 // raw IPv6
	LinkLinuxSLL2 LinkType = 276 // Linux "cooked" capture v2
)

// String returns the registry's name, or the number.
func (l LinkType) String() string {
	switch l {
	case LinkNull:
		return "null"
	case LinkEthernet:
		return "ethernet"
	case LinkPPP:
		return "ppp"
	case LinkRawBSD, LinkRawOpen, LinkRaw:
		return "raw"
	case LinkPPPHDLC:
		return "ppp-hdlc"
	case LinkPPPEther:
		return "ppp-ether"
	case LinkIEEE80211:
		return "ieee802.11"
	case LinkLoop:
		return "loop"
	case LinkLinuxSLL:
		return "linux-sll"
	case LinkRadiotap:
		return "ieee802.11-radiotap"
	case LinkIPv4:
		return "ipv4"
	case LinkIPv6:
		return "ipv6"
	case LinkLinuxSLL2:
		return "linux-sll2"
	}
	return fmt.Sprintf("linktype-%d", uint16(l))
}
