package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets in bytes into the constants of a header, as newPair fills them.
const (
	midABEF = 16 * iota
	midCDGH
	startABEF
	startCDGH
	schedule4
	schedule5
	schedule7
)

// Shared by both lanes. SHA256RNDS2 reads its two words of schedule plus round
// constant from X0 and no other register.
var (
	consts = GP64()
	nonce  = GP32()
	words  = X0
)

// stagger is how many steps the second lane is behind the first, so that one does
// rounds while the other has none to do. Five measured best of 0 to 12.
const stagger = 5

// pairs is the two-lane kernel of the SHA instructions.
func pairs() {
	first, second, start := firstRounds(), secondRounds(), secondStart()
	TEXT("scanPairs", NOSPLIT, "func(consts *[28]uint32, from, pairs, top uint32) uint32")
	Doc("scanPairs hashes pairs of nonces from the given one, wrapping, and returns",
		"how many pairs it passed before one of which a hash has its most significant",
		"32 bits at or below top, or pairs where there is none.")
	Pragma("noescape")
	Load(Param("consts"), consts)
	Load(Param("from"), nonce)
	pairs, top := GP32(), GP32()
	Load(Param("pairs"), pairs)
	Load(Param("top"), top)
	done := GP32()
	XORL(done, done)

	Label("next")
	CMPL(done, pairs)
	JAE(LabelRef("end"))
	lanes := []*lane{
		{abef: X1, cdgh: X2, temp: X3, m: [4]VecPhysical{X4, X5, X6, X7}},
		{abef: X8, cdgh: X9, temp: X10, m: [4]VecPhysical{X11, X12, X13, X14}},
	}
	ahead, behind := lanes[0].steps(0, first, second, start, top), lanes[1].steps(1, first, second, start, top)
	for i := range len(ahead) + stagger {
		if i < len(ahead) {
			ahead[i]()
		}
		if i >= stagger {
			behind[i-stagger]()
		}
	}
	ADDL(U32(2), nonce)
	INCL(done)
	JMP(LabelRef("next"))

	Label("end")
	Store(done, ReturnIndex(0))
	RET()
}

// lane is one nonce's registers. State words lie in SHA256RNDS2's order, lowest
// first: F E B A and H G D C.
type lane struct {
	abef, cdgh, temp VecPhysical
	m                [4]VecPhysical // the schedule's last four vectors of four words
}

// steps are the parts of a nonce's two hashes, in order. Rounds come before the
// schedule that they do not wait for: the older of two ready instructions runs
// first, and rounds are what there is a shortage of time for.
func (l *lane) steps(i int, first, second, start Mem, top Register) []func() {
	steps := []func(){func() { l.begin(i) }}
	for g := 1; g < 16; g++ {
		steps = append(steps, func() {
			l.rounds(first, g, g > 3)
			if g < 15 {
				l.firstSchedule(g + 1)
			}
		})
	}
	steps = append(steps, func() { l.turn(start) })
	for g := range 15 {
		steps = append(steps, func() {
			l.rounds(second, g, g != 2)
			if g < 14 {
				l.secondSchedule(g + 1)
			}
		})
	}
	return append(steps, func() { l.judge(top) })
}

// begin sets the state after the header's rounds 0 to 3, of which only word 3,
// the nonce, is not constant: it adds to A and E. Words 16 to 19 hold it in
// σ0(w3) and w3.
func (l *lane) begin(i int) {
	Commentf("Lane %d: rounds 0 to 3 and words 16 to 19 from the nonce.", i)
	n := GP32()
	LEAL(Mem{Base: nonce, Disp: i}, n)
	BSWAPL(n)
	MOVD(n, l.temp)
	PSHUFD(U8(0x15), l.temp, l.m[0]) // 0 0 0 n
	PSHUFD(U8(0x11), l.temp, l.temp) // 0 n 0 n
	MOVOU(Mem{Base: consts, Disp: startABEF}, l.abef)
	MOVOU(Mem{Base: consts, Disp: startCDGH}, l.cdgh)
	PADDD(l.temp, l.abef)
	SHA256MSG1(l.temp, l.m[0]) // 0 0 σ0(n) n
	MOVOU(Mem{Base: consts, Disp: schedule4}, l.temp)
	PADDD(l.temp, l.m[0])
}

// firstSchedule makes vector g, words 4g to 4g+3, of the header's second block.
// Words 4 to 15 are padding, so vectors 1 to 3 are in the table of constants,
// and what vectors 5 to 7 take from them is constant or zero.
func (l *lane) firstSchedule(g int) {
	switch {
	case g < 5: // constant, or from begin
	case g == 5:
		MOVOU(Mem{Base: consts, Disp: schedule5}, l.m[1])
		SHA256MSG2(l.m[0], l.m[1])
	case g == 6:
		MOVO(l.m[1], l.m[2])
		PALIGNR(U8(4), l.m[0], l.m[2])
		SHA256MSG2(l.m[1], l.m[2])
	case g == 7:
		MOVOU(Mem{Base: consts, Disp: schedule7}, l.m[3])
		l.addSeventh(g)
		SHA256MSG2(l.m[2], l.m[3])
	default:
		l.schedule(g)
	}
}

// turn makes the second hash's first rounds of the first hash's result. Its
// vectors are one word late (vector g is words 4g+1 to 4g+4), because round 0 is
// but an addition of word 0 to A and E, and because the 15 whole vectors that
// follow end with round 60, whose E is the hash's last word.
func (l *lane) turn(start Mem) {
	Comment("The first hash's state becomes the second's message.")
	MOVOU(Mem{Base: consts, Disp: midABEF}, l.m[0])
	MOVOU(Mem{Base: consts, Disp: midCDGH}, l.m[1])
	PADDD(l.m[0], l.abef)
	PADDD(l.m[1], l.cdgh)

	Comment("Vector 3: 0 0 256 w16, and w16 is w0+σ0(w1).")
	PSHUFD(U8(0x0b), l.abef, l.m[3])
	SHA256MSG1(l.abef, l.m[3])
	PSLLDQ(U8(12), l.m[3])
	MOVOU(start.Offset(32), l.m[2])
	PADDD(l.m[2], l.m[3])

	Comment("Vector 0: B C D E.")
	MOVO(l.abef, l.m[0])
	PUNPCKHLQ(l.cdgh, l.m[0])        // B D A C
	PSHUFD(U8(0x1c), l.m[0], l.m[0]) // B C D .
	PSHUFD(U8(0x40), l.abef, l.m[1]) // . . . E
	PBLENDW(U8(0xc0), l.m[1], l.m[0])

	Comment("Vector 1: F G H and the padding's first bit.")
	MOVO(l.abef, l.m[1])
	PUNPCKLLQ(l.cdgh, l.m[1])        // F H E G
	PSHUFD(U8(0x1c), l.m[1], l.m[1]) // F G H .
	MOVOU(start.Offset(48), l.m[2])
	PBLENDW(U8(0xc0), l.m[2], l.m[1])
	PXOR(l.m[2], l.m[2])

	Comment("Round 0.")
	PSHUFD(U8(0xff), l.abef, l.temp)
	PSLLQ(U8(32), l.temp) // 0 w0 0 w0
	MOVOU(start, l.abef)
	MOVOU(start.Offset(16), l.cdgh)
	PADDD(l.temp, l.abef)
}

// secondSchedule makes vector g of the second hash. Words 9 to 14 are zero, so
// vectors 4 to 6 lack a part each.
func (l *lane) secondSchedule(g int) {
	switch {
	case g < 4: // from turn
	case g == 4:
		SHA256MSG1(l.m[1], l.m[0])
		SHA256MSG2(l.m[3], l.m[0])
	case g == 6:
		MOVO(l.m[1], l.m[2])
		PALIGNR(U8(4), l.m[0], l.m[2])
		SHA256MSG2(l.m[1], l.m[2])
	default:
		l.schedule(g)
	}
}

// schedule makes vector g of the four before it.
func (l *lane) schedule(g int) {
	SHA256MSG1(l.m[(g+1)%4], l.m[g%4])
	l.addSeventh(g)
	SHA256MSG2(l.m[(g+3)%4], l.m[g%4])
}

// addSeventh adds to vector g the words that lie seven before its own.
func (l *lane) addSeventh(g int) {
	MOVO(l.m[(g+3)%4], l.temp)
	PALIGNR(U8(4), l.m[(g+2)%4], l.temp)
	PADDD(l.temp, l.m[g%4])
}

// rounds does the four rounds of vector g, whose constants the table holds, and
// its words too unless they are to be added.
func (l *lane) rounds(table Mem, g int, add bool) {
	MOVOU(table.Offset(16*g), words)
	if add {
		PADDD(l.m[g%4], words)
	}
	SHA256RNDS2(words, l.abef, l.cdgh)
	PSHUFD(U8(0x0e), words, words)
	SHA256RNDS2(words, l.cdgh, l.abef)
}

// judge leaves the loop when the hash's last word, a number's most significant
// 32 bits once its bytes are reversed, is at or below top.
func (l *lane) judge(top Register) {
	Comment("E after round 60 is H after round 63.")
	w := GP32()
	PEXTRD(U8(1), l.abef, w)
	ADDL(U32(initial()[7]), w)
	BSWAPL(w)
	CMPL(w, top)
	JBE(LabelRef("end"))
}

// firstRounds is the table of the header's second block: the constant of round
// i at word i, plus word i of the schedule where that is padding.
func firstRounds() Mem {
	words := [16]uint32{4: 0x80000000, 15: 80 * 8}
	k := constants()
	for i := 4; i < 16; i++ {
		k[i] += words[i]
	}
	return table("first", k[:])
}

// secondRounds is the table of the second hash: the constant of round i+1 at
// word i. Words 9 to 12, vector 2, are zero.
func secondRounds() Mem {
	k := constants()
	return table("second", k[1:61])
}

// secondStart holds the second hash's state after round 0 less word 0, and what
// is constant of vectors 3 and 1.
func secondStart() Mem {
	v := initial()
	a, b, c, d, e, f, g, h := v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]
	t1 := h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (e&f ^ ^e&g) + constants()[0]
	t2 := (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + (a&b ^ a&c ^ b&c)
	return table("start", []uint32{
		e, d + t1, a, t1 + t2,
		g, f, c, b,
		0, 0, 32 * 8, 0,
		0, 0, 0, 0x80000000,
	})
}
