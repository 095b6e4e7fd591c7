package packet

// Where things stand in an Ethernet frame with IPv4 without options, and TCP.
const (
	plainTCP  = ethernetHeader + ipv4Header
	plainData = plainTCP + tcpHeader
)

// plain decodes what nearly every packet is: Ethernet without tags, a whole IPv4
// datagram without options, TCP with all of its header. It returns false, having
// set nothing, for any other: layer by layer then comes to the same where both can.
func (d *Decoded) plain(data []byte, wire int) bool {
	if len(data) < plainData {
		return false
	}
	b := data[:plainData:plainData]
	const version4AndNoOptions = 4<<4 | ipv4Header/4
	if be.Uint16(b[12:]) != etherIPv4 || b[14] != version4AndNoOptions || be.Uint16(b[20:])&0x3fff != 0 || b[23] != protoTCP {
		return false
	}
	end := ethernetHeader + int(be.Uint16(b[16:]))
	header := int(b[46]>>4) * 4
	at := plainTCP + header
	if header < tcpHeader || at > end || end > wire || at > len(data) {
		return false
	}
	d.EtherType = etherIPv4
	d.IPVersion = 4
	d.IPOffset = ethernetHeader
	d.IPID = uint32(be.Uint16(b[18:]))
	d.TTL = b[22]
	d.Proto = protoTCP
	d.L4Offset = plainTCP
	d.flow4(be.Uint32(b[26:]), be.Uint32(b[30:]), be.Uint32(b[34:]))
	d.tcpFields(b[plainTCP:])
	if header > tcpHeader {
		d.knownOptions(data[plainData:at])
	}
	if end > at {
		d.PayloadLen = end - at
		if to := min(end, len(data)); to > at {
			d.Payload = data[at:to:to]
		}
	}
	return true
}
