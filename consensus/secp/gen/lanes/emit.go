package main

import (
	"fmt"
	"math/big"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The emitter knows of each vector register between which integers its lanes
// lie, and writes no instruction that could overflow 64 bits or whose operands
// might not be what the arithmetic over it takes them for. That the generator
// ends is the proof that the bounds hold.

// span is a closed interval of integers. A register with a dirty one holds the
// number of the interval in its lowest 52 bits only, which are all that the
// multiplications read.
type span struct {
	lo, hi *big.Int
	dirty  bool
}

func exactly(v int64) span        { return span{lo: big.NewInt(v), hi: big.NewInt(v)} }
func upTo(hi *big.Int) span       { return span{lo: new(big.Int), hi: hi} }
func pow2(n uint) *big.Int        { return new(big.Int).Lsh(big.NewInt(1), n) }
func below(n uint) *big.Int       { return new(big.Int).Sub(pow2(n), big.NewInt(1)) }
func plus(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }

var (
	digit    = upTo(below(52)) // a limb
	minInt64 = new(big.Int).Neg(pow2(63))
	maxInt64 = below(63)
)

// within says whether every integer of s is in t.
func (s span) within(t span) bool {
	return s.lo.Cmp(t.lo) >= 0 && s.hi.Cmp(t.hi) <= 0 && (!s.dirty || t.dirty)
}

func (s span) String() string { return fmt.Sprintf("[%#x, %#x] dirty=%v", s.lo, s.hi, s.dirty) }

// zs are the vector registers.
var zs = [32]VecPhysical{
	Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15,
	Z16, Z17, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26, Z27, Z28, Z29, Z30, Z31,
}

// emitter writes one function.
type emitter struct {
	name  string
	reg   [32]*span           // nil: not known
	slots map[string][5]*span // what is stored
	count map[string]int      // instructions, by kind
}

func newEmitter(name string) *emitter {
	return &emitter{name: name, slots: map[string][5]*span{}, count: map[string]int{}}
}

func (e *emitter) fail(format string, args ...any) {
	panic(e.name + ": " + fmt.Sprintf(format, args...))
}

// at is what register z holds. Only multiplications may ask for dirty ones.
func (e *emitter) at(z int) span {
	if e.reg[z] == nil {
		e.fail("register %d is read before it is set", z)
	}
	return *e.reg[z]
}

func (e *emitter) clean(z int) span {
	s := e.at(z)
	if s.dirty {
		e.fail("register %d is read whole, but only its lowest 52 bits are known", z)
	}
	return s
}

func (e *emitter) set(z int, s span) {
	if s.lo.Cmp(minInt64) < 0 || s.hi.Cmp(maxInt64) > 0 || s.lo.Cmp(s.hi) > 0 {
		e.fail("register %d: %v does not fit", z, s)
	}
	e.reg[z] = &s
}

func (e *emitter) tally(kind string) { e.count[kind]++ }

func (e *emitter) zero(z int) {
	VPXORQ(zs[z], zs[z], zs[z])
	e.set(z, exactly(0))
}

func (e *emitter) move(from, to int) {
	VMOVDQA64(zs[from], zs[to])
	s := e.at(from)
	e.reg[to] = &s
	e.tally("move")
}

func (e *emitter) add(a, b, dst int) {
	x, y := e.clean(a), e.clean(b)
	VPADDQ(zs[b], zs[a], zs[dst])
	e.set(dst, span{lo: plus(x.lo, y.lo), hi: plus(x.hi, y.hi)})
	e.tally("add")
}

func (e *emitter) addMem(m Mem, s span, dst int) {
	if s.dirty {
		e.fail("a dirty limb is added")
	}
	x := e.clean(dst)
	VPADDQ(m, zs[dst], zs[dst])
	e.set(dst, span{lo: plus(x.lo, s.lo), hi: plus(x.hi, s.hi)})
	e.tally("add")
}

func (e *emitter) subMem(m Mem, s span, dst int) {
	if s.dirty {
		e.fail("a dirty limb is subtracted")
	}
	x := e.clean(dst)
	VPSUBQ(m, zs[dst], zs[dst])
	e.set(dst, span{lo: new(big.Int).Sub(x.lo, s.hi), hi: new(big.Int).Sub(x.hi, s.lo)})
	e.tally("add")
}

// addConst adds the same integer to every lane.
func (e *emitter) addConst(v *big.Int, dst int) {
	x := e.clean(dst)
	VPADDQ_BCST(constant(v), zs[dst], zs[dst])
	e.set(dst, span{lo: plus(x.lo, v), hi: plus(x.hi, v)})
	e.tally("add")
}

func (e *emitter) shiftLeft(n uint, a, dst int) {
	x := e.clean(a)
	VPSLLQ(U8(n), zs[a], zs[dst])
	e.set(dst, span{lo: new(big.Int).Lsh(x.lo, n), hi: new(big.Int).Lsh(x.hi, n)})
	e.tally("shift")
}

// shiftRight divides by 2^n, rounding down. Rsh of a negative big.Int does so too.
func (e *emitter) shiftRight(n uint, a, dst int) {
	x := e.clean(a)
	if x.lo.Sign() < 0 {
		VPSRAQ(U8(n), zs[a], zs[dst])
	} else {
		VPSRLQ(U8(n), zs[a], zs[dst])
	}
	e.set(dst, span{lo: new(big.Int).Rsh(x.lo, n), hi: new(big.Int).Rsh(x.hi, n)})
	e.tally("shift")
}

// mask leaves the lowest 52 or 48 bits: what shiftRight has not taken.
func (e *emitter) mask(bits uint, z int) {
	x := e.clean(z)
	VPANDQ(zs[map[uint]int{52: regMask52, 48: regMask48}[bits]], zs[z], zs[z])
	if x.lo.Sign() < 0 || x.hi.Cmp(below(bits)) > 0 {
		x = upTo(below(bits))
	}
	e.set(z, x)
	e.tally("logic")
}

// product is what a and b multiply to at most.
func (e *emitter) product(a, b int) *big.Int {
	x, y := e.at(a), e.at(b)
	if !x.within(dirty(digit)) || !y.within(dirty(digit)) {
		e.fail("factors %v and %v are not limbs", x, y)
	}
	return new(big.Int).Mul(x.hi, y.hi)
}

func dirty(s span) span {
	s.dirty = true
	return s
}

// low and high add the lower and the upper 52 bits of a product.
func (e *emitter) low(a, b, acc int) {
	p := e.product(a, b)
	if p.Cmp(below(52)) > 0 {
		p = below(52)
	}
	s := e.clean(acc)
	VPMADD52LUQ(zs[b], zs[a], zs[acc])
	e.set(acc, span{lo: s.lo, hi: plus(s.hi, p)})
	e.tally("ifma")
}

func (e *emitter) high(a, b, acc int) {
	p := new(big.Int).Rsh(e.product(a, b), 52)
	s := e.clean(acc)
	VPMADD52HUQ(zs[b], zs[a], zs[acc])
	e.set(acc, span{lo: s.lo, hi: plus(s.hi, p)})
	e.tally("ifma")
}

// Constants lie in one table, each once, and are broadcast from there.
var constants struct {
	table  Mem
	offset map[string]int
}

func constant(v *big.Int) Mem {
	if constants.offset == nil {
		constants.offset = map[string]int{}
	}
	if _, ok := constants.offset[v.String()]; !ok {
		constants.offset[v.String()] = 8 * len(constants.offset)
		order = append(order, v)
	}
	m := NewDataAddr(Symbol{Name: "laneConsts", Static: true}, 0)
	return m.Offset(constants.offset[v.String()])
}

var order []*big.Int

// emitConstants writes the table, once all are known.
func emitConstants() {
	GLOBL("laneConsts", RODATA|NOPTR)
	for i, v := range order {
		DATA(8*i, U64(new(big.Int).And(v, below(64)).Uint64()))
	}
}

// broadcast sets all lanes of z to v.
func (e *emitter) broadcast(v *big.Int, z int) {
	VPBROADCASTQ(constant(v), zs[z])
	e.set(z, span{lo: v, hi: v})
	e.tally("load")
}
