package main

import (
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// avx512 has 16 lanes, and registers for all that a hash needs: the state in
// the first eight, the schedule in the next 16, the rest in turns. Constants
// are broadcast as they are loaded.
type avx512 struct {
	turn int
	lane Mem
	swap Mem
}

var zmm = []VecPhysical{
	Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15,
	Z16, Z17, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26, Z27, Z28, Z29, Z30, Z31,
}

func (x *avx512) lanes() int            { return 16 }
func (x *avx512) flags() attr.Attribute { return NOSPLIT }

func (x *avx512) begin() { x.lane, x.swap = laneNumbers(16), byteSwap(16) }

func (x *avx512) end() { VZEROUPPER() }

func (x *avx512) temp() VecPhysical {
	x.turn = (x.turn + 1) % 8
	return zmm[24+x.turn]
}

func (x *avx512) constant(at int) Mem { return Mem{Base: tableBase, Disp: 4 * at} }

func (x *avx512) state(i int) VecPhysical { return zmm[i] }
func (x *avx512) word(t int) VecPhysical  { return zmm[8+t%16] }
func (x *avx512) fresh(t int) VecPhysical { return x.word(t) }
func (x *avx512) old(t int) VecPhysical   { return x.word(t) }
func (x *avx512) keep(int, VecPhysical)   {}

func (x *avx512) nonces(from Register, t int) {
	v := x.word(t)
	VPBROADCASTD(from, v)
	VPADDD(x.lane, v, v)
	VPSHUFB(x.swap, v, v)
}

func (x *avx512) add(a, v VecPhysical)              { VPADDD(a, v, v) }
func (x *avx512) addWord(t int, v VecPhysical)      { x.add(x.word(t), v) }
func (x *avx512) table(at int, v VecPhysical)       { VPBROADCASTD(x.constant(at), v) }
func (x *avx512) addTable(at int, a, v VecPhysical) { VPADDD_BCST(x.constant(at), a, v) }

// Truth tables of three bits: VPTERNLOGD's destination, second and first source.
const (
	xor3     = 0x96
	choice   = 0xca
	majority = 0xe8
)

func (x *avx512) rotated(by [3]int, of VecPhysical) VecPhysical {
	a, b, c := x.temp(), x.temp(), x.temp()
	VPRORD(U8(by[0]), of, a)
	VPRORD(U8(by[1]), of, b)
	VPRORD(U8(by[2]), of, c)
	VPTERNLOGD(U8(xor3), c, b, a)
	return a
}

func (x *avx512) sigma(by [3]int, of, v VecPhysical, fresh bool) {
	a, b, c := x.temp(), x.temp(), x.temp()
	if fresh {
		a = v
	}
	VPRORD(U8(by[0]), of, a)
	VPRORD(U8(by[1]), of, b)
	VPSRLD(U8(by[2]), of, c)
	VPTERNLOGD(U8(xor3), c, b, a)
	if !fresh {
		x.add(a, v)
	}
}

func (x *avx512) choose(e, f, g VecPhysical) VecPhysical {
	v := x.temp()
	VMOVDQA64(e, v)
	VPTERNLOGD(U8(choice), g, f, v)
	return v
}

func (x *avx512) majority(a, b, c VecPhysical, _ bool) VecPhysical {
	v := x.temp()
	VMOVDQA64(a, v)
	VPTERNLOGD(U8(majority), c, b, v)
	return v
}

func (x *avx512) judge(e VecPhysical, found string) {
	Comment("The last word's bytes reversed, at or below top?")
	limit := x.temp()
	x.addTable(at(1, states, last), e, e)
	VPSHUFB(x.swap, e, e)
	x.table(at(1, states, top), limit)
	VPCMPUD(U8(2), limit, e, K1)
	KORTESTW(K1, K1)
	JNZ(LabelRef(found))
}

// laneNumbers are 0, 1, 2 and so on.
func laneNumbers(n int) Mem {
	words := make([]uint32, n)
	for i := range words {
		words[i] = uint32(i)
	}
	return table(numbered("lanes", n), words)
}

// byteSwap has VPSHUFB reverse the bytes of each word.
func byteSwap(n int) Mem {
	words := make([]uint32, n)
	for i := range words {
		words[i] = 0x00010203 + 0x04040404*uint32(i%4)
	}
	return table(numbered("swap", n), words)
}
