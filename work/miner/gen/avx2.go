package main

import (
	"strconv"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// avx2 has eight lanes. The state is in the first eight registers, the schedule
// in memory. Of the other registers one holds the word being made, two what is
// kept from one majority to the next, and five are used in turns. Constants stand in the
// table once a lane. It has no rotations: two shifts make one.
type avx2 struct {
	turn int
	odd  int         // which of two registers has the next majority's difference
	diff VecPhysical // of A and B in the majority before
	ring Mem
	lane Mem
	swap Mem
}

var ymm = []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15}

func (x *avx2) lanes() int            { return 8 }
func (x *avx2) flags() attr.Attribute { return 0 } // its frame asks for the stack to be checked

// begin aligns the ring on the stack, so that no word lies on two lines of the
// cache.
func (x *avx2) begin() {
	x.lane, x.swap = laneNumbers(8), byteSwap(8)
	local := AllocLocal(16*32 + 32)
	LEAQ(local, R9)
	ADDQ(U32(31), R9)
	ANDQ(I32(-32), R9)
	x.ring = Mem{Base: R9}
}

func (x *avx2) end() { VZEROUPPER() }

func (x *avx2) temp() VecPhysical {
	x.turn = (x.turn + 1) % 5
	return ymm[8+x.turn]
}

func (x *avx2) constant(at int) Mem { return Mem{Base: tableBase, Disp: 32 * at} }
func (x *avx2) slot(t int) Mem      { return x.ring.Offset(32 * (t % 16)) }

func (x *avx2) state(i int) VecPhysical { return ymm[i] }
func (x *avx2) fresh(int) VecPhysical   { return Y13 }

func (x *avx2) word(t int) VecPhysical {
	v := x.temp()
	VMOVDQA(x.slot(t), v)
	return v
}

func (x *avx2) old(t int) VecPhysical {
	VMOVDQA(x.slot(t), Y13)
	return Y13
}

func (x *avx2) keep(t int, v VecPhysical)    { VMOVDQA(v, x.slot(t)) }
func (x *avx2) addWord(t int, v VecPhysical) { VPADDD(x.slot(t), v, v) }

func (x *avx2) nonces(from Register, t int) {
	v := x.temp()
	VMOVD(from, v.(Vec).AsX())
	VPBROADCASTD(v.(Vec).AsX(), v)
	VPADDD(x.lane, v, v)
	VPSHUFB(x.swap, v, v)
	x.keep(t, v)
}

func (x *avx2) add(a, v VecPhysical)              { VPADDD(a, v, v) }
func (x *avx2) table(at int, v VecPhysical)       { VMOVDQU(x.constant(at), v) }
func (x *avx2) addTable(at int, a, v VecPhysical) { VPADDD(x.constant(at), a, v) }

// rotated takes two registers: the sum of the parts, whose bits do not overlap
// in a rotation, and the part in hand.
func (x *avx2) rotated(by [3]int, of VecPhysical) VecPhysical {
	sum, part := x.temp(), x.temp()
	VPSRLD(U8(by[0]), of, sum)
	for i, n := range by {
		if i > 0 {
			VPSRLD(U8(n), of, part)
			VPXOR(part, sum, sum)
		}
		VPSLLD(U8(32-n), of, part)
		VPXOR(part, sum, sum)
	}
	return sum
}

func (x *avx2) sigma(by [3]int, of, v VecPhysical, fresh bool) {
	sum, part := x.temp(), x.temp()
	if fresh {
		sum = v
	}
	VPSRLD(U8(by[2]), of, sum)
	for _, n := range by[:2] {
		VPSRLD(U8(n), of, part)
		VPXOR(part, sum, sum)
		VPSLLD(U8(32-n), of, part)
		VPXOR(part, sum, sum)
	}
	if !fresh {
		x.add(sum, v)
	}
}

func (x *avx2) choose(e, f, g VecPhysical) VecPhysical {
	v := x.temp()
	VPXOR(f, g, v)
	VPAND(e, v, v)
	VPXOR(g, v, v)
	return v
}

// majority is B where B and C agree, else A. That B and C differ was worked out
// in the round before, when they were A and B.
func (x *avx2) majority(a, b, c VecPhysical, again bool) VecPhysical {
	v, before := x.temp(), x.diff
	if !again {
		before = x.temp()
		VPXOR(b, c, before)
	}
	x.odd = 1 - x.odd
	x.diff = ymm[14+x.odd]
	VPXOR(a, b, x.diff)
	VPAND(x.diff, before, v)
	VPXOR(b, v, v)
	return v
}

func (x *avx2) judge(e VecPhysical, found string) {
	Comment("The last word's bytes reversed, at or below top?")
	limit := x.temp()
	x.addTable(at(1, states, last), e, e)
	VPSHUFB(x.swap, e, e)
	VPMINUD(x.constant(at(1, states, top)), e, limit)
	VPCMPEQD(limit, e, e)
	VPTEST(e, e)
	JNZ(LabelRef(found))
}

func numbered(name string, n int) string { return name + strconv.Itoa(n) }
