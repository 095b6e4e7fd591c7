package live

import (
	"encoding/binary"
	"errors"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/sockeye-dev/sockeye/capture"
)

// FuzzPlanFilter holds the division of a filter to this: an error, or a program
// that the kernel can take, whose jumps stay inside, and a way to decide on every
// packet that the kernel was not asked about.
func FuzzPlanFilter(f *testing.F) {
	for _, make := range []func(capture.LinkType) ([]bpf.RawInstruction, error){port9, vlan5, long} {
		for _, link := range []capture.LinkType{capture.LinkEthernet, capture.LinkLinuxSLL2} {
			prog, err := make(link)
			if err != nil {
				f.Fatal(err)
			}
			var raw []byte
			for _, i := range prog {
				raw = binary.BigEndian.AppendUint16(raw, i.Op)
				raw = binary.BigEndian.AppendUint32(append(raw, i.Jt, i.Jf), i.K)
			}
			f.Add(raw, link == capture.LinkLinuxSLL2, uint8(1), uint32(96))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte, cooked bool, bits uint8, snap uint32) {
		var user []bpf.RawInstruction
		for ; len(raw) >= 8; raw = raw[8:] {
			user = append(user, bpf.RawInstruction{Op: binary.BigEndian.Uint16(raw), Jt: raw[2], Jf: raw[3], K: binary.BigEndian.Uint32(raw[4:])})
		}
		in := filterInput{cooked: cooked, any: cooked && bits&8 != 0, loopback: int(bits & 1), snap: snap%MaxSnapLen + 1,
			direction: capture.Direction(bits >> 1 & 3 % 3)}
		p, err := planFilter(user, in)
		var e *Error
		if err != nil {
			if !errors.As(err, &e) || p.kernel != nil {
				t.Fatalf("%v, %v", p, err)
			}
			return
		}
		if len(p.kernel) == 0 || len(p.kernel) > maxInstructions {
			t.Fatalf("%d instructions", len(p.kernel))
		}
		if p.soft && p.vm == nil {
			t.Fatal("nobody decides")
		}
		head := len(p.kernel) - len(user)
		if p.soft || len(user) == 0 {
			head = len(p.kernel) - 1
			if last := p.kernel[head]; last.Op != opRetK || last.K != in.kernelSnap() {
				t.Fatalf("ends in %+v", last)
			}
		}
		for n, i := range p.kernel[:head] {
			if i.Op == opJeq && n+1+int(max(i.Jt, i.Jf)) > head {
				t.Fatalf("instruction %d jumps behind the prologue", n)
			}
			if i.Op == opLdAbsB && i.K == adVLAN && p.vm == nil {
				t.Fatal("tagged packets pass, and nobody decides on them")
			}
		}
		if p.soft {
			return
		}
		for n, i := range user { // what is the user's stays, but for offsets and the snap length
			k := p.kernel[head+n]
			if k.Op != i.Op || k.Jt != i.Jt || k.Jf != i.Jf || i.Op == opRetK && (i.K == 0) != (k.K == 0) {
				t.Fatalf("%+v became %+v", i, k)
			}
			if cooked && i.Op&7 == unix.BPF_LD && i.Op&0xe0 == unix.BPF_ABS && k.K < netOff {
				t.Fatalf("%+v counts from the link-layer header", k)
			}
		}
	})
}
