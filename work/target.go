package work

// Bits is a compact target, the form in which a header carries it: one byte of
// exponent, a sign bit, 23 bits of mantissa (Bitcoin Core, arith_uint256
// SetCompact).
type Bits uint32

// Target is a 256-bit number, least significant limb first. A block's id, read
// as a little-endian number, must not exceed it.
type Target [4]uint64

// Work is an expected number of hashes, cumulative or of one block, least
// significant limb first.
type Work [4]uint64

// Target expands b. negative and overflow say that b encodes a number that no
// target may be; the target is then meaningless.
func (b Bits) Target() (t Target, negative, overflow bool) { panic("unwritten") }

// Bits compresses t, losing all but its 23 or so leading bits.
func (t Target) Bits() Bits { panic("unwritten") }

// Valid says whether b is a positive target not above limit.
func (b Bits) Valid(limit Bits) bool { panic("unwritten") }

// Met says whether id (internal byte order) is at or below b's target. An
// invalid b is never met.
func (b Bits) Met(id [32]byte) bool { panic("unwritten") }

// Work is the number of hashes expected to meet b: 2^256/(target+1), zero when
// b is not a target.
func (b Bits) Work() Work { panic("unwritten") }

// Add returns w+o, saturating at 2^256-1.
func (w Work) Add(o Work) Work { panic("unwritten") }

// Sub returns w-o, zero when o is larger.
func (w Work) Sub(o Work) Work { panic("unwritten") }

// Cmp returns -1, 0 or 1 as w is less than, equal to or more than o.
func (w Work) Cmp(o Work) int { panic("unwritten") }

// String writes 64 hex digits, most significant first, as bitcoind's
// "chainwork".
func (w Work) String() string { panic("unwritten") }

// ParseWork reads up to 64 hex digits, most significant first.
func ParseWork(s string) (Work, error) { panic("unwritten") }

// Difficulty is b's difficulty relative to 0x1d00ffff, as bitcoind reports it.
func (b Bits) Difficulty() float64 { panic("unwritten") }
