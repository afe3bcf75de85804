package work

import "fmt"

// Bitcoin's own spacing and retarget timespan, in seconds.
const (
	BitcoinSpacing  = 10 * 60
	BitcoinTimespan = 14 * 24 * 60 * 60
)

// Bitcoin retargets once a period of Timespan/Spacing blocks by the time that
// the period took. That time is measured between its first block and its last,
// one interval short of the period, and clamped to a quarter and four times
// Timespan (Bitcoin Core, pow.cpp; main and signet). Both durations are in
// seconds and neither is zero.
type Bitcoin struct {
	Limit             Bits // the easiest target
	Spacing, Timespan uint32
}

// NewBitcoin is the schedule with Bitcoin's ten minutes and two weeks.
func NewBitcoin(limit Bits) Bitcoin {
	return Bitcoin{Limit: limit, Spacing: BitcoinSpacing, Timespan: BitcoinTimespan}
}

// Interval is the number of blocks in a period.
func (s Bitcoin) Interval() uint32 { return s.Timespan / s.Spacing }

// Next is p's target or, at the first block of a period, a new one.
func (s Bitcoin) Next(p Past, _ uint32) Bits {
	if s.opens(p.Height + 1) {
		return s.retarget(p, p.Bits)
	}
	return p.Bits
}

// Extend adds a block.
func (s Bitcoin) Extend(p Past, time uint32, bits Bits) Past {
	if p == (Past{}) {
		return s.Start(time, bits)
	}
	n := Past{Height: p.Height + 1, Time: time, Bits: bits, PeriodTime: p.PeriodTime, PeriodBits: p.PeriodBits}
	if s.opens(n.Height) {
		n.PeriodTime, n.PeriodBits = time, bits
	}
	return n
}

// Start is the past of genesis alone.
func (s Bitcoin) Start(time uint32, bits Bits) Past {
	return Past{Time: time, Bits: bits, PeriodTime: time, PeriodBits: bits}
}

// String names the schedule and its parameters.
func (s Bitcoin) String() string { return "bitcoin" + s.parameters() }

func (s Bitcoin) parameters() string {
	return fmt.Sprintf("(limit=%08x,spacing=%d,timespan=%d)", uint32(s.Limit), s.Spacing, s.Timespan)
}

// opens says whether the block at height is its period's first.
func (s Bitcoin) opens(height uint32) bool { return height%s.Interval() == 0 }

// retarget scales old by the time that the period ending in p took.
func (s Bitcoin) retarget(p Past, old Bits) Bits {
	span := int64(s.Timespan)
	took := min(max(int64(p.Time)-int64(p.PeriodTime), span/4), span*4)
	t, _, _ := old.Target()
	limit, _, _ := s.Limit.Target()
	n := divideSmall(scale(t, uint64(took)), uint64(span))
	if next := Target(n[:4]); n[4] == 0 && next.Cmp(limit) < 0 {
		return next.Bits()
	}
	return s.Limit
}

// Testnet is Bitcoin's schedule with the exception that a block more than two
// spacings after its parent has the easiest target. The block after such
// blocks returns to the last target before them in the period. A retarget
// starts from the last block's target even when that was an exception
// (testnet3's known weakness).
type Testnet struct{ Bitcoin }

// NewTestnet is the schedule with Bitcoin's ten minutes and two weeks.
func NewTestnet(limit Bits) Testnet { return Testnet{NewBitcoin(limit)} }

// Next is the target of a block after p at the given time.
func (s Testnet) Next(p Past, time uint32) Bits {
	if s.opens(p.Height + 1) {
		return s.retarget(p, p.Bits)
	}
	return s.within(p, time)
}

// within is the rule for all blocks of a period but the first.
func (s Testnet) within(p Past, time uint32) Bits {
	if uint64(time) > uint64(p.Time)+2*uint64(s.Spacing) {
		return s.Limit
	}
	return p.RealBits
}

// Extend adds a block.
func (s Testnet) Extend(p Past, time uint32, bits Bits) Past {
	if p == (Past{}) {
		return s.Start(time, bits)
	}
	n := s.Bitcoin.Extend(p, time, bits)
	n.RealBits = bits
	// Core walks back from a block with the easiest target until another target or
	// the period's first block; carrying the result forward is the same.
	if bits == s.Limit && !s.opens(n.Height) {
		n.RealBits = p.RealBits
	}
	return n
}

// Start is the past of genesis alone.
func (s Testnet) Start(time uint32, bits Bits) Past {
	p := s.Bitcoin.Start(time, bits)
	p.RealBits = bits
	return p
}

// String names the schedule and its parameters.
func (s Testnet) String() string { return "testnet" + s.parameters() }

// Testnet4 is Testnet's schedule, but a retarget starts from the target of its
// period's first block, which cannot be an exception (BIP94). The time-warp
// rule of BIP94 is about times, not targets, and not in here.
type Testnet4 struct{ Testnet }

// NewTestnet4 is the schedule with Bitcoin's ten minutes and two weeks.
func NewTestnet4(limit Bits) Testnet4 { return Testnet4{NewTestnet(limit)} }

// Next is the target of a block after p at the given time.
func (s Testnet4) Next(p Past, time uint32) Bits {
	if s.opens(p.Height + 1) {
		return s.retarget(p, p.PeriodBits)
	}
	return s.within(p, time)
}

// String names the schedule and its parameters.
func (s Testnet4) String() string { return "testnet4" + s.parameters() }
