package live

import (
	"errors"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/pcap"

	"github.com/sockeye-dev/sockeye/capture"
)

// device is a handle of Npcap, whose library is loaded when it is needed.
type device struct {
	h    *pcap.Handle
	data []byte // the packet at hand, borrowed from Npcap; nil: none
	info gopacket.CaptureInfo
}

// MayCapture returns nil if this process may capture, otherwise an *Error: of
// kind Unsupported without Npcap, of kind Permission if Npcap shows no interfaces.
func MayCapture() error {
	if err := pcap.LoadWinPCAP(); err != nil {
		return &Error{Kind: Unsupported, Text: "Npcap is not installed", Err: err, Remedy: "install it from https://npcap.com"}
	}
	list, err := pcap.FindAllDevs()
	if err != nil || len(list) == 0 {
		return &Error{Kind: Permission, Text: "Npcap shows this user no interfaces", Err: err, Remedy: "run it as administrator"}
	}
	return nil
}

func openDevice(name string, o *Options) (*device, capture.LinkType, error) {
	if err := MayCapture(); err != nil {
		return nil, 0, err
	}
	if known, err := Interfaces(); err != nil {
		return nil, 0, err
	} else if !hasName(known, name) {
		return nil, 0, noInterface(name, nil)
	}
	fail := func(what string, err error) error {
		return &Error{Kind: Failed, Interface: name, Text: what, Err: err}
	}
	idle, err := pcap.NewInactiveHandle(name)
	if err != nil {
		return nil, 0, fail("opening", err)
	}
	defer idle.CleanUp()
	err = errors.Join(idle.SetSnapLen(int(o.SnapLen)), idle.SetPromisc(o.Promiscuous),
		idle.SetTimeout(o.Latency), idle.SetBufferSize(o.RingSize))
	if err != nil {
		return nil, 0, fail("options", err)
	}
	h, err := idle.Activate()
	if err != nil {
		return nil, 0, fail("opening", err)
	}
	d := &device{h: h}
	link := capture.LinkType(h.LinkType())
	if link == capture.LinkRawBSD {
		link = capture.LinkRaw
	}
	if err := d.attach(o, link); err != nil {
		d.close()
		return nil, 0, err
	}
	return d, link, nil
}

func (d *device) attach(o *Options, link capture.LinkType) error {
	prog, err := o.program(link)
	if err != nil {
		return err
	}
	raw := make([]pcap.BPFInstruction, len(prog))
	for n, i := range prog {
		raw[n] = pcap.BPFInstruction{Code: i.Op, Jt: i.Jt, Jf: i.Jf, K: i.K}
	}
	if err := d.h.SetBPFInstructionFilter(raw); err != nil {
		return &Error{Kind: Failed, Text: "Npcap refuses the filter", Err: err}
	}
	direction := pcap.DirectionInOut
	switch o.Direction {
	case capture.Inbound:
		direction = pcap.DirectionIn
	case capture.Outbound:
		direction = pcap.DirectionOut
	default:
		return nil
	}
	if err := d.h.SetDirection(direction); err != nil {
		return &Error{Kind: Failed, Text: "direction", Err: err}
	}
	return nil
}

// fill takes one packet from Npcap's buffer, waiting for Options.Latency at most.
func (d *device) fill() error {
	data, info, err := d.h.ZeroCopyReadPacketData()
	switch {
	case err == nil:
		d.data, d.info = data, info
	case !errors.Is(err, pcap.NextErrorTimeoutExpired):
		return &Error{Kind: Failed, Text: "reading from Npcap", Err: err}
	}
	return nil
}

func (d *device) take(p *capture.Packet) bool {
	if d.data == nil {
		return false
	}
	p.Data, d.data = d.data, nil
	p.OrigLen = uint32(max(d.info.Length, len(p.Data)))
	p.Time = d.info.Timestamp.UnixNano()
	return true
}

func (d *device) stats() (Stats, error) {
	s, err := d.h.Stats()
	if err != nil {
		return Stats{}, &Error{Kind: Failed, Text: "reading the counters", Err: err}
	}
	return Stats{Received: uint64(s.PacketsReceived - s.PacketsDropped), Dropped: uint64(s.PacketsDropped)}, nil
}

func (d *device) close() error {
	d.h.Close()
	return nil
}

func hasName(list []InterfaceInfo, name string) bool {
	for i := range list {
		if list[i].Name == name {
			return true
		}
	}
	return false
}

// Interfaces returns the interfaces that Npcap shows, without counters. Link is
// what interfaces of their kind have.
func Interfaces() ([]InterfaceInfo, error) {
	list, err := pcap.FindAllDevs()
	if err != nil {
		return nil, &Error{Kind: Unsupported, Text: "Npcap is not installed", Err: err, Remedy: "install it from https://npcap.com"}
	}
	// Flags of pcap_findalldevs(3).
	const loopback, up, running = 1, 2, 4
	var infos []InterfaceInfo
	for n, i := range list {
		info := InterfaceInfo{Name: i.Name, Index: n + 1, Link: capture.LinkEthernet,
			Up: i.Flags&up != 0, Running: i.Flags&running != 0, Loopback: i.Flags&loopback != 0}
		if info.Loopback {
			info.Link = capture.LinkNull
		}
		for _, a := range i.Addresses {
			if addr, ok := netip.AddrFromSlice(a.IP); ok {
				bits := 0
				if ones, size := a.Netmask.Size(); size > 0 {
					bits = ones
				}
				info.Addrs = append(info.Addrs, netip.PrefixFrom(addr.Unmap(), bits))
			}
		}
		infos = append(infos, info)
	}
	return infos, nil
}
