package main

import (
	"math/big"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The windows of the method, as in Go's lanedigits.go.
const (
	keyWindow, keyDigits = 5, 26
	genWindow, genDigits = 12, 11
)

// step is an addition: of which scalar's half, the place of its digit, and
// whether the stored point is the opposite of the one meant.
type step struct {
	half, at, width int
	flip            bool
}

// schedule is what Go's laneSteps holds.
func schedule() (steps []step) {
	flip := false
	last := keyWindow * (keyDigits - 1)
	for at := last; at >= 0; at-- {
		put := func(half, width int) {
			flip = flip != ((last-at)%2 == 1)
			last = at
			steps = append(steps, step{half, at, width, flip})
			flip = flip != (len(steps) > 1)
		}
		if at%keyWindow == 0 {
			put(0, keyWindow)
			put(1, keyWindow)
		}
		if at%genWindow == 0 && at < genWindow*genDigits {
			put(2, genWindow)
			put(3, genWindow)
		}
	}
	return steps
}

// digits writes the cutting of scalars into digits.
func digits() {
	TEXT("laneDigits", NOSPLIT, "func(halves *[4][3][8]uint64, digits *[74][9]uint32)")
	Doc("laneDigits finds the table entries, and their signs, of each addition, from halves as sums of signs in limbs of 52 bits.")
	Pragma("noescape")
	halves, to := Load(Param("halves"), GP64()), Load(Param("digits"), GP64())
	limb := func(half, i int) VecPhysical { return zs[3*half+i] }
	for i := range 12 {
		VMOVDQU64(Mem{Base: halves, Disp: 64 * i}, zs[i])
	}
	// The upper bit of a digit, and those of the index at their place in an
	// offset to rows of 64 bytes.
	const ones, v, u = 12, 13, 14
	consts := map[int][2]int{keyWindow: {16, 17}, genWindow: {18, 19}}
	VPTERNLOGQ(U8(0xff), zs[ones], zs[ones], zs[ones])
	for _, width := range []int{keyWindow, genWindow} {
		VPBROADCASTQ(constant(pow2(uint(width-1))), zs[consts[width][0]])
		VPBROADCASTQ(constant(new(big.Int).Lsh(below(uint(width-1)), 6)), zs[consts[width][1]])
	}
	for n, s := range schedule() {
		i, shift := s.at/52, s.at%52
		VPSRLQ(U8(shift), limb(s.half, i), zs[v])
		if shift+s.width > 52 && i < 2 {
			VPSLLQ(U8(52-shift), limb(s.half, i+1), zs[u])
			VPORQ(zs[u], zs[v], zs[v])
		}
		VPTESTNMQ(zs[consts[s.width][0]], zs[v], K1)
		VPXORQ(zs[ones], zs[v], K1, zs[v])
		VPSLLQ(U8(6), zs[v], zs[v])
		VPANDQ(zs[consts[s.width][1]], zs[v], zs[v])
		VPMOVQD(zs[v], Mem{Base: to, Disp: 36 * n})
		sign := GP32()
		KMOVB(K1, sign)
		if s.flip {
			XORL(U32(0xff), sign)
		}
		MOVL(sign, Mem{Base: to, Disp: 36*n + 32})
	}
	VZEROUPPER()
	RET()
}
