package session_test

import (
	"context"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/sockeye-dev/sockeye/dissect/query"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

// TestJudgedAnew: what passes a filter about the connection is what passes it in
// the end, also of events that came when the connection was something else.
func TestJudgedAnew(t *testing.T) {
	sample := filepath.Join(pcaps, "websockets-plain.pcap")
	b := read(t, sample)
	whole := open(t, session.Options{Files: []string{sample}})
	loaded(t, whole)
	passed, ctx := 0, context.Background()
	for _, expr := range []string{`state == closed and opcode == text`, `state == open and opcode == text`} {
		f, err := query.Compile(expr)
		if err != nil {
			t.Fatal(err)
		}
		r, w := io.Pipe()
		s := open(t, session.Options{Files: []string{"-"}, Stdin: r, Notify: time.Millisecond})
		if _, err := w.Write(b[:len(b)/20]); err != nil {
			t.Fatal(err)
		}
		until(t, s, "a message", func() bool { row, ok := s.Row(1); return ok && row.Messages[0] > 0 })
		q := session.Query{Filter: f}
		v, err := s.Events(ctx, 1, q)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Catch(ctx, 1); err != nil {
			t.Fatal(err)
		}
		early := v.Len()
		if _, err := w.Write(b[len(b)/20:]); err != nil {
			t.Fatal(err)
		}
		w.Close()
		done(t, v)
		late, err := whole.Events(ctx, 1, q)
		if err != nil {
			t.Fatal(err)
		}
		done(t, late)
		if v.Len() != late.Len() {
			t.Errorf("%s: %d events pass, %d early; read as a whole, %d do", expr, v.Len(), early, late.Len())
		}
		passed += early + late.Len()
		v.Close()
		late.Close()
	}
	if passed == 0 {
		t.Error("nothing ever passed")
	}
}
