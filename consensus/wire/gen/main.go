// Command gen writes package wire's assembly: SHA-256 of two messages at a time
// with the processor's SHA instructions. It is a module of its own so that the
// node does not depend on avo.
package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!purego")
	t := newTables()
	blocks(t, "blocks1", 1)
	blocks(t, "blocks2", 2)
	nodes(t)
	cpuid()
	Generate()
}

// Shared by all lanes. SHA256RNDS2 reads its two words of schedule plus round
// constant from X0 and no other register.
var (
	words = X0
	swap  = X15 // reverses the bytes of each word
)

// stagger is how many steps the second lane is behind the first, so that one does
// rounds while the other has none to do. One measured best of 0 to 8.
const stagger = 1

// lane is one message's registers. State words lie in SHA256RNDS2's order, lowest
// first: F E B A and H G D C.
type lane struct {
	abef, cdgh, temp VecPhysical
	m                [4]VecPhysical // the schedule's last four vectors of four words

	state, at GPVirtual // where the state is kept, and the next block
}

func newLanes(n int) []*lane {
	return []*lane{
		{abef: X1, cdgh: X2, temp: X3, m: [4]VecPhysical{X4, X5, X6, X7}},
		{abef: X8, cdgh: X9, temp: X10, m: [4]VecPhysical{X11, X12, X13, X14}},
	}[:n]
}

// interleave emits the steps of all lanes by turns, the second lane behind the
// first.
func interleave(steps [][]func()) {
	for i := range len(steps[0]) + stagger*(len(steps)-1) {
		for n, s := range steps {
			if at := i - n*stagger; at >= 0 && at < len(s) {
				s[at]()
			}
		}
	}
}

// blocks writes the compression function over whole blocks of n messages.
func blocks(t tables, name string, n int) {
	lanes := newLanes(n)
	switch n {
	case 1:
		TEXT(name, NOSPLIT, "func(a *[8]uint32, p *byte, n int)")
		Doc(name + " brings a over the n blocks of 64 bytes at p; n is at least 1.")
	case 2:
		TEXT(name, NOSPLIT, "func(a *[8]uint32, p *byte, b *[8]uint32, q *byte, n int)")
		Doc(name+" brings a over the n blocks of 64 bytes at p, and b over those at q; n is",
			"at least 1.")
	}
	Pragma("noescape")
	left := GP64()
	for i, l := range lanes {
		l.state, l.at = GP64(), GP64()
		Load(Param([]string{"a", "b"}[i]), l.state)
		Load(Param([]string{"p", "q"}[i]), l.at)
	}
	Load(Param("n"), left)
	MOVOU(t.swap, swap)
	for _, l := range lanes {
		MOVOU(Mem{Base: l.state}, l.abef)
		MOVOU(Mem{Base: l.state, Disp: 16}, l.cdgh)
	}

	Label("next")
	var steps [][]func()
	for _, l := range lanes {
		steps = append(steps, l.block(t))
	}
	interleave(steps)
	for _, l := range lanes {
		ADDQ(U8(64), l.at)
	}
	DECQ(left)
	JNZ(LabelRef("next"))
	RET()
}

// block is the compression of one block, after which the state is stored.
func (l *lane) block(t tables) []func() {
	var steps []func()
	for g := range 16 {
		steps = append(steps, func() {
			if g < 4 {
				l.load(l.at, g)
			}
			l.rounds(t.k, g, true)
			if g >= 3 && g < 15 {
				l.schedule(g + 1)
			}
		})
	}
	return append(steps, func() {
		MOVOU(Mem{Base: l.state}, l.m[0])
		MOVOU(Mem{Base: l.state, Disp: 16}, l.m[1])
		PADDD(l.m[0], l.abef)
		PADDD(l.m[1], l.cdgh)
		MOVOU(l.abef, Mem{Base: l.state})
		MOVOU(l.cdgh, Mem{Base: l.state, Disp: 16})
	})
}

// nodes writes the double hash of 64-byte messages, a Merkle tree's nodes, whose
// state never leaves the registers.
func nodes(t tables) {
	TEXT("nodes2", NOSPLIT, "func(dst, src *byte, pairs int)")
	Doc("nodes2 hashes twice each 64 bytes at src, 2*pairs times, to dst, which may be src;",
		"pairs is at least 1.")
	Pragma("noescape")
	dst, src, left := GP64(), GP64(), GP64()
	Load(Param("dst"), dst)
	Load(Param("src"), src)
	Load(Param("pairs"), left)
	MOVOU(t.swap, swap)

	Label("next")
	var steps [][]func()
	for i, l := range newLanes(2) {
		l.at = src
		steps = append(steps, l.node(t, 64*i, dst, 32*i))
	}
	interleave(steps)
	ADDQ(U8(64), dst)
	ADDQ(U32(128), src)
	DECQ(left)
	JNZ(LabelRef("next"))
	RET()
}

// node is the double hash of the 64 bytes at an offset, stored at another.
func (l *lane) node(t tables, from int, dst Register, to int) []func() {
	steps := []func(){func() {
		MOVOU(t.initial, l.abef)
		MOVOU(t.initial.Offset(16), l.cdgh)
	}}
	for g := range 16 {
		steps = append(steps, func() {
			if g < 4 {
				l.load(l.at, g+from/16)
			}
			l.rounds(t.k, g, true)
			if g >= 3 && g < 15 {
				l.schedule(g + 1)
			}
		})
	}
	steps = append(steps, func() {
		Comment("The second block is padding. The state before it stays in the schedule's registers.")
		l.addInitial(t)
		MOVO(l.abef, l.m[0])
		MOVO(l.cdgh, l.m[1])
	})
	for g := range 16 {
		steps = append(steps, func() { l.rounds(t.padding, g, false) })
	}
	steps = append(steps, func() {
		Comment("The first hash becomes the second's message.")
		PADDD(l.m[0], l.abef)
		PADDD(l.m[1], l.cdgh)
		l.order()
		MOVOU(t.digest, l.m[2])
		MOVOU(t.digest.Offset(16), l.m[3])
		MOVOU(t.initial, l.abef)
		MOVOU(t.initial.Offset(16), l.cdgh)
	})
	for g := range 16 {
		steps = append(steps, func() {
			l.rounds(t.second, g, g != 2 && g != 3)
			if g >= 3 && g < 15 {
				l.schedule(g + 1)
			}
		})
	}
	return append(steps, func() {
		l.addInitial(t)
		l.order()
		PSHUFB(swap, l.m[0])
		PSHUFB(swap, l.m[1])
		MOVOU(l.m[0], Mem{Base: dst, Disp: to})
		MOVOU(l.m[1], Mem{Base: dst, Disp: to + 16})
	})
}

func (l *lane) addInitial(t tables) {
	MOVOU(t.initial, l.temp)
	PADDD(l.temp, l.abef)
	MOVOU(t.initial.Offset(16), l.temp)
	PADDD(l.temp, l.cdgh)
}

// order puts the state's words A to H into the first two vectors of the schedule.
func (l *lane) order() {
	PSHUFD(U8(0x1b), l.abef, l.m[0]) // A B E F
	PSHUFD(U8(0x1b), l.cdgh, l.temp) // C D G H
	MOVO(l.m[0], l.m[1])
	PUNPCKLQDQ(l.temp, l.m[0])
	PUNPCKHQDQ(l.temp, l.m[1])
}

// load reads vector g of a block.
func (l *lane) load(at Register, g int) {
	MOVOU(Mem{Base: at, Disp: 16 * g}, l.m[g%4])
	PSHUFB(swap, l.m[g%4])
}

// schedule makes vector g, words 4g to 4g+3, of the four before it (FIPS 180-4,
// section 6.2.2).
func (l *lane) schedule(g int) {
	SHA256MSG1(l.m[(g+1)%4], l.m[g%4])
	MOVO(l.m[(g+3)%4], l.temp)
	PALIGNR(U8(4), l.m[(g+2)%4], l.temp)
	PADDD(l.temp, l.m[g%4])
	SHA256MSG2(l.m[(g+3)%4], l.m[g%4])
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

// cpuid lets Go code ask for the processor's features.
func cpuid() {
	TEXT("cpuid", NOSPLIT, "func(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)")
	Doc("cpuid executes CPUID.")
	Load(Param("leaf"), EAX)
	Load(Param("subleaf"), ECX)
	CPUID()
	Store(EAX, Return("eax"))
	Store(EBX, Return("ebx"))
	Store(ECX, Return("ecx"))
	Store(EDX, Return("edx"))
	RET()
}

// tables are the constants in memory.
type tables struct {
	k       Mem // of the rounds
	padding Mem // of the rounds, plus the schedule of the block that pads 64 bytes
	second  Mem // of the rounds, plus vectors 2 and 3 of a block that holds a hash
	digest  Mem // those two vectors
	initial Mem // state, in SHA256RNDS2's order
	swap    Mem
}

func newTables() tables {
	k := constants()
	v := startState()
	padding, second := k, k
	for i, w := range expand([16]uint32{0: firstBit, 15: 64 * 8}) {
		padding[i] += w
	}
	second[8] += firstBit
	second[15] += 32 * 8
	return tables{
		k:       table("k", k[:]),
		padding: table("padding", padding[:]),
		second:  table("second", second[:]),
		digest:  table("digest", []uint32{firstBit, 0, 0, 0, 0, 0, 0, 32 * 8}),
		initial: table("initial", []uint32{v[5], v[4], v[1], v[0], v[7], v[6], v[3], v[2]}),
		swap:    table("swap", []uint32{0x00010203, 0x04050607, 0x08090a0b, 0x0c0d0e0f}),
	}
}

// firstBit starts the padding.
const firstBit = 0x80000000

// expand is the schedule of a block (FIPS 180-4, section 6.2.2).
func expand(block [16]uint32) (w [64]uint32) {
	copy(w[:], block[:])
	for i := 16; i < 64; i++ {
		a, b := w[i-15], w[i-2]
		s0 := rotate(a, 7) ^ rotate(a, 18) ^ a>>3
		s1 := rotate(b, 17) ^ rotate(b, 19) ^ b>>10
		w[i] = s1 + w[i-7] + s0 + w[i-16]
	}
	return w
}

func rotate(w uint32, n uint) uint32 { return w>>n | w<<(32-n) }

func table(name string, words []uint32) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i, w := range words {
		DATA(4*i, U32(w))
	}
	return m
}

// constants are SHA-256's round constants: the first 32 bits of the fractions of
// the cube roots of the first 64 primes (FIPS 180-4, section 4.2.2).
func constants() (k [64]uint32) {
	for i, p := range primes(64) {
		k[i] = fraction(math.Cbrt(p))
	}
	return k
}

// startState is SHA-256's initial state: the same of the square roots of the first
// eight (section 5.3.3).
func startState() (v [8]uint32) {
	for i, p := range primes(8) {
		v[i] = fraction(math.Sqrt(p))
	}
	return v
}

func fraction(x float64) uint32 { return uint32((x - math.Floor(x)) * (1 << 32)) }

func primes(n int) (found []float64) {
	for c := 2; len(found) < n; c++ {
		prime := true
		for d := 2; d*d <= c; d++ {
			prime = prime && c%d != 0
		}
		if prime {
			found = append(found, float64(c))
		}
	}
	return found
}
