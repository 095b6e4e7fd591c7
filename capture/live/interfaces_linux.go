package live

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/sockeye-dev/sockeye/capture"
)

// linkInfo is an interface with what only this system says of it.
type linkInfo struct {
	InterfaceInfo
	hatype uint16
}

// linkOf maps an ARPHRD type (linux/if_arp.h) to the link type of a capture.
// cooked: its link-layer header is of no known form, and SLL2 takes its place.
func linkOf(hatype uint16) (_ capture.LinkType, cooked bool) {
	switch hatype {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		return capture.LinkEthernet, false
	case unix.ARPHRD_NONE, unix.ARPHRD_RAWIP, unix.ARPHRD_TUNNEL, unix.ARPHRD_TUNNEL6, unix.ARPHRD_SIT:
		return capture.LinkRaw, false
	case unix.ARPHRD_IEEE80211:
		return capture.LinkIEEE80211, false
	case unix.ARPHRD_IEEE80211_RADIOTAP:
		return capture.LinkRadiotap, false
	}
	return capture.LinkLinuxSLL2, true
}

// Interfaces returns the interfaces of the network namespace of the calling
// goroutine's thread, in the order of their index. It needs no rights.
func Interfaces() ([]InterfaceInfo, error) {
	links, err := readLinks()
	if err != nil {
		return nil, err
	}
	infos := make([]InterfaceInfo, 0, len(links))
	for i := range links {
		infos = append(infos, links[i].InterfaceInfo)
	}
	return infos, nil
}

func findInterface(name string) (*linkInfo, error) {
	links, err := readLinks()
	if err != nil {
		return nil, err
	}
	for i := range links {
		if links[i].Name == name {
			return &links[i], nil
		}
	}
	return nil, noInterface(name, nil)
}

// loopbackIndex returns the index of the loopback interface; a network namespace
// has exactly one.
func loopbackIndex() (int, error) {
	links, err := readLinks()
	if err != nil {
		return 0, err
	}
	for i := range links {
		if links[i].Loopback {
			return links[i].Index, nil
		}
	}
	return 0, nil
}

// readLinks asks by rtnetlink(7), not by /sys, which may show another namespace.
func readLinks() ([]linkInfo, error) {
	msgs, err := netlink(unix.RTM_GETLINK)
	if err != nil {
		return nil, err
	}
	var links []linkInfo
	for i := range msgs {
		if msgs[i].Header.Type == unix.RTM_NEWLINK {
			if l, ok := parseLink(&msgs[i]); ok {
				links = append(links, l)
			}
		}
	}
	msgs, err = netlink(unix.RTM_GETADDR)
	if err != nil {
		return nil, err
	}
	for i := range msgs {
		if msgs[i].Header.Type == unix.RTM_NEWADDR {
			addAddress(links, &msgs[i])
		}
	}
	slices.SortFunc(links, func(a, b linkInfo) int { return a.Index - b.Index })
	return links, nil
}

func netlink(request int) ([]syscall.NetlinkMessage, error) {
	raw, err := syscall.NetlinkRIB(request, unix.AF_UNSPEC)
	if err != nil {
		return nil, &Error{Kind: Failed, Text: "listing the interfaces", Err: err}
	}
	msgs, err := syscall.ParseNetlinkMessage(raw)
	if err != nil {
		return nil, &Error{Kind: Failed, Text: "listing the interfaces", Err: err}
	}
	return msgs, nil
}

func parseLink(m *syscall.NetlinkMessage) (l linkInfo, ok bool) {
	if len(m.Data) < unix.SizeofIfInfomsg {
		return l, false
	}
	head := (*unix.IfInfomsg)(unsafe.Pointer(&m.Data[0]))
	attrs, err := syscall.ParseNetlinkRouteAttr(m)
	if err != nil {
		return l, false
	}
	l.hatype = head.Type
	l.Index = int(head.Index)
	l.Link, _ = linkOf(head.Type)
	l.Up = head.Flags&unix.IFF_UP != 0
	l.Running = head.Flags&unix.IFF_RUNNING != 0
	l.Loopback = head.Flags&unix.IFF_LOOPBACK != 0
	for _, a := range attrs {
		switch v := a.Value; a.Attr.Type {
		case unix.IFLA_IFNAME:
			name, _, _ := bytes.Cut(v, []byte{0})
			l.Name = string(name)
		case unix.IFLA_MTU:
			if len(v) >= 4 {
				l.MTU = int(binary.NativeEndian.Uint32(v))
			}
		case unix.IFLA_ADDRESS:
			l.MAC = macText(v)
		case unix.IFLA_STATS64:
			l.counters(v)
		}
	}
	return l, l.Name != ""
}

// counters reads the head of struct rtnl_link_stats64.
func (l *linkInfo) counters(v []byte) {
	if len(v) < 32 {
		return
	}
	l.Counted = true
	l.RxPackets = binary.NativeEndian.Uint64(v)
	l.TxPackets = binary.NativeEndian.Uint64(v[8:])
	l.RxBytes = binary.NativeEndian.Uint64(v[16:])
	l.TxBytes = binary.NativeEndian.Uint64(v[24:])
}

// macText is empty for an address of zeros, which loopback has.
func macText(mac []byte) string {
	const hex = "0123456789abcdef"
	var text []byte
	zero := true
	for i, b := range mac {
		if i > 0 {
			text = append(text, ':')
		}
		text = append(text, hex[b>>4], hex[b&15])
		zero = zero && b == 0
	}
	if zero {
		return ""
	}
	return string(text)
}

func addAddress(links []linkInfo, m *syscall.NetlinkMessage) {
	if len(m.Data) < unix.SizeofIfAddrmsg {
		return
	}
	head := (*unix.IfAddrmsg)(unsafe.Pointer(&m.Data[0]))
	attrs, err := syscall.ParseNetlinkRouteAttr(m)
	if err != nil {
		return
	}
	var addr netip.Addr
	for _, a := range attrs {
		// IFA_LOCAL is ours where IFA_ADDRESS is the other end of a point-to-point link.
		if a.Attr.Type == unix.IFA_LOCAL || a.Attr.Type == unix.IFA_ADDRESS && !addr.IsValid() {
			if got, ok := netip.AddrFromSlice(a.Value); ok {
				addr = got
			}
		}
	}
	for i := range links {
		if addr.IsValid() && links[i].Index == int(head.Index) {
			links[i].Addrs = append(links[i].Addrs, netip.PrefixFrom(addr, int(head.Prefixlen)))
		}
	}
}
