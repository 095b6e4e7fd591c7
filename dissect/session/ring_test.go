package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/capture/spool"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

// liveOf plays a capture into a ring, n packets for each call of the function
// that it returns, which is false once there are no more.
func liveOf(t *testing.T, path string, o spool.Options) (*spool.Ring, func(n int) bool) {
	t.Helper()
	src, err := pcapfile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	o.Dir = t.TempDir()
	r, err := spool.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); src.Close() })
	p, err := src.Next()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Declare(src.Interfaces(), "test"); err != nil {
		t.Fatal(err)
	}
	return r, func(n int) bool {
		for range n {
			if err == io.EOF {
				break
			}
			if werr := r.Write(&p); werr != nil {
				t.Fatal(werr)
			}
			p, err = src.Next()
		}
		if ferr := r.Flush(); ferr != nil {
			t.Fatal(ferr)
		}
		return err != io.EOF
	}
}

// TestRing: a capture that comes through a ring large enough for it is the same
// as the file.
func TestRing(t *testing.T) {
	for _, name := range []string{"endings.pcap", "messy-small.pcap", "capture-forms-any-sll2.pcap"} {
		path := filepath.Join(pcaps, name)
		ring, play := liveOf(t, path, spool.Options{})
		s := open(t, session.Options{Live: ring, Name: "test0", Notify: time.Millisecond})
		more := play(100)
		until(t, s, "the first packets", func() bool { return s.Progress().Packets >= min(100, packetsIn(t, path)) })
		for more {
			more = play(997)
		}
		until(t, s, "all packets", func() bool { return s.Progress().Read == ring.Stored() })
		if row, _ := s.Row(uint64(s.Count())); row.Protocol == "" {
			t.Errorf("%s: the protocol of an open connection is not in its row: %+v", name, row)
		}
		if s.Progress().Done {
			t.Fatal("done before the capture has ended")
		}
		ring.End(nil)
		if p := loaded(t, s); p.Err != nil || p.Packets != packetsIn(t, path) || p.Total != 0 {
			t.Fatalf("%s: %+v", name, p)
		}
		for number, want := range straight(t, path) {
			v, err := s.Events(context.Background(), number, session.All(allKinds...))
			if err != nil {
				t.Fatal(err)
			}
			done(t, v)
			got, err := v.Events(context.Background(), 0, v.Len())
			if err != nil || len(got) != len(want) || v.Lost() != 0 {
				t.Fatalf("%s: connection %d: %d events, want %d, %v, lost %d", name, number, len(got), len(want), err, v.Lost())
			}
			for i := range got {
				if !equal(got[i], want[i]) {
					t.Fatalf("%s: connection %d, event %d: %+v, want %+v", name, number, i, got[i].Detail, want[i].Detail)
				}
			}
			v.Close()
		}
		if in := s.Inputs(); len(in) != 1 || in[0].Name != "test0" || in[0].Format != "pcapng" {
			t.Errorf("%+v", in)
		}
	}
}

// TestFallenOut: what fell out of the ring is never shown as something else. The
// list stays whole, a view that was open goes on, one that is opened later says
// what it lacks, and numbers from before mean nothing any more.
func TestFallenOut(t *testing.T) {
	path := generated(t, "chat", 8<<20)
	truth := straight(t, path)
	ring, play := liveOf(t, path, spool.Options{Size: 1 << 20, File: 128 << 10})
	s := open(t, session.Options{
		Live: ring, Name: "test0", Notify: time.Millisecond, Limits: session.Limits{View: 64 << 10},
	})
	play(2000)
	until(t, s, "connections", func() bool { return s.Count() > 0 })
	early, err := s.Events(context.Background(), 1, session.All(event.KindMessage))
	if err != nil {
		t.Fatal(err)
	}
	for play(500) {
		until(t, s, "the open view", func() bool { // all but a message of each side that is not complete
			row, _ := s.Row(1)
			return s.Progress().Read == ring.Stored() && early.Len()+2 >= int(row.Messages[0]+row.Messages[1])
		})
	}
	ring.End(nil)
	p := loaded(t, s)
	if p.Err != nil || p.Packets != packetsIn(t, path) || s.Count() != len(truth) {
		t.Fatalf("%d connections, want %d: %+v", s.Count(), len(truth), p)
	}
	if st := ring.State(); st.From < 4<<20 || p.IndexBytes > st.Used/8 {
		t.Errorf("the index takes %d bytes for a ring of %d", p.IndexBytes, st.Used)
	}
	done(t, early)
	checkEarly(t, early, messagesOf(truth[1]))
	early.Close()
	lost := checkLate(t, s, truth)
	if lost == 0 {
		t.Error("no connection lost packets")
	}
}

func messagesOf(events []*event.Event) []*event.Event {
	var out []*event.Event
	for _, e := range events {
		if e.Detail.Kind() == event.KindMessage {
			out = append(out, e)
		}
	}
	return out
}

// checkEarly: a view that was open all the time knows every message; what it
// holds no more is gone.
func checkEarly(t *testing.T, v *session.View, want []*event.Event) {
	t.Helper()
	if v.Len() != len(want) || v.Lost() != 0 {
		t.Fatalf("%d messages, want %d; lost %d", v.Len(), len(want), v.Lost())
	}
	for i, it := range v.Items(nil, 0, v.Len()) {
		if m := want[i].Detail.(*event.Message); it.Number != m.Number || it.Length != m.Length || it.Time != want[i].Time {
			t.Fatalf("message %d: %+v", i, it)
		}
	}
	first, err := v.Events(context.Background(), 0, 1)
	if err != nil || !equal(first[0], want[0]) {
		t.Errorf("the first message, which is in memory: %v", err)
	}
	if _, err := v.Events(context.Background(), v.Len()/2, 1); !errors.Is(err, spool.ErrGone) {
		t.Errorf("a message that is not in memory, of a connection whose beginning is gone: %v", err)
	}
}

// checkLate opens every connection and returns how many packets are gone.
func checkLate(t *testing.T, s *session.Session, truth map[uint64][]*event.Event) (lost uint64) {
	t.Helper()
	ctx := context.Background()
	for number, events := range truth {
		want := messagesOf(events)
		v, err := s.Events(ctx, number, session.All(event.KindMessage))
		if err != nil {
			t.Fatal(err)
		}
		<-v.Done()
		if _, err := v.Complete(); err != nil {
			t.Fatalf("connection %d: %v", number, err)
		}
		lost += v.Lost()
		if v.Lost() == 0 && v.Len() != len(want) {
			t.Errorf("connection %d: %d messages, want %d", number, v.Len(), len(want))
		}
		if v.Lost() != s.Lost(number) || v.Lost() > 0 && v.Since() == 0 {
			t.Errorf("connection %d lost %d and %d packets", number, v.Lost(), s.Lost(number))
		}
		// The messages that it has are the last ones.
		list, err := v.Events(ctx, 0, v.Len())
		if err != nil {
			t.Fatal(err)
		}
		sent := map[string]int{}
		for _, e := range want {
			sent[says(e)]++
		}
		for _, e := range list {
			if sent[says(e)]--; sent[says(e)] < 0 {
				t.Fatalf("connection %d: never sent: %+v", number, e.Detail)
			}
		}
		if v.Lost() > 0 && len(list) > 0 {
			e := list[len(list)-1]
			id := session.MessageID{Stream: e.Stream, From: e.From, Number: e.Detail.(*event.Message).Number, Since: v.Since()}
			again, err := s.Payload(ctx, number, id, 0)
			if err != nil || again.Time != e.Time || again.Packets != e.Packets {
				t.Fatalf("connection %d: payload of message %d: %v", number, id.Number, err)
			}
			id.Since = 0
			if _, err := s.Payload(ctx, number, id, 0); !errors.Is(err, spool.ErrGone) {
				t.Fatalf("connection %d: a message by a number from the beginning: %v", number, err)
			}
			q := session.All(event.KindMessage)
			q.Since = session.Beginning
			whole, err := s.Events(ctx, number, q)
			if err != nil {
				t.Fatal(err)
			}
			<-whole.Done()
			if _, err := whole.Complete(); !errors.Is(err, spool.ErrGone) || whole.Len() > 0 {
				t.Fatalf("connection %d from the beginning: %d events, %v", number, whole.Len(), err)
			}
			whole.Close()
		}
		if number%8 == 1 {
			saveLate(t, s, number)
		}
		v.Close()
	}
	return lost
}

// says is what a message is, whatever its number.
func says(e *event.Event) string {
	m := e.Detail.(*event.Message)
	return fmt.Sprint(e.From, m.Opcode, m.Length, m.Payload)
}

// saveLate saves what is left of a connection.
func saveLate(t *testing.T, s *session.Session, number uint64) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "left.pcapng")
	if err := s.Save(context.Background(), []uint64{number}, path); err != nil {
		t.Fatal(err)
	}
	row, _ := s.Row(number)
	numbers, cut := s.Packets(number)
	n := packetsIn(t, path)
	if cut || n+s.Lost(number) != row.Packets || uint64(len(numbers)) != n {
		t.Errorf("connection %d: %d packets saved, %d there, %d gone, of %d", number, n, len(numbers), s.Lost(number), row.Packets)
	}
	if n > 0 {
		if p, err := s.Packet(context.Background(), number, numbers[len(numbers)-1]); err != nil || p.Number != row.LastPacket {
			t.Errorf("connection %d: its last packet: %d, %v", number, p.Number, err)
		}
	}
}
