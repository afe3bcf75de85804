package work

// Past is what schedules must know of the chain up to and including one
// block. It is a value: Next of the same Past is always the same. The zero
// Past is the one before genesis. A schedule keeps the fields that it reads
// and leaves the others zero.
type Past struct {
	Height uint32 // of the block
	Time   uint32 // its time, Unix seconds
	Bits   Bits   // its target

	PeriodTime uint32 // time of the first block of its retarget period
	PeriodBits Bits   // target of that block
	RealBits   Bits   // target of the last block in the period that did not use the minimum-difficulty exception

	AnchorTime uint32 // ASERT: time of the anchor, block 1
	AnchorBits Bits   // ASERT: target of the anchor
}

// Schedule sets targets. Implementations are values that can be compared and
// printed into a rules digest (String).
type Schedule interface {
	// Next is the target that a block after p with the given time must have.
	// p holds genesis at least.
	Next(p Past, time uint32) Bits
	// Extend is the past after a further block with this time and target.
	// Extending the zero Past with genesis starts a chain: see Start.
	Extend(p Past, time uint32, bits Bits) Past
	// Start is the past of a chain that consists of its genesis block.
	Start(time uint32, bits Bits) Past
	// String names the schedule and all its parameters.
	String() string
}

// None never changes the target: each block has its parent's (Core's
// fPowNoRetargeting, regtest).
type None struct{}

// Next is p's own target.
func (None) Next(p Past, _ uint32) Bits { return p.Bits }

// Extend adds a block.
func (s None) Extend(p Past, time uint32, bits Bits) Past {
	if p == (Past{}) {
		return s.Start(time, bits)
	}
	return Past{Height: p.Height + 1, Time: time, Bits: bits}
}

// Start is the past of genesis alone.
func (None) Start(time uint32, bits Bits) Past { return Past{Time: time, Bits: bits} }

// String is "none".
func (None) String() string { return "none" }
