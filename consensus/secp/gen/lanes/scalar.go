package main

import (
	"math/big"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Scalars are modulo the group's order n, in limbs as field elements are. They
// are multiplied by Montgomery's method with R = 2^260, limb by limb.

// number reads hexadecimal digits.
func number(s string) *big.Int {
	v, ok := new(big.Int).SetString(s, 16)
	if !ok {
		panic("not a number: " + s)
	}
	return v
}

var (
	groupOrder = number("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")

	// The lattice of scalars that are zero, and what rounds to it: split.go
	// says whence they come.
	latticeA1 = number("3086d221a7d46bcde86c90e49284eb15")
	latticeB1 = number("e4437ed6010e88286f547fa90abfe4c3")
	latticeA2 = number("114ca50f7a8e2f3f657c1108d9d44cfd8")
	roundG1   = number("3086d221a7d46bcde86c90e49284eb153daa8a1471e8ca7fe893209a45dbb031")
	roundG2   = number("e4437ed6010e88286f547fa90abfe4c4221208ac9df506c61571b4ae8ac47f71")
)

// limbOf is limb i of v, which may be negative: then it is of v modulo a power
// of two that is large enough.
func limbOf(v *big.Int, i int) *big.Int {
	return new(big.Int).And(new(big.Int).Rsh(v, uint(52*i)), below(52))
}

// scalars writes the arithmetic modulo n.
func scalars() {
	e := newEmitter("laneScalarMul")
	TEXT("laneScalarMul", NOSPLIT, "func(r, a, b *[5][8]uint64)")
	Doc("laneScalarMul sets r to ab / 2^260 modulo n in each lane: below n + 2^254, for factors below 2^257.")
	Pragma("noescape")
	r, a, b := argument("r"), argument("a"), argument("b")
	e.common()
	e.given(a, pow2(49))
	e.given(b, pow2(49))
	e.montgomery(a, b, r)
	e.promise(r, pow2(49))
	e.end()

	splitting("laneSplitKey", keyWindow*keyDigits)
	splitting("laneSplitGen", genWindow*genDigits)
}

func (e *emitter) montgomery(a, b, r slot) {
	// n, whose upper limbs are all ones, and -1/n modulo 2^52.
	order := [5]int{24, 25, 26, regMask52, regMask48}
	const inverse, q = 27, 21
	for i := range 3 {
		e.broadcast(limbOf(groupOrder, i), order[i])
	}
	for i := 3; i < 5; i++ {
		if limbOf(groupOrder, i).Cmp(e.at(order[i]).hi) != 0 {
			e.fail("limb %d of n", i)
		}
	}
	e.broadcast(new(big.Int).Sub(pow2(52), new(big.Int).ModInverse(groupOrder, pow2(52))), inverse)
	e.load(a, regA)
	e.load(b, regB)
	c := columns{e: e}
	c.product(regA, regB)
	for i := range 5 {
		// What makes column i a multiple of 2^52, and then its carry.
		e.zero(q)
		whole := e.at(column(i))
		e.reg[column(i)] = &[]span{dirty(digit)}[0]
		e.low(column(i), inverse, q)
		e.reg[column(i)] = &whole
		for j := range 5 {
			e.low(q, order[j], column(i+j))
			e.high(q, order[j], column(i+j+1))
		}
		e.shiftRight(52, column(i), regTemp)
		e.add(regTemp, column(i+1), column(i+1))
	}
	e.carry(regHigh, false)
	e.store(regHigh, r)
}

// splitting writes the split of scalars in two halves, as Go's splitOdd and
// signs do it.
func splitting(name string, width int) {
	TEXT(name, NOSPLIT, "func(halves *[2][3][8]uint64, k *[5][8]uint64)")
	Doc(name + " splits k, below 2^257, in two odd halves, each as a sum of signs.")
	Pragma("noescape")
	e := newEmitter(name)
	halves, k := Load(Param("halves"), GP64()), argument("k")
	e.common()
	e.given(k, pow2(49))
	e.load(k, regA)
	// Rounded quotients in registers 20 to 22 and 23 to 25.
	for i, g := range []*big.Int{roundG1, roundG2} {
		e.quotient(g, 20+3*i)
	}
	// k1 = k - c1 a1 - c2 a2, k2 = c1 b1 - c2 a1, modulo 2^156.
	neg := func(v *big.Int) *big.Int { return new(big.Int).Neg(v) }
	for i := range 3 {
		e.move(regA+i, i)
		e.zero(3 + i)
	}
	e.lower(20, neg(latticeA1), 0)
	e.lower(23, neg(latticeA2), 0)
	e.lower(20, latticeB1, 3)
	e.lower(23, neg(latticeA1), 3)
	for _, z := range []int{0, 3} {
		e.carry3(z)
	}
	// What makes both odd, and 2^width - 1 for the signs.
	one := 6
	e.broadcast(big.NewInt(1), one)
	VPTESTMQ(zs[0], zs[one], K1)
	VPTESTMQ(zs[3], zs[one], K2)
	KANDNB(K2, K1, K3) // k2 odd only
	KANDNB(K1, K2, K4) // k1 odd only
	KORB(K1, K2, K5)
	KNOTB(K5, K5) // none
	for _, odd := range []struct {
		mask   Register
		v1, v2 *big.Int
	}{
		{K5, latticeA1, neg(latticeB1)},
		{K4, latticeA2, latticeA1},
		{K3, plus(latticeA1, latticeA2), plus(neg(latticeB1), latticeA1)},
	} {
		for i := range 3 {
			e.addWhere(odd.mask, limbOf(odd.v1, i), i)
			e.addWhere(odd.mask, limbOf(odd.v2, i), 3+i)
		}
	}
	for _, z := range []int{0, 3} {
		for i := range 3 {
			e.addConst(limbOf(below(uint(width)), i), z+i)
		}
		e.carry3(z)
		// Half of it.
		for i := range 3 {
			e.shiftRight(1, z+i, z+i)
			if i < 2 {
				e.shiftUp(51, z+i+1, regTemp)
				e.add(regTemp, z+i, z+i)
			}
		}
		for i := range 3 {
			VMOVDQU64(zs[z+i], Mem{Base: halves, Disp: 64 * (z + i)})
		}
	}
	e.end()
}

// quotient sets three registers to kg / 2^384, rounded; k is in registers from
// regA. Columns below the sixth are left out: they are less than 2^-60 of it.
func (e *emitter) quotient(g *big.Int, to int) {
	for i := range 5 {
		e.broadcast(limbOf(g, i), regB+i)
	}
	c := columns{e: e}
	var ps []partial
	for i := range 5 {
		for j := range 5 {
			for _, p := range []partial{{i, j, i + j, false}, {i, j, i + j + 1, true}} {
				if p.column > 5 {
					ps = append(ps, p)
				}
			}
		}
	}
	for _, p := range spread(ps) {
		c.add(p, regA, regB)
	}
	const c6, c7, c8, c9, t = regHigh + 1, regHigh + 2, regHigh + 3, regHigh + 4, 26
	e.addConst(pow2(19), c7)
	for i := c6; i < c9; i++ {
		e.shiftRight(52, i, t)
		e.add(t, i+1, i+1)
		e.mask(52, i)
	}
	// 384 is bit 20 of column 7.
	for i, from := range []int{c7, c8} {
		e.shiftRight(20, from, to+i)
		e.shiftUp(32, from+1, t)
		e.add(t, to+i, to+i)
	}
	e.shiftRight(20, c9, to+2)
}

// lower adds the product of three limbs and v, modulo 2^156, to three registers.
func (e *emitter) lower(limbs int, v *big.Int, to int) {
	for j := range 3 {
		e.broadcast(limbOf(v, j), regB+j)
	}
	for i := range 3 {
		for j := range 3 - i {
			e.low(limbs+i, regB+j, to+i+j)
			if i+j < 2 {
				e.high(limbs+i, regB+j, to+i+j+1)
			}
		}
	}
}

// carry3 makes limbs of three registers, modulo 2^156.
func (e *emitter) carry3(z int) {
	for i := range 3 {
		if i < 2 {
			e.shiftRight(52, z+i, 27)
			e.add(27, z+i+1, z+i+1)
		}
		e.mask(52, z+i)
	}
}

// shiftUp multiplies by 2^n modulo 2^52.
func (e *emitter) shiftUp(n uint, a, dst int) {
	VPSLLQ(U8(n), zs[a], zs[dst])
	VPANDQ(zs[regMask52], zs[dst], zs[dst])
	e.set(dst, upTo(new(big.Int).Lsh(below(52-n), n)))
	e.tally("shift")
	e.tally("logic")
}

// addWhere adds a constant in some lanes.
func (e *emitter) addWhere(mask Register, v *big.Int, z int) {
	VPADDQ_BCST(constant(v), zs[z], mask, zs[z])
	s := e.clean(z)
	e.set(z, span{lo: s.lo, hi: plus(s.hi, v)})
	e.tally("add")
}
