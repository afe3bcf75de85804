package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// class is one instruction of a kernel: how many of it a group of nonces takes,
// and how to write the ith of them so that it waits for none of those just before.
type class struct {
	n     int
	write func(i int)
}

// mixes writes, for each kernel, a loop of the same instructions that compute
// nothing: what a processor needs for it is what the kernel cannot go below.
// Moves, and what a group has fewer than ten of, are left out; TestMixes
// compares the counts with the kernels.
func mixes() {
	x := func(first, n, i int) VecPhysical { return xmm[first+i%n] }
	mix("mixPairs", "scanPairs", nil,
		class{120, func(i int) { SHA256RNDS2(X0, X15, x(1, 5, i)) }},
		class{100, func(i int) { PADDD(X15, x(9, 6, i)) }},
		class{74, func(i int) { PSHUFD(U8(0x0e), X15, x(9, 6, i)) }},
		class{44, func(i int) { SHA256MSG2(X15, x(6, 3, i)) }},
		class{40, func(i int) { SHA256MSG1(X15, x(6, 3, i)) }},
		class{40, func(i int) { PALIGNR(U8(4), X15, x(9, 6, i)) }},
	)
	y := func(i int) VecPhysical { return ymm[4+i%12] }
	mix("mixEights", "scanEights", VZEROUPPER,
		class{2278, func(i int) { VPXOR(Y0, Y1, y(i)) }},
		class{1176, func(i int) { VPSRLD(U8(7), Y0, y(i)) }},
		class{1044, func(i int) { VPADDD(Y0, Y1, y(i)) }},
		class{1020, func(i int) { VPSLLD(U8(7), Y0, y(i)) }},
		class{236, func(i int) { VPAND(Y0, Y1, y(i)) }},
	)
	z := func(i int) VecPhysical { return zmm[4+i%28] }
	mix("mixSixteens", "scanSixteens", VZEROUPPER,
		class{1044, func(i int) { VPADDD(Z0, Z1, z(i)) }},
		class{1020, func(i int) { VPRORD(U8(7), Z0, z(i)) }},
		class{628, func(i int) { VPTERNLOGD(U8(xor3), Z0, Z1, z(i)) }},
		class{156, func(i int) { VPSRLD(U8(7), Z0, z(i)) }},
	)
	cycles()
}

var xmm = []VecPhysical{X0, X1, X2, X3, X4, X5, X6, X7, X8, X9, X10, X11, X12, X13, X14, X15}

// mix spreads each class evenly over the loop.
func mix(name, kernel string, end func(), classes ...class) {
	TEXT(name, NOSPLIT, "func(groups uint32)")
	Doc(fmt.Sprintf("%s runs the instructions of so many groups of %s, none of which waits", name, kernel),
		"for another. groups is at least 1.")
	left := GP32()
	Load(Param("groups"), left)
	total := 0
	for _, c := range classes {
		total += c.n
	}
	done := make([]int, len(classes))
	Label("next")
	for at := 1; at <= total; at++ {
		next, most := 0, -1
		for i, c := range classes {
			if behind := c.n*at - done[i]*total; behind > most && done[i] < c.n {
				next, most = i, behind
			}
		}
		classes[next].write(at)
		done[next]++
	}
	DECL(left)
	JNZ(LabelRef("next"))
	if end != nil {
		end()
	}
	RET()
}

// cycles writes a loop whose time is known in cycles of the processor's clock, of
// whatever make it is: a product waits three for another.
func cycles() {
	const products = 32
	TEXT("threeCycles", NOSPLIT, "func(times uint32)")
	Doc(fmt.Sprintf("threeCycles takes 3*%d cycles times over. times is at least 1.", products))
	left, v := GP32(), GP64()
	Load(Param("times"), left)
	MOVQ(U32(3), v)
	Label("next")
	for range products {
		IMULQ(v, v)
	}
	DECL(left)
	JNZ(LabelRef("next"))
	RET()
}
