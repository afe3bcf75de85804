package work

import "fmt"

// ASERT is aserti3-2d: each block's target is the anchor's, doubled for every
// HalfLife seconds that the chain is behind a schedule of one block a Spacing,
// halved for every one ahead. Hash power may come and go: the target depends
// on where the chain is, not on how it got there.
//
// The anchor is block 1. Its target must be Limit, whatever the bits of genesis
// are: a chain may share its genesis with another whose limit is easier, as
// commons does with regtest. The specification counts from the time of the
// anchor's parent; here the parent counts as mined one Spacing before the
// anchor, whatever its header says. Genesis is years older than the first block
// mined on it, and a schedule counted from it would be years behind, with the
// easiest target until that many blocks were caught up.
//
// Spacing is positive and below 32,768; HalfLife is positive.
type ASERT struct {
	Limit             Bits // the easiest target, and the anchor's
	Spacing, HalfLife uint32
}

// Next is the target of the block after p. It does not depend on time.
func (s ASERT) Next(p Past, _ uint32) Bits {
	if p.Height == 0 {
		return s.Limit
	}
	blocks := int64(p.Height) - 1
	behind := int64(p.Time) - int64(p.AnchorTime) - int64(s.Spacing)*blocks
	return s.decay(p.AnchorBits, behind)
}

// Extend adds a block; block 1 becomes the anchor.
func (s ASERT) Extend(p Past, time uint32, bits Bits) Past {
	if p == (Past{}) {
		return s.Start(time, bits)
	}
	n := Past{Height: p.Height + 1, Time: time, Bits: bits, AnchorTime: p.AnchorTime, AnchorBits: p.AnchorBits}
	if n.Height == 1 {
		n.AnchorTime, n.AnchorBits = time, bits
	}
	return n
}

// Start is the past of genesis alone.
func (s ASERT) Start(time uint32, bits Bits) Past { return Past{Time: time, Bits: bits} }

// String names the schedule and its parameters.
func (s ASERT) String() string {
	return fmt.Sprintf("aserti3-2d(limit=%08x,spacing=%d,halflife=%d,anchor=1)", uint32(s.Limit), s.Spacing, s.HalfLife)
}

// decay is anchor*2^(behind/HalfLife), behind in seconds. The exponent is a
// fixed-point number with 16 bits of fraction, and the power of its fraction a
// cubic that is off by at most 0.013 %.
func (s ASERT) decay(anchor Bits, behind int64) Bits {
	exponent := behind * 65536 / int64(s.HalfLife)
	shift, fraction := exponent>>16, uint64(exponent&0xffff)
	factor := 65536 + (195766423245049*fraction+
		971821376*fraction*fraction+
		5127*fraction*fraction*fraction+
		1<<47)>>48

	t, _, _ := anchor.Target()
	limit, _, _ := s.Limit.Target()
	next, fits := shiftProduct(scale(t, factor), shift-16)
	switch {
	case !fits || next.Cmp(limit) > 0:
		next = limit
	case next == Target{}:
		next = Target{1}
	}
	return next.Bits()
}

// shiftProduct shifts n left by the given bits, or right when they are negative.
// fits says whether the result has no more than 256 bits.
func shiftProduct(n [5]uint64, by int64) (t Target, fits bool) {
	low, high := [4]uint64(n[:4]), [4]uint64{3: n[4]}
	if by >= 0 {
		size := int64(bitLen(low))
		if n[4] != 0 || size > 0 && size+by > 256 {
			return Target{}, false
		}
		return shiftLeft(low, uint(by)), true
	}
	down := uint(min(-by, 64*5))
	if down < 64 {
		high, fits = shiftLeft(high, 64-down), n[4]>>down == 0
	} else {
		high, fits = shiftRight(high, down-64), true
	}
	t, _ = add(shiftRight(low, down), high)
	return t, fits
}
