package deflate

import "math/bits"

// Code tables have two levels: the low bits of the input index the first; codes longer than that continue in a second
// table behind it. An entry of either alphabet:
//
//	 31     30..16                      15    14     13     12   11..8       7..0
//	┌───┬────────────────────────────┬─────┬──────┬─────┬─────┬───────────┬─────────────────┐
//	│lit│literal, base, or start of  │spec.│second│ end │ bad │code length│bits to consume: │
//	│   │the second-level table      │     │level │     │     │           │code + extra bits│
//	└───┴────────────────────────────┴─────┴──────┴─────┴─────┴───────────┴─────────────────┘
//
// In an entry that points to the second level, 11..8 are the index bits of that table and 7..0 those of the first.
const (
	entLiteral = 1 << 31
	entSpecial = 1 << 15 // one of the three below, so that the usual path tests one bit
	entSecond  = 1 << 14
	entEnd     = 1 << 13
	entBad     = 1 << 12
)

// First-level bits, and table sizes: the next power of two above zlib's "enough" (1334 and 402 entries).
const (
	litBits   = 10
	distBits  = 8
	clenBits  = 7
	litSize   = 2048
	distSize  = 512
	maxLitLen = 286
	maxDist   = 30
	endBlock  = 256
)

// tables are the two codes of a block, and what they are built from.
type tables struct {
	litMask  uint32 // selects the first-level index
	distMask uint32
	clenMask uint32
	lit      [litSize]uint32
	dist     [distSize]uint32
	clen     [1 << clenBits]uint32          // code length code, see clenEntries
	coded    [maxLitLen + maxDist + 1]coded // the symbols that have a code, those of the distances behind the others
	sorted   [288]uint16                    // symbols by the length of their code, while it is built
}

// coded is a symbol that has a code: symbol<<4 | length of the code, 1 to 15. Small
// messages use a fifth of the alphabet; the others then cost nothing.
type coded uint16

func codedSymbol(symbol int, length uint8) coded { return coded(symbol<<4) | coded(length&15) }
func (c coded) symbol() int                      { return int(c >> 4) }
func (c coded) length() uint8                    { return uint8(c & 15) }

// split parts the symbols that a header's lengths gave a code into those of the two alphabets.
func (t *tables) split(h *dynamicHeader) (lit, dist []coded) {
	all := t.coded[:h.coded]
	at := len(all)
	for at > 0 && all[at-1].symbol() >= h.lit {
		at--
		all[at] -= codedSymbol(h.lit, 0)
	}
	return all[:at], all[at:]
}

// symbolEntries are the entries of the symbols, without code lengths.
type symbolEntries struct {
	lit  [288]uint32
	dist [32]uint32
}

var entries = makeEntries()

// makeEntries lays out the tables of RFC 1951 §3.2.5.
func makeEntries() (s symbolEntries) {
	for i := range 256 {
		s.lit[i] = entLiteral | uint32(i)<<16
	}
	s.lit[endBlock] = entSpecial | entEnd
	base := uint32(3)
	for i := range uint32(28) {
		extra := uint32(0)
		if i >= 8 {
			extra = i/4 - 1
		}
		s.lit[257+i] = base<<16 | extra
		base += 1 << extra
	}
	s.lit[285] = 258 << 16
	s.lit[286] = entSpecial | entBad
	s.lit[287] = entSpecial | entBad
	base = 1
	for i := range uint32(maxDist) {
		extra := uint32(0)
		if i >= 4 {
			extra = i/2 - 1
		}
		s.dist[i] = base<<16 | extra
		base += 1 << extra
	}
	s.dist[30] = entSpecial | entBad
	s.dist[31] = entSpecial | entBad
	return s
}

// setFixed builds the fixed codes of RFC 1951 §3.2.6.
func (t *tables) setFixed() {
	var lit [288]coded
	for i := range lit {
		length := uint8(8)
		switch {
		case i >= 144 && i < 256:
			length = 9
		case i >= 256 && i < 280:
			length = 7
		}
		lit[i] = codedSymbol(i, length)
	}
	t.litMask, _ = build(t.lit[:], lit[:], &t.sorted, entries.lit[:], litBits)
	var dist [32]coded
	for i := range dist {
		dist[i] = codedSymbol(i, 5)
	}
	t.distMask, _ = build(t.dist[:], dist[:], &t.sorted, entries.dist[:], distBits)
}

// build fills table with the canonical code (RFC 1951 §3.2.2) of the symbols, which ascend, and returns the mask of its
// first-level index; the cause is zero if the code is right. A code of no symbols, or of one symbol of one bit, is
// incomplete but allowed, as zlib does: using the missing half is the error.
//
// The first level is built for the shortest length and doubled by copying whenever the length grows, so that every code
// is written once.
func build(table []uint32, symbols []coded, sorted *[288]uint16, entry []uint32, tableBits uint32) (mask uint32, cause Cause) {
	var count [16]uint32
	for _, c := range symbols {
		count[c&15]++
	}
	longest := uint32(15)
	for longest > 1 && count[longest] == 0 {
		longest--
	}
	var at [16]uint32
	used := uint32(0)
	for l := uint32(1); l <= longest; l++ {
		used = used<<1 + count[l]
		if l < 15 {
			at[l+1] = at[l] + count[l]
		}
		if used > 1<<l {
			return 0, Oversubscribed
		}
	}
	if used < 1<<longest && (longest > 1 || used > 1) {
		return 0, Incomplete
	}
	for _, c := range symbols {
		i := &at[c&15]
		sorted[*i] = uint16(c >> 4)
		*i++
	}
	if used < 1<<longest {
		table[0], table[1] = entSpecial|entBad|1, entSpecial|entBad|1
		if used == 1 {
			table[0] = entry[sorted[0]] + 1<<8 + 1
		}
		return 1, 0
	}
	tableBits = min(tableBits, longest)
	fill(table, sorted[:len(symbols)], &count, entry, tableBits)
	return 1<<tableBits - 1, 0
}

// fill writes a complete code. count[l] is the number of codes of length l, sorted their symbols.
func fill(table []uint32, sorted []uint16, count *[16]uint32, entry []uint32, tableBits uint32) {
	length := uint32(1)
	for count[length&15] == 0 {
		length++
	}
	end, code := uint32(1)<<length, uint32(0)
	for ; ; length++ {
		n := count[length&15]
		for _, symbol := range sorted[:n] {
			table[reverse(code, length)] = entry[symbol] + length<<8 + length
			code++
		}
		sorted = sorted[n:]
		if length == tableBits {
			break
		}
		copy(table[end:2*end], table[:end])
		end <<= 1
		code <<= 1
	}
	if code < 1<<tableBits {
		fillSecond(table, sorted, count, entry, tableBits, code)
	}
}

// fillSecond writes the codes longer than the first level; code is that of its length behind its last one.
func fillSecond(table []uint32, sorted []uint16, count *[16]uint32, entry []uint32, tableBits, code uint32) {
	prefix, start, end, length := ^uint32(0), uint32(0), uint32(1)<<tableBits, tableBits
	for len(sorted) > 0 {
		length++
		code <<= 1
		for n := count[length&15]; n > 0; n-- {
			reversed := reverse(code, length)
			if p := reversed & (1<<tableBits - 1); p != prefix {
				prefix, start = p, end
				sub := length - tableBits
				for used := n; used < 1<<sub; {
					sub++
					used = used<<1 + count[(tableBits+sub)&15]
				}
				end = start + 1<<sub
				table[prefix] = start<<16 | entSpecial | entSecond | sub<<8 | tableBits
			}
			rest := length - tableBits
			e := entry[sorted[0]] + rest<<8 + rest
			sorted = sorted[1:]
			for i := start + reversed>>tableBits; i < end; i += 1 << rest {
				table[i] = e
			}
			code++
		}
	}
}

// reverse returns a code of the given length as it is read: with its first bit lowest.
func reverse(code, length uint32) uint32 {
	return uint32(bits.Reverse16(uint16(code))) >> (16 - length&15)
}

// buildCodeLengths builds the code of the code lengths (RFC 1951 §3.2.7), which must be complete.
func (t *tables) buildCodeLengths(lens *[19]uint8) (cause Cause) {
	n := 0
	for symbol, l := range lens {
		t.coded[n] = codedSymbol(symbol, l) // of 0, until the next one
		n += int((l + 15) >> 4)
	}
	if n < 2 {
		return Incomplete
	}
	t.clenMask, cause = build(t.clen[:], t.coded[:n], &t.sorted, clenEntries[:], clenBits)
	return cause
}

// An entry of the code length code, so that lengths and runs of zeros are read in the same way:
//
//	  25           24         21..16          15..12          11..8            7..0
//	┌────────┬────────────┬───────────┬──────────────────┬───────────┬─────────────────┐
//	│previous│not 0: coded│count, base│code length it has│code length│bits to consume: │
//	│again   │            │           │for the symbol    │           │code + extra bits│
//	└────────┴────────────┴───────────┴──────────────────┴───────────┴─────────────────┘
const (
	clenPrevious = 1 << 25
	clenCoded    = 1 << 24
)

// clenEntries are the entries of RFC 1951 §3.2.7, without code lengths.
var clenEntries = [19]uint32{
	1 << 16,
	1<<16 | clenCoded | 1<<12, 1<<16 | clenCoded | 2<<12, 1<<16 | clenCoded | 3<<12, 1<<16 | clenCoded | 4<<12, 1<<16 | clenCoded | 5<<12,
	1<<16 | clenCoded | 6<<12, 1<<16 | clenCoded | 7<<12, 1<<16 | clenCoded | 8<<12, 1<<16 | clenCoded | 9<<12, 1<<16 | clenCoded | 10<<12,
	1<<16 | clenCoded | 11<<12, 1<<16 | clenCoded | 12<<12, 1<<16 | clenCoded | 13<<12, 1<<16 | clenCoded | 14<<12, 1<<16 | clenCoded | 15<<12,
	3<<16 | clenPrevious | 2, 3<<16 | 3, 11<<16 | 7,
}
