package reassembly

import "testing"

const shaken = `
	> S ws=7 win=1000
	< SA ^0 ws=7 win=1000
	+10ms > A ^0
`

func TestPlain(t *testing.T) {
	s := play(t, Limits{}, shaken+`
		> 'hello' ^0
		= > 0 'hello'
		< 'world' ^5
		= < 0 'world'
		> A ^5
		> F ^5
		= > 5 fin
		< F ^6
		= < 5 fin
		= end fin >
		> A ^6
		< 'world' @0 ^6     // late copy: no new connection
		close
		= forget
	`)
	if st := s.table.Stats(); st.Connections != 1 || st.Closed != 1 || st.Retransmitted != 5 {
		t.Errorf("%+v", st)
	}
}

func TestReordered(t *testing.T) {
	play(t, Limits{}, shaken+`
		> 'cc' @4 ^0
		> 'bb' @2 ^0
		> 'aa' @0 ^0
		= > 0 'aa'
		= > 2 'bb'
		= > 4 'cc'
		close
		= end open
		= forget
	`)
}

func TestProvenHole(t *testing.T) {
	play(t, Limits{}, shaken+`
		> 'aa' @0 ^0
		= > 0 'aa'
		> 'cc' @4 ^0
		< A ^6
		+99ms < A ^6
		+1ms < A ^6
		= > 2 gap 2 lost
		= > 4 'cc'
		close
		= end open
		= forget
	`)
}
