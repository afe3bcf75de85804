// Command lanes writes the assembly of package secp that works on eight field
// elements at once, with the IFMA instructions of AVX-512.
package main

import (
	"fmt"
	"math/big"
	"os"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// elementSize is an element's size in bytes: five limbs of eight lanes.
const elementSize = 5 * 64

// top is what the uppermost limb of an element between functions is at most:
// its value is below 4 · 2^256.
var top = pow2(50)

func main() {
	ConstraintExpr("!purego")
	primitives()
	doubling()
	for _, generator := range []bool{false, true} {
		for _, lambda := range []bool{false, true} {
			addition(generator, lambda)
		}
	}
	start()
	digits()
	scalars()
	keyTable()
	curve()
	root()
	affineForm()
	judgement()
	fmaFunctions()
	emitConstants()
	Generate()
}

// state is where a group's elements lie, in the order of Go's laneState.
type state struct{ base Register }

var places = []string{"x", "y", "z", "f", "keyX", "keyY", "r", "beta", "c", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "x2", "y2"}

func (s state) slot(name string) slot {
	for i, p := range places {
		if p == name {
			return slot{name: name, base: s.base, off: i * elementSize}
		}
	}
	panic("no place called " + name)
}

// argument is the element that a parameter points to.
func argument(name string) slot { return slot{name: name, base: Load(Param(name), GP64())} }

// begin loads the function's pointer to the state.
func begin(name, signature, doc string) (*emitter, state) {
	TEXT(name, NOSPLIT, signature)
	Doc(doc)
	Pragma("noescape")
	s := Load(Param("s"), GP64())
	e := newEmitter(name)
	e.common()
	return e, state{s}
}

func (e *emitter) end() {
	VZEROUPPER()
	RET()
	fmt.Fprintln(os.Stderr, e.name, e.count)
}

func primitives() {
	e := newEmitter("laneMul")
	TEXT("laneMul", NOSPLIT, "func(r, a, b *[5][8]uint64)")
	Doc("laneMul sets r to ab in each lane.")
	Pragma("noescape")
	r, a, b := argument("r"), argument("a"), argument("b")
	e.common()
	e.given(a, below(52))
	e.given(b, below(52))
	e.mul(a, b, 1, r)
	e.promise(r, top)
	e.end()

	e = newEmitter("laneSquares2")
	TEXT("laneSquares2", NOSPLIT, "func(r, a *[2][5][8]uint64, n int)")
	Doc("laneSquares2 squares both of a n times, once or more often.")
	Pragma("noescape")
	rp, ap := Load(Param("r"), GP64()), Load(Param("a"), GP64())
	n := Load(Param("n"), GP64())
	e.common()
	for k := range 2 {
		in := slot{name: fmt.Sprint("a", k), base: ap, off: k * elementSize}
		e.given(in, below(52))
		e.load(in, regA+5*k)
	}
	Label("next")
	for k := range 2 {
		c := columns{e: e}
		c.square(regA + 5*k)
		c.reduced(1, true, nil)
		for i := range 5 {
			e.move(regLow+i, regA+5*k+i)
		}
	}
	DECQ(n)
	JNZ(LabelRef("next"))
	for k := range 2 {
		for i := range 4 {
			VPANDQ(zs[regMask52], zs[regA+5*k+i], zs[regA+5*k+i])
			l := digit
			e.reg[regA+5*k+i] = &l
		}
		out := slot{name: fmt.Sprint("r", k), base: rp, off: k * elementSize}
		e.store(regA+5*k, out)
		e.promise(out, top)
	}
	e.end()
}

// doubling writes the doubling of Jacobian points whose Y is kept twice as
// large, on curves y² = x³ + b: three multiplications and four squarings, one of
// them reduced together with a product.
//
//	M = 3X², B = Y², S = XB, X' = M² - 2S, Y' = M·2(S - X') - B², Z' = YZ
//
// What is stored of Y' is its negative. Whether the stored point is the point
// meant or its opposite depends only on how many operations were done.
func doubling() {
	e, s := begin("laneDouble", "func(s *[18][5][8]uint64, n int)", "laneDouble doubles the point n times, once or more often, and takes its opposite each time.")
	n := Load(Param("n"), GP64())
	x, y, z := s.slot("x"), s.slot("y"), s.slot("z").asLoose()
	m, b, t := s.slot("t0").asLoose(), s.slot("t1").asLoose(), s.slot("t2")
	e.given(x, top)
	e.given(y, top)
	e.given(z, top)
	Label("next")
	e.sqr(x, 3, m)
	e.sqr(y, 1, b)
	e.mul(y, z, 1, z)
	e.mul(x, b, 1, t)
	e.sqr(m, 1, x, term{-2, t})
	e.sum(term{2, x}, term{-2, t})
	Comment("y = b² + m · sum")
	e.load(b, regA)
	c := columns{e: e}
	c.square(regA)
	e.load(m, regA)
	c.product(regA, regB)
	c.reduce(1, y)
	for _, o := range []slot{x, y, z} {
		e.promise(o, top)
	}
	DECQ(n)
	JNZ(LabelRef("next"))
	e.end()
}

// addition writes the addition of a table's entry (x2, y2), y2 being twice the
// point's y:
//
//	H = x2 Z² - X, R = y2 Z³ - Y, I = 4H², J = HI, V = XI
//	X' = R² - J - 2V, Y' = 2 (R (V - X') - YJ), Z' = 2ZH
//
// Again the negative of Y' is stored. For the generator, Z is taken times f in
// H and R: its entries are of the curve that f leads to.
func addition(generator, lambda bool) {
	name, doc := "laneAddKey", "laneAddKey adds entries of the key's table and takes the sum's opposite."
	if generator {
		name, doc = "laneAddGen", "laneAddGen adds entries of the generator's table and takes the sum's opposite."
	}
	if lambda {
		name += "Lambda"
		doc = name + doc[len("laneAddKey"):len(doc)-1] + ". The entries are multiplied by lambda."
	}
	e, s := begin(name, "func(s *[18][5][8]uint64, table *[8]uint64, d *[9]uint32)", doc)
	x, y, z, f := s.slot("x"), s.slot("y"), s.slot("z").asLoose(), s.slot("f").asLoose()
	x2, y2 := s.slot("x2").asLoose(), s.slot("y2").asLoose()
	zz, zzz, h, r, i := s.slot("t0").asLoose(), s.slot("t1").asLoose(), s.slot("t2").asLoose(), s.slot("t3").asLoose(), s.slot("t4").asLoose()
	j, v := s.slot("t5"), s.slot("t6")
	for _, o := range []slot{x, y, z, f, s.slot("beta")} {
		e.given(o, top)
	}
	at := z
	if generator {
		at = v.asLoose()
		e.mul(z, f, 1, at)
	}
	e.sqr(at, 1, zz)
	stride := 1024
	if generator {
		stride = 0
	}
	e.lookup(stride, x2, y2)
	if lambda {
		e.mul(x2, s.slot("beta"), 1, x2)
	}
	e.mul(at, zz, 1, zzz)
	e.mul(x2, zz, 1, h, term{-1, x})
	e.mul(y2, zzz, 1, r, term{-1, y})
	e.sqr(h, 4, i)
	e.mul(z, h, 2, z)
	e.mul(h, i, 1, j)
	e.mul(x, i, 1, v)
	e.sqr(r, 1, x, term{-1, j}, term{-2, v})
	e.sum(term{1, x}, term{-1, v})
	Comment("y = 2 (r · sum + y j)")
	for k := range 5 {
		e.move(regB+k, regTemp+3+k)
	}
	e.load(y, regA)
	e.load(j, regB)
	c := columns{e: e}
	c.product(regA, regB)
	e.load(r, regA)
	c.product(regA, regTemp+3)
	c.reduce(2, y)
	for _, o := range []slot{x, y, z} {
		e.promise(o, top)
	}
	e.end()
}

// start sets the point to entries of the key's table.
func start() {
	e, s := begin("laneStart", "func(s *[18][5][8]uint64, table *[8]uint64, d *[9]uint32)", "laneStart sets the point to entries of the key's table.")
	x, y := s.slot("x"), s.slot("y")
	e.lookup(1024, s.slot("x2"), s.slot("y2"))
	for _, p := range [][2]slot{{s.slot("x2"), x}, {s.slot("y2"), y}} {
		e.load(p[0], regLow)
		// The entry's limbs have more than 52 bits.
		for i := range 5 {
			VPANDQ(zs[regMask52], zs[i], zs[i])
			l := digit
			if i == 4 {
				l = upTo(below(48))
			}
			e.set(i, l)
		}
		e.store(regLow, p[1])
		e.promise(p[1], top)
	}
	for i := range 5 {
		e.zero(i)
	}
	e.addConst(big.NewInt(1), 0)
	e.store(regLow, s.slot("z"))
	e.end()
}

// transpose makes of eight rows of eight words their columns. It uses the eight
// registers at t too.
func (e *emitter) transpose(rows, t int) {
	for i := 0; i < 8; i += 2 {
		VPUNPCKLQDQ(zs[rows+i+1], zs[rows+i], zs[t+i])
		VPUNPCKHQDQ(zs[rows+i+1], zs[rows+i], zs[t+i+1])
	}
	// Now t+i has words of rows i and i+1: 0, 2, 4, 6; t+i+1 has 1, 3, 5, 7.
	for o := range 2 {
		VSHUFI64X2(U8(0x88), zs[t+2+o], zs[t+o], zs[rows])
		VSHUFI64X2(U8(0xdd), zs[t+2+o], zs[t+o], zs[rows+1])
		VSHUFI64X2(U8(0x88), zs[t+6+o], zs[t+4+o], zs[rows+2])
		VSHUFI64X2(U8(0xdd), zs[t+6+o], zs[t+4+o], zs[rows+3])
		VSHUFI64X2(U8(0x88), zs[rows+2], zs[rows], zs[rows+4+o])
		VSHUFI64X2(U8(0xdd), zs[rows+2], zs[rows], zs[t+o]) // word 4+o
		VSHUFI64X2(U8(0x88), zs[rows+3], zs[rows+1], zs[rows+6+o])
		VSHUFI64X2(U8(0xdd), zs[rows+3], zs[rows+1], zs[t+2+o]) // word 6+o
	}
	for o := range 4 {
		VMOVDQA64(zs[rows+4+o], zs[rows+o]) // words 0 to 3
	}
	for o := range 4 {
		VMOVDQA64(zs[t+o], zs[rows+4+o])
	}
	e.count["shuffle"] += 24
	for i := range 8 {
		e.reg[rows+i], e.reg[t+i] = nil, nil
	}
}

// lookup reads an entry for each lane, stride bytes apart from lane to lane, and
// takes the opposite point where the digit's sign says so.
func (e *emitter) lookup(stride int, x2, y2 slot) {
	Comment("Entries: four words of x, four of y, in a row for each lane")
	table, d := Load(Param("table"), GP64()), Load(Param("d"), GP64())
	const rows, t = regA, regA + 8
	for i := range 8 {
		off := GP64()
		MOVL(Mem{Base: d, Disp: 4 * i}, off.As32())
		VMOVDQU64(Mem{Base: table, Index: off, Scale: 1, Disp: i * stride}, zs[rows+i])
		e.tally("load")
	}
	sign := GP32()
	MOVL(Mem{Base: d, Disp: 32}, sign)
	KMOVB(sign, K1)
	e.transpose(rows, t)
	e.unpack(rows, t, false)
	for i := range 5 {
		e.reg[t+i] = &[]span{dirty(digit), dirty(digit), dirty(digit), dirty(digit), upTo(below(48))}[i]
	}
	e.store(t, x2)
	e.unpack(rows+4, t, true)
	// Where the sign says so y becomes p - y. Being above zero and below 2^256,
	// its limbs are right once the borrows have passed.
	const p0 = t + 6
	e.broadcast(new(big.Int).And(prime, below(52)), p0)
	for i, p := range []int{p0, regMask52, regMask52, regMask52, regMask48} {
		VPSUBQ(zs[t+i], zs[p], K1, zs[t+i])
		e.tally("add")
	}
	for i := range 4 {
		VPSRAQ(U8(52), zs[t+i], zs[t+5])
		VPADDQ(zs[t+5], zs[t+i+1], zs[t+i+1])
		e.tally("shift")
		e.tally("add")
	}
	for i := range 4 {
		e.reg[t+i] = &[]span{dirty(digit)}[0]
	}
	e.store(t, y2)
}

// unpack makes limbs of four words of 64 bits.
func (e *emitter) unpack(words, limbs int, whole bool) {
	if whole {
		VPANDQ(zs[regMask52], zs[words], zs[limbs])
	} else {
		VMOVDQA64(zs[words], zs[limbs])
	}
	for i := 1; i < 4; i++ {
		a, b := zs[limbs+i], zs[limbs+4]
		VPSRLQ(U8(64-12*i), zs[words+i-1], a)
		VPSLLQ(U8(12*i), zs[words+i], b)
		if whole {
			VPTERNLOGQ(U8(0xa8), zs[regMask52], b, a) // (a | b) & mask
		} else {
			VPORQ(b, a, a)
		}
		e.count["shift"] += 2
		e.tally("logic")
	}
	VPSRLQ(U8(16), zs[words+3], zs[limbs+4])
	e.tally("shift")
	for i := range 5 {
		s := digit
		if i == 4 {
			s = upTo(below(48))
		}
		e.reg[limbs+i] = &s
	}
}

// canonical makes the value in registers 0 to 4 the residue below p.
func (e *emitter) canonical() {
	Comment("The residue below p")
	e.settle(false)
	// Below 2^256 + 2^216 now, so that p is contained once at most: if and only if
	// the value plus 2^256 - p reaches 2^256.
	if e.at(regLow+4).hi.Cmp(plus(pow2(48), pow2(8))) > 0 {
		e.fail("too large to be made canonical: %v", e.at(regLow+4))
	}
	for i := range 5 {
		e.move(regLow+i, regHigh+i)
	}
	e.addConst(fold256, regHigh)
	e.carry(regHigh, false)
	VPSRLQ(U8(48), zs[regHigh+4], zs[regTemp])
	VPTESTMQ(zs[regTemp], zs[regTemp], K2)
	VPANDQ(zs[regMask48], zs[regHigh+4], zs[regHigh+4])
	for i := range 5 {
		VMOVDQA64(zs[regHigh+i], K2, zs[regLow+i])
		s := digit
		if i == 4 {
			s = upTo(below(48))
		}
		e.set(regLow+i, s)
	}
}

// pack makes four words of the canonical value in registers 0 to 4.
func (e *emitter) pack(words int) {
	for i := range 4 {
		a := zs[words+i]
		if i == 0 {
			VMOVDQA64(zs[regLow], a)
		} else {
			VPSRLQ(U8(12*i), zs[regLow+i], a)
		}
		VPSLLQ(U8(52-12*i), zs[regLow+i+1], zs[regTemp])
		VPORQ(zs[regTemp], a, a)
	}
	e.count["shift"] += 7
	e.count["logic"] += 4
}

// curve writes c = keyX³ + 7.
func curve() {
	e, s := begin("laneCurve", "func(s *[18][5][8]uint64)", "laneCurve sets c to the square of the y that belongs to keyX.")
	x, c, t0 := s.slot("keyX"), s.slot("c"), s.slot("t0")
	e.given(x, top)
	e.sqr(x, 1, t0)
	e.load(x, regA)
	e.load(t0, regB)
	p := columns{e: e}
	p.product(regA, regB)
	e.addConst(big.NewInt(7), regLow)
	p.reduce(1, c)
	e.promise(c, top)
	e.end()
}

// zeros returns a register of bits: the lanes in which registers 0 to 4, which
// are canonical, are zero.
func (e *emitter) zeros() GPVirtual {
	for i := 1; i < 5; i++ {
		VPORQ(zs[i], zs[0], zs[0])
	}
	VPTESTNMQ(zs[0], zs[0], K3)
	m := GP32()
	KMOVB(K3, m)
	return m
}

// root writes the choice of the root's sign, and whether it is a root.
func root() {
	e, s := begin("laneRoot", "func(s *[18][5][8]uint64, given, odd uint32) uint32", "laneRoot makes keyY, except in the lanes that are given, odd or even as told, and returns the lanes in which it is a root of c.")
	y, c, t0 := s.slot("keyY"), s.slot("c"), s.slot("t0")
	e.given(y, top)
	e.given(c, top)
	e.load(y, regLow)
	e.canonical()
	given, odd := Load(Param("given"), GP32()), Load(Param("odd"), GP32())
	e.broadcast(big.NewInt(1), regTemp)
	VPTESTMQ(zs[regLow], zs[regTemp], K4)
	is := GP32()
	KMOVB(K4, is)
	XORL(odd, is)
	NOTL(given)
	ANDL(given, is)
	KMOVB(is, K4)
	e.broadcast(new(big.Int).And(prime, below(52)), regTemp+1)
	for i, p := range []int{regTemp + 1, regMask52, regMask52, regMask52, regMask48} {
		VPSUBQ(zs[i], zs[p], K4, zs[i])
	}
	for i := range 4 {
		VPSRAQ(U8(52), zs[i], zs[regTemp])
		VPADDQ(zs[regTemp], zs[i+1], zs[i+1])
		VPANDQ(zs[regMask52], zs[i], zs[i])
	}
	e.store(regLow, y)
	e.sqr(y, 1, t0, term{-1, c})
	e.canonical()
	m := e.zeros()
	Store(m, ReturnIndex(0))
	e.end()
}

// affineForm writes what Schnorr signatures ask of their point.
func affineForm() {
	e, s := begin("laneFinish", "func(s *[18][5][8]uint64) uint32", "laneFinish makes z that of the curve itself, and returns the lanes in which it is zero.")
	z, f := s.slot("z"), s.slot("f").asLoose()
	e.given(z.asLoose(), top)
	e.given(f, top)
	e.mul(z, f, 1, z)
	e.promise(z, top)
	e.canonical()
	m := e.zeros()
	Store(m, ReturnIndex(0))
	e.end()
}

// judgement writes the comparison of the point's x, and the parity of its y.
func judgement() {
	e, s := begin("laneHasX", "func(s *[18][5][8]uint64) uint32", "laneHasX returns the lanes in which the point's x is r.")
	x, z, r, t0 := s.slot("x"), s.slot("z"), s.slot("r"), s.slot("t0")
	e.given(x, top)
	e.given(z, top)
	e.given(r, top)
	e.sqr(z, 1, t0)
	e.mul(t0, r, 1, t0, term{-1, x})
	e.canonical()
	m := e.zeros()
	Store(m, ReturnIndex(0))
	e.end()

	e, s = begin("laneOddY", "func(s *[18][5][8]uint64, inverse *[5][8]uint64) uint32", "laneOddY returns the lanes in which the point's y is odd, given the inverse of z. The point's stored Y is twice as large.")
	y, half := s.slot("y"), s.slot("t1")
	inverse := argument("inverse")
	t0 = s.slot("t0")
	e.given(y, top)
	e.given(inverse, top)
	e.sqr(inverse, 1, t0)
	e.mul(t0, inverse, 1, t0)
	// (p+1)/2 halves.
	h := new(big.Int).Rsh(plus(prime, big.NewInt(1)), 1)
	for i := range 5 {
		e.broadcast(new(big.Int).And(new(big.Int).Rsh(h, uint(52*i)), below(52)), i)
	}
	e.store(regLow, half)
	e.mul(t0, half, 1, t0)
	e.mul(t0, y, 1, t0)
	e.canonical()
	e.broadcast(big.NewInt(1), regTemp)
	VPTESTMQ(zs[regLow], zs[regTemp], K3)
	m = GP32()
	KMOVB(K3, m)
	Store(m, ReturnIndex(0))
	e.end()
}
