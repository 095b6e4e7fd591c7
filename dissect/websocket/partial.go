package websocket

// MaxControlPayload is the longest payload that a control frame may have (RFC 6455 §5.5).
const MaxControlPayload = 125

// PartialHeader reads what the first bytes of a header tell when the rest was
// not captured: with the length field whole, the frame's extent is known even
// where its masking key is not. total is the length of header and payload; ok is
// false when b ends inside the length field, holds a whole header, or when total
// would not fit.
func PartialHeader(b []byte) (h Header, total uint64, ok bool) {
	if len(b) < 2 {
		return Header{}, 0, false
	}
	size := HeaderSize(b[0], b[1])
	if len(b) >= size || b[1]&0x80 == 0 || len(b) < size-4 {
		return Header{}, 0, false
	}
	var whole [MaxHeaderSize]byte
	copy(whole[:], b)
	h, _ = ParseHeader(whole[:size])
	h.Mask = [4]byte{}
	total = uint64(size) + h.Length
	return h, total, total > h.Length
}
