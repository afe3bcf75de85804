package main

import (
	"fmt"
	"math"
	"math/big"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Where there is no IFMA, the floating-point units multiply: AVX2 has fused
// multiply-add of four doubles. A sum with 1.5 · 2^103 rounds a product of less
// than 2^102 to a multiple of 2^51, and the product less that is exact (Emmart,
// "Faster modular exponentiation using double precision floating point
// arithmetic on the GPU", 2018). Added to 1.5 · 2^52 both are integers in the
// bits of doubles, and integer additions collect them.
//
// An element has five signed limbs at powers of 2^51, as doubles: limbs 0 to 3 of
// about 50 bits and the sign, limb 4 of 51. Eight lanes are two halves of four. As
// 2^255, where column 5 of a product begins, is half of 2^256, the functions
// give 2ab modulo p for a and b: every element is kept as its half, so that this
// is what the product of two is kept as.

var ys = [16]VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15}

// Numbers that doubles are rounded or made integers by.
var (
	round51 = math.Ldexp(3, 102) // to multiples of 2^51
	round52 = math.Ldexp(3, 103) // to multiples of 2^52
	whole   = math.Ldexp(3, 51)  // plus an integer of up to 51 bits and sign
	whole0  = math.Ldexp(1, 52)  // plus an integer of 52 bits
)

// What the limbs of factors are at most, and those of what products leave.
var (
	limitLow  = plus(pow2(50), pow2(40))
	limitHigh = plus(pow2(51), pow2(40))
)

const fmaElement = 5 * 64

// words are vectors of four words in memory, each once.
var words struct {
	offset map[[4]uint64]int
	order  [][4]uint64
}

func vector(w [4]uint64) Mem {
	if words.offset == nil {
		words.offset = map[[4]uint64]int{}
	}
	if _, ok := words.offset[w]; !ok {
		words.offset[w] = 32 * len(words.order)
		words.order = append(words.order, w)
	}
	return NewDataAddr(Symbol{Name: "fmaConsts", Static: true}, 0).Offset(words.offset[w])
}

func equal(w uint64) Mem           { return vector([4]uint64{w, w, w, w}) }
func equalDouble(f float64) Mem    { return equal(math.Float64bits(f)) }
func float(v *big.Int) float64     { f, _ := new(big.Float).SetInt(v).Float64(); return f }
func abs(v *big.Int) *big.Int      { return new(big.Int).Abs(v) }
func times(a, b *big.Int) *big.Int { return new(big.Int).Mul(a, b) }

func emitWords() {
	GLOBL("fmaConsts", RODATA|NOPTR)
	for i, v := range words.order {
		for k, w := range v {
			DATA(32*i+8*k, U64(w))
		}
	}
}

// fmaProduct writes one product or square of four lanes. Of each column's
// register it knows by what its value is more than the column, modulo 2^64,
// and how large the column can be.
type fmaProduct struct {
	name   string
	square bool
	a, b   Mem
	more   [10]uint64
	size   [10]*big.Int
	live   [10]bool
}

const (
	fmaA     = 10
	fmaHi    = 11
	fmaLo    = 12
	fmaTemp  = 13
	fmaRound = 14 // round51
	fmaBoth  = 15 // round51 + whole
)

func (f *fmaProduct) fail(format string, args ...any) {
	panic(f.name + ": " + fmt.Sprintf(format, args...))
}

// collect adds a register with an integer of at most size to a column.
func (f *fmaProduct) collect(c, z int, more uint64, size *big.Int) {
	if f.live[c] {
		VPADDQ(ys[z], ys[c], ys[c])
		f.size[c] = plus(f.size[c], size)
	} else {
		VMOVDQA(ys[z], ys[c])
		f.live[c], f.size[c] = true, size
	}
	f.more[c] += more
}

// limit is what limb i of a factor is at most.
func limit(i int) *big.Int {
	if i == 4 {
		return limitHigh
	}
	return limitLow
}

// multiply adds limb i of a, in its register, times limb j of b.
func (f *fmaProduct) multiply(i, j int) {
	m := f.b.Offset(64 * j)
	size := times(limit(i), limit(j))
	c := i + j
	if c == 8 { // of both uppermost limbs, which are larger
		if size.Cmp(pow2(103)) >= 0 {
			f.fail("limbs 4 are too large")
		}
		VMOVUPD(equalDouble(round52), ys[fmaHi])
		VFMADD231PD(m, ys[fmaA], ys[fmaHi])
		VMOVUPD(equalDouble(round52), ys[fmaLo])
		VSUBPD(ys[fmaHi], ys[fmaLo], ys[fmaLo])
		VFMADD231PD(m, ys[fmaA], ys[fmaLo])
		VADDPD(equalDouble(whole), ys[fmaLo], ys[fmaLo])
		f.collect(9, fmaHi, math.Float64bits(round52), plus(new(big.Int).Rsh(size, 52), big.NewInt(1)))
		f.collect(8, fmaLo, math.Float64bits(whole), pow2(51))
		return
	}
	if size.Cmp(pow2(102)) >= 0 {
		f.fail("limbs %d and %d are too large", i, j)
	}
	f.exact(m)
	high := plus(new(big.Int).Rsh(size, 51), big.NewInt(1))
	f.collect(c+1, fmaHi, math.Float64bits(round51), high)
	if f.square && i < j && c == 3 { // column 4 has been doubled
		f.collect(c+1, fmaHi, math.Float64bits(round51), high)
	}
	f.collect(c, fmaLo, math.Float64bits(whole), pow2(50))
}

// exact multiplies register fmaA by m: the upper part, and the lower.
func (f *fmaProduct) exact(m Op) {
	VMOVUPD(ys[fmaRound], ys[fmaHi])
	VFMADD231PD(m, ys[fmaA], ys[fmaHi])
	VSUBPD(ys[fmaHi], ys[fmaBoth], ys[fmaLo])
	VFMADD231PD(m, ys[fmaA], ys[fmaLo])
}

// products adds those partial products that reach column 5, or the others.
func (f *fmaProduct) products(upper bool) {
	for i := range 5 {
		loaded := false
		for j := range 5 {
			if (i+j >= 4) != upper || f.square && j <= i {
				continue
			}
			if !loaded {
				VMOVUPD(f.a.Offset(64*i), ys[fmaA])
				loaded = true
			}
			f.multiply(i, j)
		}
	}
	if !f.square {
		return
	}
	first, last := 5, 8
	if !upper {
		first, last = 1, 3
	} else {
		f.twice(4)
	}
	for c := first; c <= last; c++ {
		f.twice(c)
	}
	for i := range 5 {
		if (2*i >= 4) == upper {
			VMOVUPD(f.a.Offset(64*i), ys[fmaA])
			f.multiply(i, i)
		}
	}
}

func (f *fmaProduct) twice(c int) {
	VPADDQ(ys[c], ys[c], ys[c])
	f.more[c] *= 2
	f.size[c] = times(f.size[c], big.NewInt(2))
}

// biased makes a column's register the column plus a multiple of 2^width that
// makes it positive plus half of 2^width, and says how many.
func (f *fmaProduct) biased(c int, width uint) (multiple int64) {
	multiple = 64
	bias := new(big.Int).Lsh(big.NewInt(multiple), width)
	if f.size[c].Cmp(bias) >= 0 || plus(bias, bias).Cmp(pow2(63)) > 0 {
		f.fail("column %d is too large: %x", c, f.size[c])
	}
	VPADDQ(equal(bias.Uint64()+1<<(width-1)-f.more[c]), ys[c], ys[c])
	return multiple
}

// limb makes a column's register, as biased and carried left it, a signed double.
func (f *fmaProduct) limb(c int, width uint) {
	VPAND(equal(1<<width-1), ys[c], ys[c])
	VPOR(equalDouble(whole0), ys[c], ys[c])
	VSUBPD(equalDouble(whole0+math.Ldexp(1, int(width)-1)), ys[c], ys[c])
}

// carry leaves what is above a column in a register, too large by the multiple.
func (f *fmaProduct) carry(c int, width uint, z int) (multiple int64, size *big.Int) {
	multiple = f.biased(c, width)
	VPSRLQ(U8(width), ys[c], ys[z])
	return multiple, plus(new(big.Int).Rsh(f.size[c], width), big.NewInt(1))
}

// carried makes a carry a double.
func (f *fmaProduct) carried(z int, multiple int64) {
	VPOR(equalDouble(whole0), ys[z], ys[z])
	VSUBPD(equalDouble(whole0+float64(multiple)), ys[z], ys[z])
}

// run writes the product of a and b to r.
func (f *fmaProduct) run(r Mem) {
	f.products(true)
	fold := float(fold256)
	// Column 9 is the upper part of limbs 4 alone, at 2^460 = 2^204 2^256.
	if f.size[9].Cmp(pow2(51)) >= 0 {
		f.fail("column 9 is too large")
	}
	VPADDQ(equal(math.Float64bits(whole)-f.more[9]), ys[9], ys[9])
	VSUBPD(equalDouble(whole), ys[9], ys[fmaA])
	VMOVUPD(equalDouble(fold), ys[fmaTemp])
	f.foldIn(f.size[9], 4)
	// Columns 5 to 8 become limbs, and what is carried to column 9.
	for c := 5; c < 9; c++ {
		z := fmaA
		if c == 8 {
			z = 9
		}
		multiple, size := f.carry(c, 51, z)
		f.limb(c, 51)
		if c < 8 {
			f.collect(c+1, z, uint64(multiple), size)
			continue
		}
		f.carried(9, multiple)
		f.size[9] = size
	}
	f.products(false)
	// Twice the lower columns, and the fold times the upper.
	for c := range 5 {
		f.twice(c)
	}
	VMOVUPD(equalDouble(fold), ys[fmaTemp])
	if times(f.size[9], fold256).Cmp(pow2(50)) > 0 {
		f.fail("the last carry is too large")
	}
	VMOVUPD(equalDouble(whole), ys[fmaLo])
	VFMADD231PD(ys[fmaTemp], ys[9], ys[fmaLo])
	f.collect(4, fmaLo, math.Float64bits(whole), pow2(50))
	for c := range 4 {
		VMOVUPD(ys[5+c], ys[fmaA])
		f.foldIn(pow2(50), c)
	}
	for c := range 4 {
		multiple, size := f.carry(c, 51, fmaA)
		f.collect(c+1, fmaA, uint64(multiple), size)
		f.limb(c, 51)
	}
	// What is above 2^256 goes to limb 0.
	multiple, size := f.carry(4, 52, fmaA)
	f.limb(4, 52)
	f.carried(fmaA, multiple)
	VFMADD231PD(ys[fmaTemp], ys[fmaA], ys[0])
	if plus(pow2(50), times(size, fold256)).Cmp(limitLow) > 0 || pow2(51).Cmp(limitHigh) > 0 {
		f.fail("the result is too large")
	}
	for c := range 5 {
		VMOVUPD(ys[c], r.Offset(64*c))
	}
}

// foldIn adds register fmaA, at most size, times the fold to columns c and c+1.
func (f *fmaProduct) foldIn(size *big.Int, c int) {
	p := times(size, fold256)
	if p.Cmp(pow2(102)) >= 0 {
		f.fail("a fold is too large")
	}
	f.exact(ys[fmaTemp])
	f.collect(c+1, fmaHi, math.Float64bits(round51), plus(new(big.Int).Rsh(p, 51), big.NewInt(1)))
	f.collect(c, fmaLo, math.Float64bits(whole), pow2(50))
}

// The subroutines take their operands' addresses in registers, and keep
// registers 14 and 15 and all general ones.
var regR, regX, regY = RDI, RSI, RDX

func fmaSubroutines() {
	for _, square := range []bool{false, true} {
		name := "fmaProduct"
		if square {
			name = "fmaSquare"
		}
		TEXT(name, NOSPLIT, "func()")
		Doc(name + " is for the functions beside it only: it takes addresses in registers.")
		for half := range 2 {
			f := fmaProduct{name: name, square: square, a: Mem{Base: regX, Disp: 32 * half}, b: Mem{Base: regY, Disp: 32 * half}}
			if square {
				f.b = f.a
			}
			f.run(Mem{Base: regR, Disp: 32 * half})
		}
		RET()
	}
}

// fslot is an element in memory: limbs 0 to 3 are at most low, limb 4 at most
// high.
type fslot struct {
	name string
	base Register
	off  int
}

func (s fslot) half(h int) Mem { return Mem{Base: s.base, Disp: s.off + 32*h} }

// fma writes a function over elements. It knows how large limbs 4 are at most,
// where they have been set since a label.
type fma struct {
	base Register
	high map[string]*big.Int
}

func (f fma) top(s fslot) *big.Int {
	if h, ok := f.high[s.name]; ok {
		return h
	}
	return limitHigh
}

// label begins what may be come to from elsewhere.
func (f fma) label(name string) {
	clear(f.high)
	Label(name)
}

func fmaBegin(name, signature, doc string) fma {
	TEXT(name, NOSPLIT, signature)
	Doc(doc)
	Pragma("noescape")
	s := R8
	Load(Param("s"), s)
	VMOVUPD(equalDouble(round51), ys[fmaRound])
	VMOVUPD(equalDouble(round51+whole), ys[fmaBoth])
	return fma{s, map[string]*big.Int{}}
}

func fmaEnd() {
	VZEROUPPER()
	RET()
}

func (f fma) slot(name string) fslot {
	for i, p := range places {
		if p == name {
			return fslot{name, f.base, i * fmaElement}
		}
	}
	panic("no place called " + name)
}

func (f fma) mul(a, b, dst fslot) {
	Commentf("%s = %s %s", dst.name, a.name, b.name)
	LEAQ(dst.half(0), regR)
	LEAQ(a.half(0), regX)
	LEAQ(b.half(0), regY)
	CALL(LabelRef("·fmaProduct(SB)"))
	f.high[dst.name] = pow2(51)
}

func (f fma) sqr(a, dst fslot) {
	Commentf("%s = %s²", dst.name, a.name)
	LEAQ(dst.half(0), regR)
	LEAQ(a.half(0), regX)
	CALL(LabelRef("·fmaSquare(SB)"))
	f.high[dst.name] = pow2(51)
}

// fterm is a small multiple of an element in a sum.
type fterm struct {
	times int
	of    fslot
}

// sum sets dst to the terms, and makes its limbs small.
func (f fma) sum(dst fslot, terms ...fterm) { f.multiple(1, dst, terms...) }

// multiple sets dst to the terms once or twice, and makes its limbs small.
func (f fma) multiple(n int, dst fslot, terms ...fterm) {
	text := fmt.Sprintf("%s = %d (", dst.name, n)
	size := new(big.Int)
	for _, t := range terms {
		text += fmt.Sprintf(" %+d %s", t.times, t.of.name)
		size = plus(size, times(f.top(t.of), big.NewInt(int64(max(t.times, -t.times)))))
	}
	Comment(text + " )")
	// Integers up to 2^53 are exact, and twice what is; with what is carried limbs
	// are within the limits again.
	carry := plus(new(big.Int).Rsh(times(size, big.NewInt(int64(n))), 50), big.NewInt(1))
	if size.Cmp(pow2(53)) > 0 || n > 2 || plus(pow2(50), plus(carry, times(carry, fold256))).Cmp(limitLow) > 0 || plus(pow2(51), carry).Cmp(limitHigh) > 0 {
		panic("a sum is too large: " + text)
	}
	f.high[dst.name] = plus(pow2(51), carry)
	for h := range 2 {
		for i := range 5 {
			z := ys[i]
			for k, t := range terms {
				m := t.of.half(h).Offset(64 * i)
				left := max(t.times, -t.times)
				if k == 0 {
					if t.times < 1 {
						panic("a sum begins with what is subtracted")
					}
					VMOVUPD(m, z)
					left--
				}
				for range left {
					if t.times > 0 {
						VADDPD(m, z, z)
					} else {
						VSUBPD(m, z, z)
					}
				}
			}
			if n == 2 {
				VADDPD(z, z, z)
			}
			// The multiple of 2^51, or of 2^52 in limb 4, next to it.
			c := ys[5+i]
			if i < 4 {
				VADDPD(ys[fmaRound], z, c)
				VSUBPD(ys[fmaRound], c, c)
			} else {
				VADDPD(equalDouble(round52), z, c)
				VSUBPD(equalDouble(round52), c, c)
			}
			VSUBPD(c, z, z)
		}
		for i := range 4 {
			VFMADD231PD(equalDouble(math.Ldexp(1, -51)), ys[5+i], ys[i+1])
		}
		VFMADD231PD(equalDouble(math.Ldexp(float(fold256), -52)), ys[9], ys[0])
		for i := range 5 {
			VMOVUPD(ys[i], dst.half(h).Offset(64*i))
		}
	}
}

// copy moves an element.
func (f fma) copy(from, to fslot) {
	for h := range 2 {
		for i := range 5 {
			VMOVUPD(from.half(h).Offset(64*i), ys[i])
		}
		for i := range 5 {
			VMOVUPD(ys[i], to.half(h).Offset(64*i))
		}
	}
}

// one sets dst to one, which is kept as (p+1)/2 = p - (p-1)/2.
func (f fma) one(dst fslot) {
	v := new(big.Int).Rsh(plus(prime, big.NewInt(1)), 1)
	for i := range 5 {
		limb := new(big.Int).Rsh(v, uint(51*i))
		if i < 4 {
			limb.And(limb, below(51))
			if limb.Cmp(pow2(50)) >= 0 {
				limb.Sub(limb, pow2(51))
				v = plus(v, pow2(uint(51*i+51)))
			}
		}
		if abs(limb).Cmp(limit(i)) > 0 {
			panic("one is too large")
		}
		VMOVUPD(equalDouble(float(limb)), ys[0])
		for h := range 2 {
			VMOVUPD(ys[0], dst.half(h).Offset(64*i))
		}
	}
}

// A row of a table: limbs 0 to 3 of x, of y, limbs 4 of both, and two words.
const fmaRow = 96

// transpose makes of four rows at z their columns, using four more registers.
func (f fma) transpose(z, t int) {
	VUNPCKLPD(ys[z+1], ys[z], ys[t])
	VUNPCKHPD(ys[z+1], ys[z], ys[t+1])
	VUNPCKLPD(ys[z+3], ys[z+2], ys[t+2])
	VUNPCKHPD(ys[z+3], ys[z+2], ys[t+3])
	VPERM2F128(U8(0x20), ys[t+2], ys[t], ys[z])
	VPERM2F128(U8(0x20), ys[t+3], ys[t+1], ys[z+1])
	VPERM2F128(U8(0x31), ys[t+2], ys[t], ys[z+2])
	VPERM2F128(U8(0x31), ys[t+3], ys[t+1], ys[z+3])
}

// lookup reads an entry for each lane, and takes the opposite point where the
// digit's sign says so.
func (f fma) lookup(stride int, x, y fslot) {
	Comment("Entries")
	table, d := R9, R10
	Load(Param("table"), table)
	Load(Param("d"), d)
	for h := range 2 {
		var rows [4]Mem
		for k := range 4 {
			lane := 4*h + k
			off := []GPPhysical{R11, R12, R13, RAX}[k]
			MOVL(Mem{Base: d, Disp: 4 * lane}, off.As32())
			rows[k] = Mem{Base: table, Index: off, Scale: 1, Disp: lane * stride}
		}
		// Sign bits.
		VPBROADCASTD(Mem{Base: d, Disp: 32}, ys[12])
		var shifts [4]uint64
		for k := range shifts {
			shifts[k] = uint64(63 - 4*h - k)
		}
		VPSLLVQ(vector(shifts), ys[12], ys[12])
		VPAND(equal(1<<63), ys[12], ys[12])
		for k := range 4 {
			VMOVUPD(rows[k], ys[k])
		}
		f.transpose(0, 4)
		for k := range 4 {
			VMOVUPD(ys[k], x.half(h).Offset(64*k))
		}
		for k := range 4 {
			VMOVUPD(rows[k].Offset(32), ys[k])
		}
		f.transpose(0, 4)
		for k := range 4 {
			VXORPD(ys[12], ys[k], ys[k])
			VMOVUPD(ys[k], y.half(h).Offset(64*k))
		}
		xs := [4]VecPhysical{X0, X1, X2, X3}
		for k := range 4 {
			VMOVUPD(rows[k].Offset(64), xs[k])
		}
		VINSERTF128(U8(1), xs[2], ys[0], ys[0])
		VINSERTF128(U8(1), xs[3], ys[1], ys[1])
		VUNPCKLPD(ys[1], ys[0], ys[2])
		VUNPCKHPD(ys[1], ys[0], ys[3])
		VXORPD(ys[12], ys[3], ys[3])
		VMOVUPD(ys[2], x.half(h).Offset(64*4))
		VMOVUPD(ys[3], y.half(h).Offset(64*4))
	}
}

// row stores an entry for each lane.
func (f fma) row(x, y fslot, to Register) {
	Comment("A row of the table")
	const stride = 16 * fmaRow
	for h := range 2 {
		at := func(k int) Mem { return Mem{Base: to, Disp: (4*h + k) * stride} }
		for part, s := range []fslot{x, y} {
			for k := range 4 {
				VMOVUPD(s.half(h).Offset(64*k), ys[k])
			}
			f.transpose(0, 4)
			for k := range 4 {
				VMOVUPD(ys[k], at(k).Offset(32*part))
			}
		}
		VMOVUPD(x.half(h).Offset(64*4), ys[0])
		VMOVUPD(y.half(h).Offset(64*4), ys[1])
		VUNPCKLPD(ys[1], ys[0], ys[2]) // x0 y0 x2 y2
		VUNPCKHPD(ys[1], ys[0], ys[3])
		VMOVUPD(X2, at(0).Offset(64))
		VMOVUPD(X3, at(1).Offset(64))
		VEXTRACTF128(U8(1), ys[2], at(2).Offset(64))
		VEXTRACTF128(U8(1), ys[3], at(3).Offset(64))
	}
}
