package reassembly

import (
	"encoding/binary"
	"testing"

	"github.com/sockeye-dev/sockeye/capture/packet"
)

// tally adds up what a stream of many gigabytes is handed on as, and holds that
// it is in order and says the right bytes.
type tally struct {
	t        *testing.T
	next     uint64
	bytes    uint64
	gaps     [4]uint64
	wrong    int
	overlaps int
}

func (h *tally) Open(*Conn) Handler { return h }

func (h *tally) place(dir packet.Dir, at At) {
	if dir != packet.LoToHi || at.Offset != h.next {
		h.wrong++
	}
}

// Data expects at each multiple of 8 the offset itself.
func (h *tally) Data(dir packet.Dir, b []byte, at At) {
	h.place(dir, at)
	for off := (at.Offset + 7) &^ 7; off+8 <= at.Offset+uint64(len(b)); off += 8 {
		if binary.BigEndian.Uint64(b[off-at.Offset:]) != off {
			h.wrong++
		}
	}
	h.next += uint64(len(b))
	h.bytes += uint64(len(b))
}

func (h *tally) Gap(dir packet.Dir, n uint64, c Cause, at At) {
	h.place(dir, at)
	h.next += n
	h.gaps[c] += n
}

func (h *tally) Fin(_ packet.Dir, at At)      { h.place(packet.LoToHi, at) }
func (h *tally) Overlap(packet.Dir, *Overlap) { h.overlaps++ }
func (h *tally) End(reason Reason, _ packet.Dir, _ At) {
	if reason != EndHalfOpen {
		h.t.Errorf("ended with %v", reason)
	}
}
func (h *tally) Forget() {}

// TestHugeStreamWithHoles sends 9 GB: the sequence numbers wrap twice. Segments
// of segmentation offload are cut to 96 bytes by the snap length; some are lost
// in the capture, some reordered, some captured twice, and probes repeat the last byte.
func TestHugeStreamWithHoles(t *testing.T) {
	const size, kept, count = 64_000, 96, 140_625 // 9.0 GB
	h := &tally{t: t}
	tab := New(h, Limits{})
	c := newChat(tab, 1, size)
	conn := &c.conns[0]
	base := conn.seq[0]
	buf := make([]byte, kept)
	put := func(i int) {
		off := uint64(i) * size
		for k := 0; k < kept; k += 8 {
			binary.BigEndian.PutUint64(buf[k:], off+uint64(k))
		}
		c.d = packet.Decoded{Proto: 6, Flow: conn.flow, Seq: base + uint32(off), Ack: 1, Flags: packet.ACK, Window: 500, Payload: buf, PayloadLen: size}
		c.send(tab)
	}
	lost := uint64(0)
	for i := range count {
		switch {
		case i%997 == 500:
			lost += size
		case i%101 == 50 && i+1 < count && (i+1)%997 != 500 && i%997 != 499:
			put(i + 1) // before the one that precedes it
			put(i)
		default:
			put(i)
		}
		if i%103 == 7 && (i-3)%997 != 500 {
			put(i - 3) // a second copy
		}
		if i%10 == 9 {
			c.d = packet.Decoded{Proto: 6, Flow: conn.flow, Dir: 1, Seq: 1, Ack: base + uint32(uint64(i+1)*size), Flags: packet.ACK, Window: 500}
			c.send(tab)
		}
	}
	end := uint64(count) * size
	c.d = packet.Decoded{Proto: 6, Flow: conn.flow, Seq: base + uint32(end), Ack: 1, Flags: packet.ACK | packet.FIN, Window: 500}
	c.send(tab)
	tab.Close()
	st := tab.Stats()
	if h.wrong > 0 || h.overlaps > 0 || h.next != end {
		t.Errorf("%d misplaced or wrong, %d overlaps; %d bytes and holes of %d", h.wrong, h.overlaps, h.next, end)
	}
	whole := (end - lost) / size
	if h.bytes != whole*kept || h.gaps[Snaplen] != whole*(size-kept) || h.gaps[Lost] != lost || h.gaps[Limit] != 0 {
		t.Errorf("%d bytes, gaps %v; want %d bytes, %d lost", h.bytes, h.gaps, whole*kept, lost)
	}
	if st.HeldPeak > 64<<10 || st.Ignored != 0 || st.Resyncs != 0 {
		t.Errorf("%+v", st)
	}
}
