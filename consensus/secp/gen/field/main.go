// Command field writes package secp's arithmetic for processors with MULX, ADCX
// and ADOX: products, squares, and the two point operations that verification
// spends its time in, whole, so that what lies between their products never
// leaves the processor's reach. The module that this is in keeps avo away from
// the node.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!purego")
	product()
	square()
	squares()
	squares2()
	double()
	add()
	coAdd()
	Generate()
}

// fold is 2^256 mod p.
const fold = 1<<32 + 977

// Registers of a product: the multiplier, as MULX wants it, what a MULX gives, and
// eight limbs. top is for what a reduction leaves above 2^256.
var (
	by     = RDX
	lo, hi = RAX, RCX
	top    = RBX
	wide   = [8]GPPhysical{R8, R9, R10, R11, R12, R13, R14, R15}
)

// value is a field element in memory.
type value Mem

func (v value) limb(i int) Mem { return Mem(v).Offset(8 * i) }

func at(base Register) value { return value{Base: base} }

func (v value) offset(bytes int) value { return value(Mem(v).Offset(bytes)) }

func local() value { return value(AllocLocal(32)) }

func product() {
	TEXT("mulADX", NOSPLIT, "func(z, a, b *[4]uint64)")
	Doc("mulADX sets z to ab.")
	Pragma("noescape")
	Load(Param("z"), RDI)
	Load(Param("a"), RSI)
	Load(Param("b"), RBX)
	mul(at(RSI), at(RBX))
	reduce()
	store(at(RDI))
	end()
}

func square() {
	TEXT("sqrADX", NOSPLIT, "func(z, a *[4]uint64)")
	Doc("sqrADX sets z to a².")
	Pragma("noescape")
	Load(Param("z"), RDI)
	Load(Param("a"), RSI)
	sqr(limbs(at(RSI)))
	reduce()
	store(at(RDI))
	end()
}

// squares keeps the number in registers.
func squares() {
	TEXT("sqrNADX", NOSPLIT, "func(z, a *[4]uint64, n int)")
	Doc("sqrNADX sets z to a^(2^n); n is positive.")
	Pragma("noescape")
	count := AllocLocal(8)
	a := [4]Op{RBX, RSI, RDI, RBP}
	Load(Param("n"), RAX)
	MOVQ(RAX, count)
	Load(Param("a"), RCX)
	for i := range a {
		MOVQ(at(RCX).limb(i), a[i])
	}
	Label("next")
	sqr(a)
	reduce()
	for i := range a {
		MOVQ(wide[i], a[i])
	}
	DECQ(count)
	JNZ(LabelRef("next"))
	Load(Param("z"), RCX)
	store(at(RCX))
	end()
}

func limbs(v value) (l [4]Op) {
	for i := range l {
		l[i] = v.limb(i)
	}
	return l
}

// mul leaves ab in wide.
func mul(a, b value) {
	MOVQ(b.limb(0), by)
	MULXQ(a.limb(0), wide[0], wide[1])
	for i := 1; i < 4; i++ {
		MULXQ(a.limb(i), lo, wide[i+1])
		if i == 1 {
			ADDQ(lo, wide[i])
		} else {
			ADCQ(lo, wide[i])
		}
	}
	ADCQ(Imm(0), wide[4])
	for i := 1; i < 4; i++ {
		MOVQ(b.limb(i), by)
		row([4]Op(limbs(a)), wide[i:i+4], wide[i+4])
	}
}

// row adds by times four limbs to four registers and sets a fifth, with two
// chains of carries.
func row(a [4]Op, sum []GPPhysical, last GPPhysical) {
	XORQ(last, last) // clears both carries
	for j := range a {
		MULXQ(a[j], lo, hi)
		ADCXQ(lo, sum[j])
		if j < 3 {
			ADOXQ(hi, sum[j+1])
		} else {
			ADOXQ(hi, last)
		}
	}
	ADCQ(Imm(0), last)
}

// sqr leaves a² in wide: the products of different limbs, then, on one chain
// of carries, their doubles, and on the other the squares.
func sqr(a [4]Op) {
	MOVQ(a[0], by)
	MULXQ(a[1], wide[1], wide[2])
	MULXQ(a[2], lo, wide[3])
	ADDQ(lo, wide[2])
	MULXQ(a[3], lo, wide[4])
	ADCQ(lo, wide[3])
	ADCQ(Imm(0), wide[4])
	MOVQ(a[1], by)
	XORQ(wide[5], wide[5])
	MULXQ(a[2], lo, hi)
	ADCXQ(lo, wide[3])
	ADOXQ(hi, wide[4])
	MULXQ(a[3], lo, hi)
	ADCXQ(lo, wide[4])
	ADOXQ(hi, wide[5])
	ADCQ(Imm(0), wide[5])
	MOVQ(a[2], by)
	MULXQ(a[3], lo, wide[6])
	ADDQ(lo, wide[5])
	ADCQ(Imm(0), wide[6])

	XORQ(wide[7], wide[7])
	for i := range a {
		MOVQ(a[i], by)
		if i == 0 {
			MULXQ(by, wide[0], hi)
		} else {
			MULXQ(by, lo, hi)
			ADCXQ(wide[2*i], wide[2*i])
			ADOXQ(lo, wide[2*i])
		}
		ADCXQ(wide[2*i+1], wide[2*i+1])
		ADOXQ(hi, wide[2*i+1])
	}
}

// reduce brings wide below 2^256, into its lower half: the upper half comes
// back times fold, what that leaves above once more, and perhaps one bit.
func reduce() {
	MOVQ(U64(fold), by)
	row([4]Op{wide[4], wide[5], wide[6], wide[7]}, wide[:4], top)
	reduceTop()
}

func reduceTop() {
	MULXQ(top, lo, hi)
	ADDQ(lo, wide[0])
	ADCQ(hi, wide[1])
	ADCQ(Imm(0), wide[2])
	ADCQ(Imm(0), wide[3])
	onCarry(func() {
		ADDQ(by, wide[0])
		ADCQ(Imm(0), wide[1]) // the rest is far too small for another carry
	})
}

// rare are the branches of the function being written that next to no number
// takes; they come after its end.
var rare []func()

// onCarry does what to do after a carry that numbers close to 2^256 have only: a
// branch, as it is foreseen, lets the processor go on before the carry is known.
func onCarry(do func()) {
	name := fmt.Sprintf("carry%d", len(rare))
	JCS(LabelRef(name))
	Label(name + "done")
	rare = append(rare, func() {
		Label(name)
		do()
		JMP(LabelRef(name + "done"))
	})
}

// end returns from a function.
func end() {
	RET()
	for _, branch := range rare {
		branch()
	}
	rare = nil
}

func store(z value) {
	for i := range 4 {
		MOVQ(wide[i], z.limb(i))
	}
}

// mulTo and sqrTo are whole operations from memory to memory.
func mulTo(z, a, b value) {
	mul(a, b)
	reduce()
	store(z)
}

func sqrTo(z, a value) {
	sqr(limbs(a))
	reduce()
	store(z)
}

// number is a field element in registers.
type number [4]GPPhysical

var (
	low  = number{R8, R9, R10, R11}
	high = number{R12, R13, R14, R15}
)

func (n number) load(v value) {
	for i := range n {
		MOVQ(v.limb(i), n[i])
	}
}

func (n number) store(v value) {
	for i := range n {
		MOVQ(n[i], v.limb(i))
	}
}

// add adds v to n.
func (n number) add(v [4]Op) {
	ADDQ(v[0], n[0])
	for i := 1; i < 4; i++ {
		ADCQ(v[i], n[i])
	}
	SBBQ(lo, lo)
	ANDQ(by, lo)
	ADDQ(lo, n[0])
	for i := 1; i < 4; i++ {
		ADCQ(Imm(0), n[i])
	}
	onCarry(func() { ADDQ(by, n[0]) }) // what is left is less than fold
}

// sub takes v from n.
func (n number) sub(v [4]Op) {
	SUBQ(v[0], n[0])
	for i := 1; i < 4; i++ {
		SBBQ(v[i], n[i])
	}
	SBBQ(lo, lo)
	ANDQ(by, lo)
	n.unfold()
}

// sub2 takes 2v from n.
func (n number) sub2(v [4]Op) {
	SUBQ(v[0], n[0])
	for i := 1; i < 4; i++ {
		SBBQ(v[i], n[i])
	}
	SBBQ(lo, lo)
	ANDQ(by, lo)
	SUBQ(v[0], n[0])
	for i := 1; i < 4; i++ {
		SBBQ(v[i], n[i])
	}
	SBBQ(hi, hi)
	ANDQ(by, hi)
	ADDQ(hi, lo)
	n.unfold()
}

// unfold takes lo, up to twice fold, from n, in which as much is owed.
func (n number) unfold() {
	SUBQ(lo, n[0])
	for i := 1; i < 4; i++ {
		SBBQ(Imm(0), n[i])
	}
	onCarry(func() { SUBQ(by, n[0]) }) // what is left is close to 2^256
}

func (n number) ops() [4]Op { return [4]Op{n[0], n[1], n[2], n[3]} }

func (n number) set(a number) {
	for i := range n {
		MOVQ(a[i], n[i])
	}
}

// half halves n: p is added to an odd one, as a bit at 256 and fold less below.
func (n number) half() {
	MOVQ(n[0], lo)
	ANDQ(Imm(1), lo)
	MOVQ(lo, hi) // the bit at 256
	NEGQ(lo)
	ANDQ(by, lo)
	SUBQ(lo, n[0])
	for i := 1; i < 4; i++ {
		SBBQ(Imm(0), n[i])
	}
	SBBQ(Imm(0), hi)
	for i := range 3 {
		SHRQ(Imm(1), n[i+1], n[i])
	}
	SHRQ(Imm(1), hi, n[3])
}

// point is a jacobian in memory.
func point(base Register) (x, y, z value) {
	return at(base), at(base).offset(32), at(base).offset(64)
}

// double is point.go's doubleGeneric, n times, in an order that puts beside each
// operation one that does not wait for it. l, 3/2 x², is made at the end of each
// turn for the next.
func double() {
	TEXT("doubleADX", NOSPLIT, "func(p *[4]uint64, n int)")
	Doc("doubleADX doubles a point that is not infinity n times; n is positive. Its x is",
		"at p, y and z follow.")
	Pragma("noescape")
	s, t, l, l2 := local(), local(), local(), local()
	Load(Param("p"), RDI)
	Load(Param("n"), RSI)
	x, y, z := point(RDI)
	slope(l, x)
	Label("next")
	sqrTo(s, y)
	sqrTo(l2, l)
	mulTo(t, x, s)
	mulTo(z, y, z)
	low.load(l2) // x = l² - 2t
	high.load(t)
	low.sub2(high.ops())
	store(x)
	high.sub(low.ops())
	high.store(t)
	sqrTo(s, s)
	mul(t, l) // y = l (t - x) - s²
	reduce()
	low.sub(limbs(s))
	store(y)
	DECQ(RSI)
	JZ(LabelRef("end"))
	slope(l, x)
	JMP(LabelRef("next"))
	Label("end")
	end()
}

// slope sets l to 3/2 x².
func slope(l, x value) {
	sqr(limbs(x))
	reduce()
	high.set(low)
	low.half()
	low.add(high.ops())
	store(l)
}

// add is point.go's addAt.
func add() {
	TEXT("addADX", NOSPLIT, "func(p, a, z *[4]uint64) uint64")
	Doc("addADX adds a to p, which is not infinity and whose z, as seen from a, is z.",
		"Their x are at p and a, y (and z of p) follow.",
		"Where the two have the same x it leaves p alone and returns 1 if they are the",
		"same and 2 if they are not; otherwise 0.")
	Pragma("noescape")
	z2, h, r, h2, h3, v, r2 := local(), local(), local(), local(), local(), local(), local()
	Load(Param("p"), RDI)
	Load(Param("a"), RSI)
	px, py, pz := point(RDI)
	ax, ay := at(RSI), at(RSI).offset(32)
	Load(Param("z"), RBX)
	sqrTo(z2, at(RBX))
	Load(Param("z"), RBX)
	mulTo(r, ay, at(RBX))
	mul(ax, z2)
	reduce()
	low.sub(limbs(px))
	store(h)
	mul(r, z2)
	reduce()
	low.sub(limbs(py))
	store(r)
	sqrTo(h2, h)
	low.load(h)
	isZero("same")
	sqrTo(r2, r)
	mulTo(v, px, h2)
	mulTo(h3, h2, h)
	mulTo(pz, pz, h)
	low.load(r2)
	low.sub(limbs(h3))
	high.load(v)
	low.sub2(high.ops())
	store(px)
	high.sub(low.ops())
	high.store(v)
	mulTo(h3, py, h3)
	mul(v, r)
	reduce()
	low.sub(limbs(h3))
	store(py)
	XORL(EAX, EAX)
	Store(RAX, ReturnIndex(0))
	RET()
	Label("same")
	low.load(r)
	isZero("double")
	MOVQ(U32(2), RAX)
	Store(RAX, ReturnIndex(0))
	RET()
	Label("double")
	MOVQ(U32(1), RAX)
	Store(RAX, ReturnIndex(0))
	end()
}

// isZero jumps to the label if low is zero modulo p: 0 or p. It wants fold in by.
func isZero(label string) {
	no := label + "Not"
	MOVQ(low[0], lo)
	ORQ(low[1], lo)
	ORQ(low[2], lo)
	ORQ(low[3], lo)
	JZ(LabelRef(label))
	MOVQ(low[1], lo)
	ANDQ(low[2], lo)
	ANDQ(low[3], lo)
	CMPQ(lo, I8(-1))
	JNE(LabelRef(no))
	MOVQ(low[0], lo)
	ADDQ(by, lo) // p's lowest limb plus fold is 2^64
	JZ(LabelRef(label))
	Label(no)
}

// coAdd is table.go's coAdd without its z.
func coAdd() {
	TEXT("coAddADX", NOSPLIT, "func(sum, a, b, dx *[4]uint64)")
	Doc("coAddADX sets sum to a + b and a to itself at the common z of a and b times dx,",
		"which is a.x - b.x. Their x are at the addresses given, y follow.")
	Pragma("noescape")
	c, w, r, r2, t := local(), local(), local(), local(), local()
	Load(Param("sum"), RDI)
	Load(Param("a"), RSI)
	Load(Param("dx"), RBX)
	sx, sy := at(RDI), at(RDI).offset(32)
	ax, ay := at(RSI), at(RSI).offset(32)
	sqrTo(c, at(RBX))
	low.load(ay)
	Load(Param("b"), RBX)
	low.sub(limbs(at(RBX).offset(32)))
	store(r)
	sqrTo(r2, r)
	Load(Param("b"), RBX)
	mulTo(w, at(RBX), c)
	mul(ax, c)
	reduce()
	store(ax)
	high.set(low)
	high.sub(limbs(w))
	high.store(t)
	high.load(r2)
	high.sub(low.ops())
	high.sub(limbs(w))
	high.store(sx)
	low.sub(high.ops())
	low.store(w)
	mulTo(ay, ay, t)
	mul(w, r)
	reduce()
	low.sub(limbs(ay))
	store(sy)
	end()
}

// squares2 keeps two numbers going, each of which waits for itself only.
func squares2() {
	TEXT("sqrN2ADX", NOSPLIT, "func(z, a *[8]uint64, n int)")
	Doc("sqrN2ADX sets z to a^(2^n) for two numbers; n is positive.")
	Pragma("noescape")
	Load(Param("z"), RDI)
	Load(Param("a"), RSI)
	for i := range 2 {
		sqrTo(at(RDI).offset(32*i), at(RSI).offset(32*i))
	}
	Load(Param("n"), RSI)
	JMP(LabelRef("check"))
	Label("next")
	for i := range 2 {
		sqrTo(at(RDI).offset(32*i), at(RDI).offset(32*i))
	}
	Label("check")
	DECQ(RSI)
	JNZ(LabelRef("next"))
	end()
}
