package main

import (
	"math/big"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A field element is five vectors, limbs of 52 bits of eight lanes, in memory:
// limbs 0 to 3 are below 2^52, and limb 4, which would have 48 bits, may have
// up to 52, so that values up to 16p are multiplied as they are. Its four upper
// bits are what makes most sums need no reduction.

// Registers that have one use.
const (
	regLow    = 0  // to 4: columns 0 to 4 of a product, and the result
	regHigh   = 5  // to 9: columns 5 to 9
	regA      = 10 // to 14: the first factor
	regB      = 15 // to 19: the second factor
	regTemp   = 20 // to 27
	regFold   = 28 // 2^260 modulo p
	regMask52 = 29
	regMask48 = 30
	regFold48 = 31 // 2^256 modulo p
)

var (
	fold256 = big.NewInt(1<<32 + 977)
	fold260 = new(big.Int).Lsh(fold256, 4)
	prime   = new(big.Int).Sub(pow2(256), fold256)
)

// slot is where an element lies. A loose one is only ever multiplied: its limbs
// are the lowest 52 bits of what is stored, which saves the masks.
type slot struct {
	name  string
	base  Register
	off   int
	loose bool
}

func (s slot) asLoose() slot {
	s.loose = true
	return s
}

func (s slot) limb(i int) Mem { return Mem{Base: s.base, Disp: s.off + 64*i} }

// common is what every function that multiplies begins with.
func (e *emitter) common() {
	e.broadcast(fold260, regFold)
	e.broadcast(below(52), regMask52)
	e.broadcast(below(48), regMask48)
	e.broadcast(fold256, regFold48)
}

// given says that an element is there when the function begins: its uppermost
// limb is at most top.
func (e *emitter) given(s slot, top *big.Int) {
	var limbs [5]*span
	for i := range limbs {
		l := digit
		l.dirty = s.loose
		if i == 4 {
			l = upTo(top)
		}
		limbs[i] = &l
	}
	e.slots[s.name] = limbs
}

// promise checks what is left for others.
func (e *emitter) promise(s slot, top *big.Int) {
	for i := range 5 {
		limit := digit
		limit.dirty = s.loose
		if i == 4 {
			limit = upTo(top)
		}
		if got := e.limb(s, i); !got.within(limit) {
			e.fail("limb %d of %s is %v", i, s.name, got)
		}
	}
}

func (e *emitter) limb(s slot, i int) span {
	l, ok := e.slots[s.name]
	if !ok || l[i] == nil {
		e.fail("%s is read before it is set", s.name)
	}
	return *l[i]
}

// load reads an element into five registers.
func (e *emitter) load(s slot, z int) {
	for i := range 5 {
		VMOVDQU64(s.limb(i), zs[z+i])
		l := e.limb(s, i)
		e.reg[z+i] = &l
		e.tally("load")
	}
}

func (e *emitter) store(z int, s slot) {
	var limbs [5]*span
	for i := range 5 {
		VMOVDQU64(zs[z+i], s.limb(i))
		l := e.at(z + i)
		limbs[i] = &l
		e.tally("store")
	}
	e.slots[s.name] = limbs
}

// column is the register of a product's column.
func column(c int) int {
	if c < 5 {
		return regLow + c
	}
	return regHigh + c - 5
}

// partial is one multiplication: limbs i and j, lower or upper half.
type partial struct {
	i, j, column int
	upper        bool
}

// columns is a product under way.
type columns struct {
	e    *emitter
	live [10]bool
}

func (c *columns) add(p partial, a, b int) {
	z := column(p.column)
	if !c.live[p.column] {
		c.e.zero(z)
		c.live[p.column] = true
	}
	if p.upper {
		c.e.high(a+p.i, b+p.j, z)
	} else {
		c.e.low(a+p.i, b+p.j, z)
	}
}

// spread orders partial products so that those of one column are far apart, and
// those of the upper columns, which go on first, come first.
func spread(ps []partial) []partial {
	var sorted []partial
	for _, group := range [][]int{{5, 6, 7, 8, 9}, {0, 1, 2, 3, 4}} {
		left := map[int][]partial{}
		n := 0
		for _, p := range ps {
			if slices.Contains(group, p.column) {
				left[p.column] = append(left[p.column], p)
				n++
			}
		}
		for n > 0 {
			turn := slices.Clone(group)
			slices.SortStableFunc(turn, func(a, b int) int { return len(left[b]) - len(left[a]) })
			for _, c := range turn {
				if len(left[c]) > 0 {
					sorted = append(sorted, left[c][0])
					left[c] = left[c][1:]
					n--
				}
			}
		}
	}
	return sorted
}

// product adds ab, both in registers.
func (c *columns) product(a, b int) {
	var ps []partial
	for i := range 5 {
		for j := range 5 {
			ps = append(ps, partial{i, j, i + j, false}, partial{i, j, i + j + 1, true})
		}
	}
	for _, p := range spread(ps) {
		c.add(p, a, b)
	}
}

// square adds a². Nothing has been added before: what is off the diagonal is
// added once and doubled.
func (c *columns) square(a int) {
	var off, diagonal []partial
	for i := range 5 {
		diagonal = append(diagonal, partial{i, i, 2 * i, false}, partial{i, i, 2*i + 1, true})
		for j := range i {
			off = append(off, partial{j, i, i + j, false}, partial{j, i, i + j + 1, true})
		}
	}
	sortedOff, sortedDiagonal := spread(off), spread(diagonal)
	for _, upper := range []bool{true, false} {
		for _, p := range sortedOff {
			if p.column > 4 == upper {
				c.add(p, a, a)
			}
		}
		for col := range 10 {
			if col > 4 == upper && c.live[col] {
				c.e.add(column(col), column(col), column(col))
			}
		}
		for _, p := range sortedDiagonal {
			if p.column > 4 == upper {
				c.add(p, a, a)
			}
		}
	}
}

// term is a small multiple of an element that is added to another.
type term struct {
	times int
	of    slot
}

// reduce sets dst to scale times the columns plus the terms.
func (c *columns) reduce(scale int, dst slot, terms ...term) {
	c.reduced(scale, dst.loose, terms)
	c.e.store(regLow, dst)
}

// reduced leaves scale times the columns plus the terms in registers 0 to 4.
func (c *columns) reduced(scale int, loose bool, terms []term) {
	e := c.e
	for col := range 10 {
		if !c.live[col] {
			e.fail("column %d is empty", col)
		}
	}
	// Column 9 first, because its product with the fold reaches column 5.
	e.high(regHigh+4, regFold, regHigh)
	e.low(regHigh+4, regFold, regLow+4)
	// Then columns 5 to 8, made limbs; the fifth limb is what is carried beyond.
	t := regTemp
	for i := range 4 {
		e.shiftRight(52, regHigh+i, t)
		s := upTo(below(52))
		if e.at(regHigh+i).hi.Cmp(s.hi) < 0 {
			s = e.at(regHigh + i)
		}
		if i < 3 {
			e.add(t, regHigh+i+1, regHigh+i+1)
		}
		s.dirty = true
		e.reg[regHigh+i] = &s
	}
	fold := regFold
	if scale > 1 {
		fold = regTemp + 1
		e.broadcast(new(big.Int).Mul(fold260, big.NewInt(int64(scale))), fold)
		for i := range 5 {
			e.times(scale, regLow+i)
		}
	}
	for i := range 4 {
		e.low(regHigh+i, fold, regLow+i)
		e.high(regHigh+i, fold, regLow+i+1)
	}
	e.low(t, fold, regLow+4)
	if e.product(t, fold).Cmp(below(52)) > 0 {
		e.fail("the last carry's product has an upper half")
	}
	e.combine(terms)
	e.settle(loose)
}

// times multiplies a register by 1 to 4.
func (e *emitter) times(n, z int) {
	switch n {
	case 1:
	case 2:
		e.add(z, z, z)
	case 3:
		e.add(z, z, regTemp+2)
		e.add(regTemp+2, z, z)
	case 4, 8:
		e.shiftLeft(uint(n/4+1), z, z)
	default:
		e.fail("times %d", n)
	}
}

// combine adds terms to registers 0 to 4.
func (e *emitter) combine(terms []term) {
	for _, t := range terms {
		for i := range 5 {
			for range max(t.times, -t.times) {
				if t.times > 0 {
					e.addMem(t.of.limb(i), e.limb(t.of, i), regLow+i)
				} else {
					e.subMem(t.of.limb(i), e.limb(t.of, i), regLow+i)
				}
			}
		}
	}
}

// lift adds as small a multiple of p as makes the value positive whatever the
// lower limbs borrow: with 2^208 to spare and then some. It says whether any
// was needed.
func (e *emitter) lift() (spare bool) {
	lowest := e.at(regLow + 4).lo
	negative := false
	for i := range 5 {
		negative = negative || e.at(regLow+i).lo.Sign() < 0
	}
	if !negative {
		return false
	}
	// k 2^48 makes limb 4 at least zero; 2^48 more is for borrows.
	k := new(big.Int).Neg(new(big.Int).Rsh(lowest, 48))
	if k.Sign() > 0 {
		e.addConst(new(big.Int).Lsh(k, 48), regLow+4)
	} else {
		k = new(big.Int)
	}
	e.addConst(new(big.Int).Neg(new(big.Int).Mul(fold256, plus(k, big.NewInt(1)))), regLow)
	return true
}

// settle folds what lies above 2^256 in registers 0 to 4, and carries.
func (e *emitter) settle(loose bool) {
	spare := e.lift()
	e.shiftRight(48, regLow+4, regTemp)
	e.mask(48, regLow+4)
	if spare {
		e.addConst(pow2(48), regLow+4)
	}
	e.low(regTemp, regFold48, regLow)
	if e.product(regTemp, regFold48).Cmp(below(52)) > 0 {
		e.fail("the fold has an upper half")
	}
	e.carry(regLow, loose)
}

// carry makes limbs of five registers; loose ones need no masks.
func (e *emitter) carry(z int, loose bool) {
	for i := range 4 {
		e.shiftRight(52, z+i, regTemp)
		e.add(regTemp, z+i+1, z+i+1)
		if loose {
			l := dirty(digit)
			e.reg[z+i] = &l
		} else {
			e.mask(52, z+i)
		}
	}
	if top := e.at(z + 4); !top.within(digit) {
		e.fail("limb 4 is %v", top)
	}
}

// mul sets dst to scale ab plus terms.
func (e *emitter) mul(a, b slot, scale int, dst slot, terms ...term) {
	Commentf("%s = %d %s %s%s", dst.name, scale, a.name, b.name, describe(terms))
	e.load(a, regA)
	e.load(b, regB)
	c := columns{e: e}
	c.product(regA, regB)
	c.reduce(scale, dst, terms...)
}

// sqr sets dst to scale a² plus terms.
func (e *emitter) sqr(a slot, scale int, dst slot, terms ...term) {
	Commentf("%s = %d %s²%s", dst.name, scale, a.name, describe(terms))
	e.load(a, regA)
	c := columns{e: e}
	c.square(regA)
	c.reduce(scale, dst, terms...)
}

// sum sets registers 15 to 19, for a product, to the terms, which are not folded.
func (e *emitter) sum(terms ...term) {
	Commentf("Sum%s", describe(terms))
	e.sumTo(regB, true, terms)
}

// sumSlot sets dst to the terms, which are not folded.
func (e *emitter) sumSlot(dst slot, terms ...term) {
	Commentf("%s =%s", dst.name, describe(terms))
	e.sumTo(regLow, dst.loose, terms)
	e.store(regLow, dst)
}

func (e *emitter) sumTo(z int, loose bool, terms []term) {
	first := terms[0]
	if first.times < 1 {
		e.fail("a sum begins with what is subtracted")
	}
	e.load(first.of, regLow)
	for i := range 5 {
		e.times(first.times, regLow+i)
	}
	e.combine(terms[1:])
	if e.lift() {
		e.addConst(pow2(48), regLow+4)
	}
	e.carry(regLow, loose)
	if z != regLow {
		for i := range 5 {
			e.move(regLow+i, z+i)
		}
	}
}

func describe(terms []term) string {
	s := ""
	for _, t := range terms {
		sign := "+"
		if t.times < 0 {
			sign = "-"
		}
		s += " " + sign + " "
		if n := max(t.times, -t.times); n > 1 {
			s += big.NewInt(int64(n)).String() + " "
		}
		s += t.of.name
	}
	return s
}
