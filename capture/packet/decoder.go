package packet

import (
	"slices"

	"github.com/sockeye-dev/sockeye/capture"
)

// Options of a Decoder.
type Options struct {
	// VXLANPorts are UDP destination ports that hint at VXLAN beside the usual
	// ones (4789, 4790 and 8472).
	VXLANPorts []uint16
	Limits     Limits
}

// Decoder decodes packets as Decoded.Decode does, and puts IP fragments
// together, whether the fragments are inside tunnels, the tunnels inside
// fragments, or both. It is not safe for concurrent use.
type Decoder struct {
	set    settings
	defrag *Defragmenter
}

// NewDecoder returns a Decoder that holds no fragments yet.
func NewDecoder(o Options) *Decoder {
	l := o.Limits.withDefaults()
	return &Decoder{
		set:    settings{tunnels: l.Tunnels, vxlan: slices.Clone(o.VXLANPorts)},
		defrag: NewDefragmenter(l),
	}
}

// Decode decodes p into d. It returns the packet that d describes, within which
// d's offsets and Payload lie: p itself or, where p is the fragment that makes a
// datagram whole, that datagram: raw IP, with p's number and time. d.FirstPacket
// then tells where the datagram began. The whole datagram is borrowed until the
// next call.
//
// Of any other fragment, d describes the fragment and d.Stop is StopFragment;
// d.Held tells whether it was kept.
func (x *Decoder) Decode(p *capture.Packet, d *Decoded) *capture.Packet {
	*d = Decoded{set: &x.set}
	d.frame(p)
	if d.Stop == StopFragment {
		p = x.fragment(p, d)
	}
	d.set = nil // d may outlive x
	return p
}

// fragment decodes the datagram that a fragment makes whole, if it does, and if
// that holds a fragment which makes a datagram whole, again.
func (x *Decoder) fragment(p *capture.Packet, d *Decoded) *capture.Packet {
	for range maxRounds {
		g, ok := x.defrag.Add(p, d)
		if !ok {
			return p
		}
		p = &g.Packet
		fragment := *d
		d.again(&fragment)
		d.FirstPacket = g.FirstPacket
		d.raw(p.Data, int(p.OrigLen))
		if d.Stop != StopFragment {
			return p
		}
	}
	return p
}

// Stats returns what was counted of fragments so far.
func (x *Decoder) Stats() FragmentStats { return x.defrag.Stats() }
