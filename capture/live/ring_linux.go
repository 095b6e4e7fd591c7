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

	// headroom is free space that the kernel leaves in front of each packet for
	// the headers that it keeps elsewhere.
	headroom = 32

	// blockSize has room for one packet of MaxSnapLen with its headers, and is a
	// power of two, so that the kernel gets it as whole pages.
	blockSize = 512 << 10

	// blockHeader is struct tpacket_block_desc up to offset_to_first_pkt and blk_len.
	blockHeader = int(unsafe.Sizeof(unix.TpacketBlockDesc{}))
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
	if r.cooked {
		start = at + int(h.Net)
	}
	end := start + int(h.Snaplen)
	tagged := h.Status&unix.TP_STATUS_VLAN_VALID != 0
	added := 0
	if r.cooked {
		added = r.cook(start, addr, h, tagged)
	} else if tagged && h.Snaplen >= 12 {
		// The tag stood between the addresses and the type (IEEE 802.1Q-2022
		// clause 9): the addresses move forward to make room.
		copy(r.mem[start-vlanLen:], r.mem[start:start+12])
		putTag(r.mem[start-vlanLen+12:], h)
		added = vlanLen
	}

	data := r.mem[start-added : end : end]
	p.OrigLen = h.Len + uint32(added)
	if (r.soft || tagged && r.vm != nil) && !r.keep(data) {
		return false
	}
	if uint32(len(data)) > r.snap {
		data = data[:r.snap:r.snap]
	}
	p.Time = int64(h.Sec)*1e9 + int64(h.Nsec)
	p.Link = r.link
	p.Data = data
	p.Direction = capture.Inbound
	if addr.Pkttype == unix.PACKET_OUTGOING {
		p.Direction = capture.Outbound
	}
	return true
}

// cook writes the SLL2 header in front of the network header at start and
// returns its length, with that of a tag behind it.
func (r *ring) cook(start int, addr *unix.RawSockaddrLinklayer, h *unix.Tpacket3Hdr, tagged bool) int {
	n := sll2Len
	var proto [2]byte
	binary.NativeEndian.PutUint16(proto[:], addr.Protocol) // network order in memory
	if tagged {
		// As the wire had it: the header names the tag, the tag the protocol.
		n += vlanLen
		var tag [4]byte
		putTag(tag[:], h)
		copy(r.mem[start-vlanLen:], tag[2:])
		copy(r.mem[start-2:], proto[:])
		copy(proto[:], tag[:2])
	}
	b := r.mem[start-n : start-n+sll2Len]
	copy(b, proto[:])
	b[2], b[3] = 0, 0
	binary.BigEndian.PutUint32(b[4:], uint32(addr.Ifindex))
	binary.BigEndian.PutUint16(b[8:], addr.Hatype)
	b[10] = addr.Pkttype
	b[11] = addr.Halen
	copy(b[12:], addr.Addr[:])
	return n
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
