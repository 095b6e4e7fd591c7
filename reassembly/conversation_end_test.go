package reassembly

// endConversations are about how connections end, begin again, and what time does to them.
var endConversations = []conversation{
	{"RST, and what was on its way", shaken + `
			> 'ab' ^0
			= > 0 'ab'
			> R
			+1s < 'zz' ^2
			= < 0 'zz'
			+1s port=7 > S
			= end rst >
			= #2 open
			close
			= forget
			= #2 end open
			= #2 forget`},
	{"RST at the end of the capture", shaken + `
			< RA ^0
			close
			= end rst <
			= forget`},
	{"RST behind a hole", shaken + `
			> 'ab' @2 ^0
			> R @4
			close
			= > 0 gap 2 lost
			= > 2 'ab'
			= end rst >
			= forget`},
	{"RST outside the window", `
			> S ws=0 win=1000
			< SA ^0 ws=0 win=1000
			> A ^0
			> R @1002
			> R @-5
			> 'ab' ^0
			= > 0 'ab'` + over},
	{"RST at the window's edge", `
			> S ws=0 win=1000
			< SA ^0 ws=0 win=1000
			> A ^0
			> R @1000
			close
			= end rst >
			= forget`},
	{"RST payload is not stream", shaken + `
			> 'reason' RA ^0
			close
			= end rst >
			= forget`},
	{"RST after FIN", shaken + `
			> 'a' FA ^0
			= > 0 'a'
			= > 1 fin
			< R
			close
			= end rst >
			= forget`},
	{"SYN refused", `
			> S
			< RA ^0 seq=0
			+3s > A port=9 ^0
			= end rst <
			= #2 open
			close
			= forget
			= #2 end open
			= #2 forget`},
	{"forged refusal", `
			> S
			< RA ^77 seq=0
			close
			= end open
			= forget`},
	{"RST that the peer did not heed", shaken + `
			> 'ab' ^0
			= > 0 'ab'
			< A ^2
			> R
			> 'cd' ^0
			< A ^4
			= > 2 'cd'
			+5s > 'ef' ^0
			= > 4 'ef'` + over},
	{"bytes beyond a true RST", shaken + `
			> 'ab' ^0
			= > 0 'ab'
			> R
			> 'cd' ^0
			< A ^2
			close
			= end rst >
			= forget`},

	{"RST in the window, ahead of the next byte: its alleged sender goes on", shaken + `
			> 'ab' ^0
			= > 0 'ab'
			> R @500
			+99ms > 'cd' @2 ^0  // may be a reordering
			= > 2 'cd'
			< A ^4
			+1ms > 'ef' @4 ^0
			= > 4 'ef'
			< A ^6              // nobody acknowledges what was not said
			+1h > 'gh' @6 ^0
			= > 6 'gh'` + over},
	{"RST ahead of the next byte, then the stream ends before its place", shaken + `
			> R @500
			> F @0 ^0
			= > 0 fin
			< FA ^1
			= < 0 fin
			= end fin >
			close
			= forget`},
	{"RST ahead of the next byte, and the bytes before it", shaken + `
			> R @4
			> 'ab' @0 ^0        // captured late
			= > 0 'ab'
			> 'cd' @2 ^0
			= > 2 'cd'
			< A ^4
			close
			= end rst >
			= forget`},
	{"RST ahead of the next byte, and silence", shaken + `
			> R @500
			+1s < 'zz' ^0
			= < 0 'zz'
			+1s port=7 > S
			= end rst >
			= #2 open
			close
			= forget
			= #2 end open
			= #2 forget`},

	{"port reuse", shaken + `
			> 'bb' @2 ^0
			> S isn=9000
			= > 0 gap 2 lost
			= > 2 'bb'
			= end reused
			= forget
			= #2 open
			< SA isn=70000 ^0
			> A ^0
			> 'new' ^0
			= #2 > 0 'new'
			close
			= #2 end open
			= #2 forget`},
	{"port reuse after the end, same ISN", shaken + `
			> F ^0
			= > 0 fin
			< F ^1
			= < 0 fin
			= end fin >
			> S
			= forget
			= #2 open
			close
			= #2 end open
			= #2 forget`},
	{"port reuse seen by the answer only", shaken + `
			> 'a' ^0
			= > 0 'a'
			< SA isn=70000 ^50
			= end reused
			= forget
			= #2 open
			close
			= #2 end open
			= #2 forget`},
	{"old SYN-ACK", `
			> S
			< SA isn=70000 ^-9
			< SA isn=5000 ^0
			> A ^0
			< 'x' ^0
			= < 0 'x'` + over},
	{"SYN again", `
			> S
			+1s > S
			< SA ^0
			< SA ^0
			> A ^0
			> S
			> 'a' ^0
			= > 0 'a'` + over},
	{"SYN after SYN-ACK", `
			< SA ^0
			> S
			> A ^0
			> 'a' ^0
			= > 0 'a'` + over},
	{"simultaneous open", `
			> S
			< S
			> SA ^0
			< SA ^0
			> 'a' ^0
			= > 0 'a'
			< 'b' ^1
			= < 0 'b'` + over},
	{"Fast Open", `
			> 'get' S
			= > 0 'get'
			< SA ^3
			< 'ok' ^3
			= < 0 'ok'` + over},
	{"Fast Open refused: data comes again", `
			> 'get' S
			= > 0 'get'
			< SA ^0
			> 'get' @0 A ^0
			< 'ok' ^3
			= < 0 'ok'` + over},
	{"data before the SYN-ACK", `
			> S
			< 'b' @1 ^0
			< 'a' @0 ^0
			< SA @-1 ^0
			= < 0 'a'
			= < 1 'b'` + over},
	{"SYN-ACK not captured", `
			> S
			> A ^0
			< 'b' @1 ^0
			< 'a' @0 ^0
			= < 0 'a'
			= < 1 'b'` + over},

	{"midstream: held until the answer", `
			> 'bb' @2 ^0
			> 'aa' @0 ^0
			< A ^4
			= > 0 'aa'
			= > 2 'bb'` + over},
	{"midstream: four segments", `
			> 'bb' @2 ^0
			> 'aa' @0 ^0
			> 'cc' @4 ^0
			> 'dd' @6 ^0
			= > 0 'aa'
			= > 2 'bb'
			= > 4 'cc'
			= > 6 'dd'
			> 'ee' ^0
			= > 8 'ee'` + over},
	{"midstream: a second", `
			> 'bb' @2 ^0
			+1s > 'cc' ^0
			= > 0 'bb'
			= > 2 'cc'` + over},
	{"midstream: the capture ends", `
			> 'bb' @2 ^0
			close
			= > 0 'bb'
			= end open
			= forget`},
	{"midstream: the ACK says where the peer starts", `
			> A ^10
			< 'xxyy' @8 ^0
			= < 0 'yy'` + over},
	{"midstream: in flight when the capture began", `
			> A ^0
			< 'cc' @4 ^0
			> A ^6
			= < 0 'cc'` + over},
	{"midstream: lost after the capture began", `
			> A ^0
			+2s < 'cc' @4 ^0
			> A ^6
			+1s > A ^6
			= < 0 gap 4 lost
			= < 4 'cc'` + over},
	{"midstream: keep-alive first", `
			> '~' @0 A ^0
			< A ^1
			> 'a' @1 ^0
			= > 0 'a'` + over},
	{"midstream: empty keep-alive first", `
			> A @-1 ^0
			< A ^0
			> 'a' @0 ^0
			= > 0 'a'` + over},
	{"midstream: late SYN", `
			> 'a' @0 ^0
			> S
			= > 0 'a'
			< SA ^0` + over},
	{"midstream: FIN only", `
			> F @0 ^0
			< F ^1
			= > 0 fin
			= < 0 fin
			= end fin >
			close
			= forget`},
	{"midstream: RST only", `
			< R
			close
			= end rst <
			= forget`},

	{"garbage far outside", shaken + `
			> 'zz' @1073741825 ^0
			> 'zz' @-1073741825 ^0
			> 'a' @0 ^0
			= > 0 'a'` + over},
	{"sequence jumps, and the peer follows", shaken + `
			> 'a' ^0
			= > 0 'a'
			> 'xx' @2000000000 ^0
			< A ^2000000002
			> 'yy' @2000000002 ^0
			< A ^2000000004
			> 'zz' @2000000004 ^0
			= > 1 gap 2000000003 lost
			= > 2000000004 'zz'
			> '00' ^0
			= > 2000000006 '00'` + over},

	{"idle", shaken + `
			+3599s > 'a' ^0
			= > 0 'a'
			+599s port=7 > A ^0
			= #2 open
			+600s port=7 > A ^0
			+600s port=7 > A ^0
			+600s port=7 > A ^0
			+600s port=7 > A ^0
			+600s port=7 > A ^0
			+1s port=7 > A ^0
			= end idle
			= forget
			> 'b' ^0
			= #3 open
			close
			= #2 end open
			= #2 forget
			= #3 > 0 'b'
			= #3 end open
			= #3 forget`},
	{"idle while closing", shaken + `
			> F ^0
			= > 0 fin
			+119s port=7 > A ^0
			= #2 open
			+1s port=7 > A ^0
			= end idle
			= forget
			close
			= #2 end open
			= #2 forget`},
	{"never answered", `
			> S
			+2m port=7 > A ^0
			= end idle
			= forget
			= #2 open
			close
			= #2 end open
			= #2 forget`},
	{"a single time far ahead", shaken + `
			+9000h > 'a' ^0
			= > 0 'a'
			+-9000h > 'b' ^0
			= > 1 'b'
			+1s > 'c' ^0
			= > 2 'c'` + over},
	{"time goes back", shaken + `
			+-500h > 'a' ^0
			= > 0 'a'` + over},
}
