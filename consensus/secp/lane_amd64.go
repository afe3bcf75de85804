//go:build !purego

package secp

import (
	"sync"

	"golang.org/x/sys/cpu"
)

//go:generate go run -C gen ./lanes -out ../lane_amd64.s -stubs ../lane_stubs_amd64.go -pkg secp

// hasIFMA says whether the machine multiplies eight lanes of 52 bits at once.
var hasIFMA = cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512IFMA

// hasLanes says whether it multiplies lanes in any of the two ways.
var hasLanes = hasIFMA || cpu.X86.HasAVX2 && cpu.X86.HasFMA

// minLanes is the number of claims from which a group of lanes costs less than
// single checks.
func minLanes() int {
	if hasIFMA {
		return 3
	}
	return 6
}

// lane8 is a field element in each of eight lanes: five limbs of 52 bits, the
// uppermost of which may be larger than 48 bits.
type lane8 = [5][8]uint64

// Where the elements of a group lie; the generator knows them in this order.
const (
	laneX, laneY, laneZ = 0, 1, 2 // the point; Y is twice as large
	laneF               = 3       // the z that the table of the key leaves out
	laneKeyX, laneKeyY  = 4, 5
	laneR               = 6 // what the point's x must be
	laneBeta            = 7
	laneC               = 8 // of which the key's y is a root
)

type laneState = [18]lane8

// laneDigit has a table entry's offset in bytes for each lane, and a byte of
// signs.
type laneDigit = [9]uint32

// laneKeyTable has 16 odd multiples for each lane: four words of x, four of twice y.
type laneKeyTable = [8][1 << (laneKeyWindow - 1)][8]uint64

// laneKind is a scalar's half and the table that its digits ask for.
type laneKind uint8

const (
	laneKey laneKind = iota
	laneKeyLambda
	laneGen
	laneGenLambda
)

// laneStep is an addition, after some doublings, of the entries that the digits
// at the given place ask for.
type laneStep struct {
	doubles int
	kind    laneKind
	at      uint
	flip    bool // the stored point is the opposite of the one meant
}

// laneSteps are what every lane does. laneFlip says whether it ends with the
// opposite of the point that is meant.
var laneSteps, laneFlip = func() (steps [2 * (laneKeyDigits + laneGenDigits)]laneStep, flip bool) {
	n, last := 0, laneKeyWindow*(laneKeyDigits-1)
	put := func(at int, kinds ...laneKind) {
		for _, kind := range kinds {
			steps[n] = laneStep{last - at, kind, uint(at), flip != ((last-at)%2 == 1)}
			flip = steps[n].flip != (n > 0) // the first only sets the point
			last = at
			n++
		}
	}
	for at := last; at >= 0; at-- {
		if at%laneKeyWindow == 0 {
			put(at, laneKey, laneKeyLambda)
		}
		if at%laneGenWindow == 0 && at < laneGenWindow*laneGenDigits {
			put(at, laneGen, laneGenLambda)
		}
	}
	return steps, flip
}()

// laneGenerators has the generator's odd multiples: four words of x, four of
// twice y.
var laneGenerators = sync.OnceValue(func() *[1 << (laneGenWindow - 1)][8]uint64 {
	points := make([]affine, 1<<(laneGenWindow-1))
	p := jacobian{}
	p.setAffine(&generator)
	fillMultiples(points, &p)
	// One element more, so that the rows can begin at a cache line.
	t := new([1 << (laneGenWindow - 1)][8]uint64)
	for i := range points {
		x, y := points[i].x.canonical(), points[i].y
		y.double(&y)
		y = y.canonical()
		copy(t[i][:4], x[:])
		copy(t[i][4:], y[:])
	}
	return t
})

// laneJob is a claim that is well-formed.
type laneJob struct {
	claim   int
	x, y    field  // the key
	r       field  // what the point's x must be
	s       scalar // the point is u1/s G + u2/s key; 1 for Schnorr
	u1, u2  scalar
	given   bool // y is
	odd     bool // y shall be, where it is not given
	schnorr bool
}

// laneGroup is what is kept of eight jobs from one phase to the next. Batches of
// inversions have one for all groups: what each group's was before is kept.
type laneGroup struct {
	s, before lane8 // to be inverted, and the product of all before
	u1, u2    lane8
	y         lane8
	valid     uint32 // lanes whose x is right and whose z is not zero
	refuted   uint32 // lanes whose x is wrong
	schnorr   uint32
}

// laneScratch is the memory of a batch.
type laneScratch struct {
	jobs   []laneJob
	groups []laneGroup
	work   *laneWork
	open   []int // claims of which nothing has been said

	// Without IFMA:
	fma             *fmaWork
	inverses, spare []scalar
	pending         []fmaPending
	zs, spareZ      []field
}

// laneWork is the memory of a group, or of two for their roots.
type laneWork struct {
	state  [2]laneState
	powers [9][2]lane8
	raw    [1 << (laneKeyWindow - 1)][3]lane8
	table  laneKeyTable
	halves [4][3][8]uint64
	digits [len(laneSteps)]laneDigit
}
