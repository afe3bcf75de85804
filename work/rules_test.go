package work_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/quernnet/quern/work"
)

// block is what the reference below keeps of each block.
type block struct {
	time uint32
	bits work.Bits
}

// reference is Bitcoin Core's rule as it is written: it looks back along the
// whole chain, in math/big.
type reference struct {
	work.Bitcoin
	exception, first bool // the 20-minute rule; retargets start from the period's first block
}

func (r reference) next(chain []block, time uint32) work.Bits {
	last, height := chain[len(chain)-1], len(chain)
	interval := int(r.Interval())
	if height%interval != 0 {
		if !r.exception {
			return last.bits
		}
		if int64(time) > int64(last.time)+int64(r.Spacing)*2 {
			return r.Limit
		}
		i := height - 1
		for i > 0 && i%interval != 0 && chain[i].bits == r.Limit {
			i--
		}
		return chain[i].bits
	}
	opening, span := chain[height-interval], int64(r.Timespan)
	took := min(max(int64(last.time)-int64(opening.time), span/4), span*4)
	from := last.bits
	if r.first {
		from = opening.bits
	}
	target, _, _ := bigCompact(from)
	target.Mul(target, big.NewInt(took)).Div(target, big.NewInt(span))
	if limit, _, _ := bigCompact(r.Limit); target.Cmp(limit) > 0 {
		return r.Limit
	}
	return compress(target)
}

// compress is Core's GetCompact on unbounded numbers.
func compress(n *big.Int) work.Bits {
	size := (n.BitLen() + 7) / 8
	word := new(big.Int).Lsh(n, 24)
	word.Rsh(word, uint(8*size))
	bits := uint32(word.Uint64())
	if bits&0x800000 != 0 {
		bits >>= 8
		size++
	}
	return work.Bits(uint32(size)<<24 | bits)
}

// Any chain of ten-block periods: whatever times its miners claim, each target
// is the one that looking back gives.
func TestSchedulesAgainstReference(t *testing.T) {
	bitcoin := work.Bitcoin{Limit: mainLimit, Spacing: 600, Timespan: 6000}
	regtestLike := work.Bitcoin{Limit: 0x207fffff, Spacing: 600, Timespan: 6000}
	for _, c := range []struct {
		schedule work.Schedule
		rule     reference
	}{
		{bitcoin, reference{Bitcoin: bitcoin}},
		{work.Testnet{Bitcoin: bitcoin}, reference{Bitcoin: bitcoin, exception: true}},
		{work.Testnet4{Testnet: work.Testnet{Bitcoin: bitcoin}}, reference{Bitcoin: bitcoin, exception: true, first: true}},
		{regtestLike, reference{Bitcoin: regtestLike}},
	} {
		t.Run(c.schedule.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				chain := []block{{1_000_000, c.rule.Limit}}
				past := c.schedule.Extend(work.Past{}, chain[0].time, chain[0].bits)
				if past != c.schedule.Start(chain[0].time, chain[0].bits) {
					t.Fatal("extending the zero past is not starting")
				}
				// Gaps around the exception's edge, and a miner whose clock goes back.
				gap := rapid.OneOf(rapid.Int64Range(1198, 1203), rapid.Int64Range(-500, 700), rapid.Just(int64(100)), rapid.Just(int64(5000)))
				for range 60 {
					time := uint32(int64(chain[len(chain)-1].time) + gap.Draw(t, "gap"))
					want := c.rule.next(chain, time)
					if got := c.schedule.Next(past, time); got != want {
						t.Fatalf("height %d: target %08x, want %08x", len(chain), uint32(got), uint32(want))
					}
					chain = append(chain, block{time, want})
					past = c.schedule.Extend(past, time, want)
				}
			})
		})
	}
}

// steps grows a chain by gaps in seconds and returns the targets it had to have.
func steps(s work.Schedule, past work.Past, gaps ...uint32) (work.Past, []work.Bits) {
	var all []work.Bits
	for _, gap := range gaps {
		time := past.Time + gap
		bits := s.Next(past, time)
		past = s.Extend(past, time, bits)
		all = append(all, bits)
	}
	return past, all
}

// The exception begins one second after two spacings, lasts for one block, and
// the walk back stops at the period's first block.
func TestTwentyMinuteRule(t *testing.T) {
	const real, limit = work.Bits(0x1c0ffff0), mainLimit
	bitcoin := work.Bitcoin{Limit: limit, Spacing: 600, Timespan: 6000}
	for _, s := range []work.Schedule{work.Testnet{Bitcoin: bitcoin}, work.Testnet4{Testnet: work.Testnet{Bitcoin: bitcoin}}} {
		_, got := steps(s, s.Start(1_000_000, real), 600, 1200, 1201, 600, 5000, 5000, 1200)
		want := []work.Bits{real, real, limit, real, limit, limit, real}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%v, block %d: %08x, want %08x", s, i+1, uint32(got[i]), uint32(want[i]))
			}
		}
	}
	// A time near 2^32 must not wrap.
	s := work.Testnet{Bitcoin: bitcoin}
	if got := s.Next(s.Start(1<<32-1000, real), 5); got != real {
		t.Errorf("a time before the parent's counts as after it: %08x", uint32(got))
	}
}

// A last block that used the exception throws testnet's difficulty away at the
// retarget; BIP94 keeps it.
func TestRetargetAfterException(t *testing.T) {
	const real, limit = work.Bits(0x1c0ffff0), mainLimit
	bitcoin := work.Bitcoin{Limit: limit, Spacing: 600, Timespan: 6000}
	gaps := []uint32{200, 200, 200, 200, 200, 200, 200, 200, 1300} // the period takes 2,900 s of 6,000
	for _, c := range []struct {
		schedule work.Schedule
		want     work.Bits
	}{
		{work.Testnet{Bitcoin: bitcoin}, 0x1c7bbb40},                         // from the limit
		{work.Testnet4{Testnet: work.Testnet{Bitcoin: bitcoin}}, 0x1c07bbb4}, // from 0x1c0ffff0
	} {
		past, got := steps(c.schedule, c.schedule.Start(1_000_000, real), gaps...)
		if got[8] != limit {
			t.Fatalf("%v: block 9 has %08x, want the limit", c.schedule, uint32(got[8]))
		}
		if next := c.schedule.Next(past, past.Time+600); next != c.want {
			t.Errorf("%v: %08x after the retarget, want %08x", c.schedule, uint32(next), uint32(c.want))
		}
	}
}

// The clamp is a factor of four both ways, and the limit is never passed.
func TestRetargetClamps(t *testing.T) {
	s := work.NewBitcoin(mainLimit)
	const now, from = 1_600_000_000, work.Bits(0x1b0404cb)
	for _, c := range []struct {
		took int64
		bits work.Bits
		want work.Bits
	}{
		{work.BitcoinTimespan, from, from},
		{work.BitcoinTimespan / 4, from, 0x1b010132},
		{1, from, 0x1b010132},
		{-5000, from, 0x1b010132}, // time may go back over a period
		{work.BitcoinTimespan * 4, from, 0x1b10132c},
		{work.BitcoinTimespan * 9, from, 0x1b10132c},
		{work.BitcoinTimespan * 9, mainLimit, mainLimit},
		{work.BitcoinTimespan + 600, mainLimit, mainLimit},
	} {
		past := work.Past{Height: 2015, Time: uint32(now + c.took), Bits: c.bits, PeriodTime: now, PeriodBits: c.bits}
		if got := s.Next(past, 0); got != c.want {
			t.Errorf("period of %d s: %08x becomes %08x, want %08x", c.took, uint32(c.bits), uint32(got), uint32(c.want))
		}
	}
}

func TestNone(t *testing.T) {
	var s work.None
	past, got := steps(s, s.Extend(work.Past{}, 1296688602, 0x207fffff), 1, 10_000_000, 1)
	for i, b := range got {
		if b != 0x207fffff {
			t.Errorf("block %d has %08x", i+1, uint32(b))
		}
	}
	if want := (work.Past{Height: 3, Time: 1306688604, Bits: 0x207fffff}); past != want {
		t.Errorf("past %+v, want %+v", past, want)
	}
}

// Schedules can be compared and name all that they depend on.
func TestScheduleNames(t *testing.T) {
	commons := work.ASERT{Limit: 0x1e0fffff, Spacing: 60, HalfLife: 3600}
	for _, c := range []struct {
		schedule work.Schedule
		want     string
	}{
		{work.None{}, "none"},
		{work.NewBitcoin(mainLimit), "bitcoin(limit=1d00ffff,spacing=600,timespan=1209600)"},
		{work.NewTestnet(mainLimit), "testnet(limit=1d00ffff,spacing=600,timespan=1209600)"},
		{work.NewTestnet4(mainLimit), "testnet4(limit=1d00ffff,spacing=600,timespan=1209600)"},
		{commons, "aserti3-2d(limit=1e0fffff,spacing=60,halflife=3600,anchor=1)"},
	} {
		if got := c.schedule.String(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	if work.Schedule(commons) != work.Schedule(work.ASERT{Limit: 0x1e0fffff, Spacing: 60, HalfLife: 3600}) ||
		work.Schedule(work.NewTestnet(mainLimit)) == work.Schedule(work.NewTestnet4(mainLimit)) {
		t.Error("schedules do not compare as values")
	}
}
