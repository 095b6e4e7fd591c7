package manifest

import (
	"bufio"
	"encoding/json"
	"io"
)

// Writer writes a manifest while its capture is made, one connection a line in
// order of completion, so that it needs no memory for finished ones.
type Writer struct {
	w     *bufio.Writer
	m     Manifest
	first bool
	err   error
}

// NewWriter begins a manifest with the head of m. w may be nil: then only the
// totals are kept.
func NewWriter(w io.Writer, m Manifest) *Writer {
	out := &Writer{m: m, first: true}
	out.m.Schema = Schema
	if w == nil {
		return out
	}
	out.w = bufio.NewWriterSize(w, 1<<16)
	head := out.m
	head.Connections = nil
	b, err := json.Marshal(&head)
	out.err = err
	// The head ends where the connections begin: `"connections":null,"totals":{…}}`.
	out.write(b[:len(b)-len(`"connections":null,"totals":`)-len(mustJSON(head.Totals))-1])
	out.write([]byte(`"connections":[`))
	return out
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // the types of this package always marshal
	}
	return b
}

// Connection adds a finished connection to the totals and, unless detail is "totals", to the list.
func (w *Writer) Connection(c *Connection) {
	t := &w.m.Totals
	t.Connections++
	if c.Protocol == "websocket" {
		t.WebSockets++
	}
	t.C2S.add(&c.C2S)
	t.S2C.add(&c.S2C)
	if w.w == nil || w.m.Detail == "totals" {
		return
	}
	sep := ",\n"
	if w.first {
		sep, w.first = "\n", false
	}
	w.write([]byte(sep))
	w.write(mustJSON(c))
}

func (s *Sums) add(d *Direction) {
	s.StreamBytes += d.StreamBytes
	s.LostBytes += d.LostBytes
	s.Frames += d.Frames
	s.Messages += d.Messages
	s.MessageBytes += d.MessageBytes
	for i := range d.List {
		if !d.List[i].Whole {
			s.MessagesAffected++
		}
	}
}

// UDP counts packets that belong to no TCP connection.
func (w *Writer) UDP(packets uint64) { w.m.Totals.UDPPackets += packets }

// Close ends the manifest and returns its totals.
func (w *Writer) Close(packets uint64, fileBytes int64) (Totals, error) {
	w.m.Totals.Packets, w.m.Totals.FileBytes = packets, fileBytes
	if w.w == nil {
		return w.m.Totals, nil
	}
	w.write([]byte("],\n\"totals\":"))
	w.write(mustJSON(w.m.Totals))
	w.write([]byte("}\n"))
	if err := w.w.Flush(); w.err == nil {
		w.err = err
	}
	return w.m.Totals, w.err
}

func (w *Writer) write(b []byte) {
	if w.err == nil {
		_, w.err = w.w.Write(b)
	}
}
