package work_test

import (
	"math"
	"slices"
	"testing"

	"github.com/quernnet/quern/work"
)

// commons, whose genesis is regtest's: easier than its limit and years old.
var commons = work.ASERT{Limit: 0x1e0fffff, Spacing: 60, HalfLife: 3600}

const (
	regtestTime = 1296688602
	regtestBits = 0x207fffff
)

// firstBlock is a chain of genesis and block 1, mined years later.
func firstBlock(t *testing.T) work.Past {
	past := commons.Start(regtestTime, regtestBits)
	now := uint32(1_790_000_000)
	if got := commons.Next(past, now); got != commons.Limit {
		t.Fatalf("block 1 has %08x, want the limit", uint32(got))
	}
	return commons.Extend(past, now, commons.Limit)
}

// The years between genesis and block 1 must not count as delay: a steady chain
// stays where it began, and a fast one gets harder at once.
func TestCommonsForgetsGenesis(t *testing.T) {
	past := firstBlock(t)
	_, steady := steps(commons, past, slices.Repeat([]uint32{60}, 100)...)
	for i, b := range steady {
		if b != commons.Limit {
			t.Errorf("block %d of a steady chain has %08x", i+2, uint32(b))
		}
	}
	_, fast := steps(commons, past, slices.Repeat([]uint32{1}, 100)...)
	for i := 1; i < len(fast); i++ {
		if fast[i].Work().Cmp(fast[i-1].Work()) < 0 {
			t.Errorf("block %d of a fast chain is easier than the one before", i+2)
		}
	}
	if d := fast[99].Difficulty() / commons.Limit.Difficulty(); d < 3 || d > 3.2 {
		t.Errorf("99 blocks in 99 s made it %v times as hard, want 2^(99*59/3600) = 3.08", d)
	}
}

// One half-life ahead doubles the difficulty, one behind halves it.
func TestHalfLife(t *testing.T) {
	past := firstBlock(t)
	anchor := work.Bits(0x1c0fffff)
	for _, c := range []struct {
		behind int64
		want   float64 // times the anchor's difficulty
	}{
		{0, 1}, {-3600, 2}, {-7200, 4}, {-36000, 1024}, {3600, 0.5}, {7200, 0.25},
		{-1800, math.Sqrt2}, {1800, math.Sqrt2 / 2}, {-1, math.Exp2(1. / 3600)},
	} {
		at := past
		at.Height, at.AnchorBits = 101, anchor
		at.Time = uint32(int64(past.AnchorTime) + 100*60 + c.behind)
		got := commons.Next(at, 0).Difficulty() / anchor.Difficulty()
		if math.Abs(got/c.want-1) > 0.0002 {
			t.Errorf("%d s behind: %v times as hard, want %v", c.behind, got, c.want)
		}
	}
}

// At the ends of what headers can say the target is the limit or one, never nothing.
func TestExtremes(t *testing.T) {
	for _, c := range []struct {
		past work.Past
		want work.Bits
	}{
		{work.Past{Height: 1, Time: math.MaxUint32, AnchorTime: 0, AnchorBits: commons.Limit}, commons.Limit},
		{work.Past{Height: math.MaxUint32, Time: 0, AnchorTime: math.MaxUint32, AnchorBits: commons.Limit}, 0x01010000},
		{work.Past{Height: math.MaxUint32, Time: math.MaxUint32, AnchorTime: 0, AnchorBits: commons.Limit}, 0x01010000},
		{work.Past{Height: 2, Time: 2_000_000_000, AnchorTime: 1_000_000_000, AnchorBits: 0x01010000}, commons.Limit},
	} {
		if got := commons.Next(c.past, 0); got != c.want {
			t.Errorf("%+v: %08x, want %08x", c.past, uint32(got), uint32(c.want))
		}
	}
}

func TestASERTExtend(t *testing.T) {
	past := commons.Extend(work.Past{}, regtestTime, regtestBits)
	if past != commons.Start(regtestTime, regtestBits) {
		t.Errorf("extending the zero past gives %+v", past)
	}
	past = commons.Extend(past, 1_790_000_000, commons.Limit)
	past = commons.Extend(past, 1_790_000_077, 0x1e0ffff0)
	want := work.Past{Height: 2, Time: 1_790_000_077, Bits: 0x1e0ffff0, AnchorTime: 1_790_000_000, AnchorBits: commons.Limit}
	if past != want {
		t.Errorf("past %+v, want %+v", past, want)
	}
}
