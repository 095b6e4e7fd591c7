package session

import (
	"errors"
	"fmt"
	"io"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
)

// source delivers the packets of all files by time, with the place of each; of
// equal times, those of the earlier file first, as pcapfile.Merge does. Unlike
// it, it comes back when it would have to wait for a file that grows.
type source struct {
	inputs []*input
	ifaces uint32 // interfaces of all files so far
	number uint64
	taken  *input // its head was delivered
	err    error  // the first damage of any file
}

// input is one file on its way through a source.
type input struct {
	f        *file
	order    int
	r        *pcapfile.Reader // nil until the file's header is there
	global   []uint32
	head     capture.Packet
	at       int64 // of head
	state    inputState
	declared int
}

type inputState uint8

const (
	inputEmpty   inputState = iota // the next packet is to be read
	inputReady                     // head is there
	inputWaiting                   // at the end of a file that may grow
	inputEnded
)

// magicLen is how many bytes tell what a file is.
const magicLen = 4

// outcome is what next came to.
type outcome uint8

const (
	gotPacket  outcome = iota
	gotNothing         // yet: some file may grow
	gotEnd             // err says whether because of damage
)

func newSource(files []*file) *source {
	s := &source{}
	for i, f := range files {
		s.inputs = append(s.inputs, &input{f: f, order: i})
	}
	return s
}

// next delivers a packet, borrowed until the next call, and the input that it is of.
func (s *source) next(p *capture.Packet) (*input, outcome) {
	if s.taken != nil {
		s.taken.state = inputEmpty
		s.taken = nil
	}
	var first *input
	waiting, blocked := false, false
	for _, in := range s.inputs {
		if in.state == inputEmpty || in.state == inputWaiting {
			s.advance(in)
		}
		switch {
		case in.state == inputWaiting:
			waiting = true
			blocked = blocked || in.f.copied != nil // its next packet belongs in its place
		case in.state == inputReady && (first == nil || in.head.Time < first.head.Time):
			first = in
		}
	}
	switch {
	case blocked || first == nil && waiting:
		return nil, gotNothing
	case first == nil:
		return nil, gotEnd
	}
	s.number++
	*p = first.head
	p.Number = s.number
	p.Interface = first.global[p.Interface]
	s.taken = first
	return first, gotPacket
}

// Interfaces returns the interfaces of all files so far.
func (s *source) Interfaces() []pcapfile.Interface {
	var list []pcapfile.Interface
	for _, in := range s.inputs {
		if in.r != nil {
			list = append(list, in.r.Interfaces()...)
		}
	}
	return list
}

// advance reads an input's next packet.
func (s *source) advance(in *input) {
	grows := in.f.mayGrow() // before it is read: what comes between is not missed
	if in.r == nil && grows && in.f.stored() < magicLen {
		in.state = inputWaiting // it cannot be told what it is
		return
	}
	var err error
	if in.r == nil {
		in.r, err = pcapfile.NewReaderAt(in.f.name, in.f.data, len(s.inputs))
	} else if in.state == inputWaiting && !in.r.Resume() {
		err = io.EOF
	}
	if err == nil {
		in.head, err = in.r.Next()
	}
	if in.r != nil {
		for range in.r.Interfaces()[len(in.global):] {
			in.global = append(in.global, s.ifaces)
			s.ifaces++
		}
	}
	switch {
	case err == nil:
		in.at, in.state = in.r.RecordOffset(), inputReady
	case grows && in.shorter(err):
		in.state = inputWaiting
	default:
		in.state = inputEnded
		s.ended(in, err)
	}
}

// shorter tells whether err only means that the file has no more bytes yet.
func (in *input) shorter(err error) bool {
	if err == io.EOF {
		return in.f.stored() >= in.r.Offset()
	}
	var damage *capture.InputError
	return errors.As(err, &damage) && damage.Truncated
}

// ended notes why an input has no more packets.
func (s *source) ended(in *input, err error) {
	at := int64(-1)
	if in.r != nil {
		at = in.r.Offset()
	}
	var damage *capture.InputError
	if errors.As(err, &damage) && damage.Offset >= 0 {
		at = damage.Offset
	}
	if size := in.f.stored(); err == io.EOF && in.f.follow && size < at {
		err = &capture.InputError{Name: in.f.name, Offset: at, Err: fmt.Errorf("the file became shorter: %d bytes", size)}
	}
	if failed := in.f.failure(at); failed != nil {
		err = failed
	}
	if err != io.EOF && s.err == nil {
		s.err = err
	}
}
