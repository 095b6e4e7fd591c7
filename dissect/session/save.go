package session

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
)

// Save writes the packets of these connections, as far as they are known now,
// to a pcapng file, in the order in which they were captured, with the
// decryption secrets of the inputs; what fell out of the ring of a live capture
// is left out (see Lost). The file appears when it is complete; one
// of this name is replaced, unless it is an input.
func (s *Session) Save(ctx context.Context, conns []uint64, path string) (err error) {
	if info, statErr := os.Stat(path); statErr == nil {
		for _, f := range s.files {
			if f.disk == nil {
				continue
			}
			if in, err := f.disk.Stat(); err == nil && os.SameFile(in, info) {
				return fmt.Errorf("%s is being read: choose another name", path)
			}
		}
	}
	out, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part")
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, out.Close()); err == nil {
			err = os.Rename(out.Name(), path)
		}
		if err != nil {
			os.Remove(out.Name())
		}
	}()
	w, err := pcapfile.NewNgWriter(out, pcapfile.NgOptions{Application: "sockeye"})
	if err != nil {
		return err
	}
	if err := s.writeConns(ctx, w, conns); err != nil {
		return err
	}
	return w.Flush()
}

func (s *Session) writeConns(ctx context.Context, w *pcapfile.NgWriter, conns []uint64) error {
	for _, secret := range s.secrets() {
		if err := w.WriteSecrets(secret); err != nil {
			return err
		}
	}
	conns = slices.Clone(conns)
	slices.Sort(conns)
	var h walkHeap
	for _, number := range slices.Compact(conns) {
		if _, ok := s.Row(number); !ok {
			return fmt.Errorf("connection %d: %w", number, ErrNoConnection)
		}
		since, _ := s.since(number)
		x := &walking{walk: walk{s: s, number: number, from: int64(since)}}
		x.knows()
		if more, err := x.step(ctx); err != nil {
			return err
		} else if more {
			h = append(h, x)
		}
	}
	heap.Init(&h)
	ids := map[uint32]uint32{}
	records := newRecordReader(s)
	for n := 0; len(h) > 0; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		x := h[0]
		p, err := x.packet(records)
		if err == nil {
			err = s.writePacket(w, ids, p)
		}
		if err != nil {
			return err
		}
		more, err := x.step(ctx)
		switch {
		case err != nil:
			return err
		case more:
			heap.Fix(&h, 0)
		default:
			heap.Pop(&h)
		}
	}
	return nil
}

// writePacket writes a packet, and its interface before the first one of it.
func (s *Session) writePacket(w *pcapfile.NgWriter, ids map[uint32]uint32, p capture.Packet) error {
	id, ok := ids[p.Interface]
	if !ok {
		i := s.iface(p.Interface)
		var err error
		if id, err = w.AddInterface(i); err != nil {
			return err
		}
		ids[p.Interface] = id
	}
	p.Interface = id
	return w.WritePacket(&p)
}

// iface returns an interface by its number in the session.
func (s *Session) iface(number uint32) pcapfile.Interface {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, f := range s.files {
		if i := slices.Index(f.global, number); i >= 0 {
			out := f.records.Interfaces()[i]
			out.SnapLen = 0                 // it may be smaller than packets are
			out.Offset = min(out.Offset, 0) // packets without a time are of 1970
			return out
		}
	}
	return pcapfile.Interface{}
}

func (s *Session) secrets() []pcapfile.Secret {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []pcapfile.Secret
	for _, f := range s.files {
		out = append(out, f.secrets...)
	}
	return out
}

// walking is a walk whose next packet's number is known, so that many can be
// merged. Packets of the index are read when their turn comes.
type walking struct {
	walk
	at   place
	read capture.Packet // behind the bound of the index
}

// step goes to the next packet; false when there is none.
func (x *walking) step(ctx context.Context) (bool, error) {
	if at, ok := x.place(); ok {
		x.at = at
		return true, nil
	}
	p, _, ok, err := x.next(ctx)
	x.at, x.read = place{number: p.Number}, p
	return ok, err
}

func (x *walking) packet(records *recordReader) (capture.Packet, error) {
	if x.scan != nil {
		return x.read, nil
	}
	return records.read(x.at)
}

type walkHeap []*walking

func (h walkHeap) Len() int           { return len(h) }
func (h walkHeap) Less(i, j int) bool { return h[i].at.number < h[j].at.number }
func (h walkHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *walkHeap) Push(x any)        { *h = append(*h, x.(*walking)) }
func (h *walkHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
