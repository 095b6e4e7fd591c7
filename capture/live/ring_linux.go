package live

import (
	"encoding/binary"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/sockeye-dev/sockeye/capture"
)

const (
	sll2Len = 20 // https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html
	vlanLen = 4  // IEEE 802.1Q tag: TPID and TCI

	etherAddr   = 6
	etherHeader = 14

	// headroom is free space that the kernel leaves in front of each packet for
	// the headers that it keeps elsewhere.
	headroom = 32

	// blockSize has room for one packet of MaxSnapLen with its headers, and is a
	// power of two, so that the kernel gets it as whole pages.
	blockSize = 512 << 10

	// addrOffset is where struct sockaddr_ll follows a packet's header: it is
	// aligned to TPACKET_ALIGNMENT, and the header's size is a multiple already.
	addrOffset = int(unsafe.Sizeof(unix.Tpacket3Hdr{}))
)

// ring is one packet socket with its TPACKET_V3 ring
// (Documentation/networking/packet_mmap.rst): blocks that the kernel fills and
// hands over whole.
type ring struct {
	name   string
	fd     int
	mem    []byte // shared with the kernel; nil once closed
	cooked bool
	link   capture.LinkType
	snap   uint32
	vm     *bpf.VM // decides on packets that the kernel could not; nil: none
	soft   bool    // vm decides on every packet, not only on tagged ones

	ifindex int // 0: any
	hatype  uint16
	state   State

	block int       // the current block's number
	held  bool      // the current block is ours
	left  uint32    // packets left in it, that at off included
	off   int       // offset in mem of the next packet's header
	since time.Time // when the current block was seen first
}

func (r *ring) status() *uint32 {
	return (*uint32)(unsafe.Pointer(&r.mem[r.block*blockSize+8]))
}

// ready reports whether a packet can be taken. It gives back the block whose last
// packet was taken before.
func (r *ring) ready() bool {
	for r.left == 0 {
		if r.held {
			r.held = false
			atomic.StoreUint32(r.status(), unix.TP_STATUS_KERNEL)
			r.block = (r.block + 1) % (len(r.mem) / blockSize)
		}
		if atomic.LoadUint32(r.status())&unix.TP_STATUS_USER == 0 {
			return false
		}
		start := r.block * blockSize
		desc := (*unix.TpacketHdrV1)(unsafe.Pointer(&r.mem[start+8]))
		r.held = true
		r.since = time.Now()
		r.left = desc.Num_pkts
		r.off = start + int(desc.Offset_to_first_pkt)
	}
	return true
}

func (r *ring) header() *unix.Tpacket3Hdr {
	return (*unix.Tpacket3Hdr)(unsafe.Pointer(&r.mem[r.off]))
}

// time returns the next packet's time in nanoseconds. ready must be true.
func (r *ring) time() int64 {
	h := r.header()
	return int64(h.Sec)*1e9 + int64(h.Nsec)
}

// take fills p from the next packet and steps over it. It is false for a packet
// that the filter refuses. ready must be true.
func (r *ring) take(p *capture.Packet) bool {
	h := r.header()
	at := r.off
	r.off += int(h.Next_offset)
	r.left--

	addr := (*unix.RawSockaddrLinklayer)(unsafe.Pointer(&r.mem[at+addrOffset]))
	start := at + int(h.Mac)
	end := start + int(h.Snaplen)
	tag := h.Status&unix.TP_STATUS_VLAN_VALID != 0
	wire := int(h.Len)
	first := start
	switch {
	case r.cooked:
		first = r.cook(start, at+int(h.Net), end, addr, h)
		wire += start - first
	case tag && h.Snaplen >= 2*etherAddr:
		// The tag stood between the addresses and the type (IEEE 802.1Q-2022
		// clause 9): the addresses move forward to make room.
		first = start - vlanLen
		copy(r.mem[first:], r.mem[start:start+2*etherAddr])
		putTag(r.mem[first+2*etherAddr:], h)
		wire += vlanLen
	}

	data := r.mem[first:end:end]
	if r.vm != nil && (r.soft || tag || r.cooked && isTag(addr.Protocol)) && !r.keep(data) {
		return false
	}
	if uint32(len(data)) > r.snap {
		data = data[:r.snap:r.snap]
	}
	p.OrigLen = uint32(wire)
	p.Time = int64(h.Sec)*1e9 + int64(h.Nsec)
	p.Link = r.link
	p.Data = data
	p.Direction = capture.Inbound
	if addr.Pkttype == unix.PACKET_OUTGOING {
		p.Direction = capture.Outbound
	}
	return true
}

// cook writes the SLL2 header, and a tag behind it, over the link-layer header
// and the free space in front of it. It returns where they begin.
//
// Frames are [link, net, end): the kernel says where the network header is. With
// Ethernet that is not to be relied on, because it is behind the tags of a frame
// that goes out with them.
func (r *ring) cook(link, net, end int, addr *unix.RawSockaddrLinklayer, h *unix.Tpacket3Hdr) (first int) {
	payload := min(net, end)
	proto := networkOrder(addr.Protocol)
	if (addr.Hatype == unix.ARPHRD_ETHER || addr.Hatype == unix.ARPHRD_LOOPBACK) && end-link >= etherHeader {
		payload = link + etherHeader
		// Below 1536 it is a length (IEEE 802.3 §3.2.6); then the kernel's number says what it is.
		if t := binary.BigEndian.Uint16(r.mem[payload-2:]); t >= 0x600 {
			proto = t
		}
	}
	first = payload - sll2Len
	if h.Status&unix.TP_STATUS_VLAN_VALID != 0 {
		// As the wire had it: the header names the tag, and the tag the protocol.
		first -= vlanLen
		var tag [vlanLen]byte
		putTag(tag[:], h)
		copy(r.mem[payload-vlanLen:], tag[2:])
		binary.BigEndian.PutUint16(r.mem[payload-2:], proto)
		proto = binary.BigEndian.Uint16(tag[:])
	}
	b := r.mem[first : first+sll2Len]
	binary.BigEndian.PutUint16(b, proto)
	b[2], b[3] = 0, 0
	binary.BigEndian.PutUint32(b[4:], uint32(addr.Ifindex))
	binary.BigEndian.PutUint16(b[8:], addr.Hatype)
	b[10] = addr.Pkttype
	b[11] = addr.Halen
	copy(b[12:], addr.Addr[:])
	return first
}

// isTag reports whether a protocol number, in network order, is that of a tag.
func isTag(proto uint16) bool {
	switch networkOrder(proto) {
	case unix.ETH_P_8021Q, unix.ETH_P_8021AD, unix.ETH_P_QINQ1:
		return true
	}
	return false
}

// networkOrder swaps the bytes of v where the machine is little-endian.
func networkOrder(v uint16) uint16 {
	var b [2]byte
	binary.NativeEndian.PutUint16(b[:], v)
	return binary.BigEndian.Uint16(b[:])
}

// putTag writes TPID and TCI. Kernels before 3.14 do not tell the TPID.
func putTag(b []byte, h *unix.Tpacket3Hdr) {
	tpid := uint16(unix.ETH_P_8021Q)
	if h.Status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
		tpid = h.Hv1.Vlan_tpid
	}
	binary.BigEndian.PutUint16(b, tpid)
	binary.BigEndian.PutUint16(b[2:], uint16(h.Hv1.Vlan_tci))
}

func (r *ring) keep(data []byte) bool {
	n, err := r.vm.Run(data)
	return err == nil && n > 0
}

func (r *ring) close() error {
	var err error
	if r.mem != nil {
		err = unix.Munmap(r.mem)
		r.mem = nil
	}
	if r.fd >= 0 {
		if e := unix.Close(r.fd); err == nil {
			err = e
		}
		r.fd = -1
	}
	return err
}
