package work_test

import (
	"encoding/binary"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/quernnet/quern/work"
)

// Bitcoin Core's vectors (arith_uint256_tests.cpp, bignum_SetCompact). hex is
// without leading zeros; again is the compact form that the magnitude has.
func TestCompactVectors(t *testing.T) {
	for _, c := range []struct {
		bits               work.Bits
		hex                string
		again              work.Bits
		negative, overflow bool
	}{
		{0, "", 0, false, false},
		{0x00123456, "", 0, false, false},
		{0x01003456, "", 0, false, false},
		{0x02000056, "", 0, false, false},
		{0x03000000, "", 0, false, false},
		{0x04000000, "", 0, false, false},
		{0x00923456, "", 0, false, false},
		{0x01803456, "", 0, false, false},
		{0x02800056, "", 0, false, false},
		{0x03800000, "", 0, false, false},
		{0x04800000, "", 0, false, false},
		{0x01123456, "12", 0x01120000, false, false},
		{0x02008000, "80", 0x02008000, false, false},
		{0x01fedcba, "7e", 0x017e0000, true, false},
		{0x02123456, "1234", 0x02123400, false, false},
		{0x03123456, "123456", 0x03123456, false, false},
		{0x04123456, "12345600", 0x04123456, false, false},
		{0x04923456, "12345600", 0x04123456, true, false},
		{0x05009234, "92340000", 0x05009234, false, false},
		{0x20123456, "123456" + strings.Repeat("0", 58), 0x20123456, false, false},
		// Where overflow begins, by the mantissa's length.
		{0x2000ffff, "ffff" + strings.Repeat("0", 58), 0x2100ffff - 0x01000000, false, false},
		{0x2100ffff, "ffff" + strings.Repeat("0", 60), 0x2100ffff, false, false},
		{0x220000ff, "ff" + strings.Repeat("0", 62), 0x2100ff00, false, false},
		{0x23000000, "", 0, false, false},
		{0xff000000, "", 0, false, false},
	} {
		target, negative, overflow := c.bits.Target()
		if negative != c.negative || overflow != c.overflow {
			t.Errorf("%08x: negative %v, overflow %v", uint32(c.bits), negative, overflow)
		}
		if want := strings.Repeat("0", 64-len(c.hex)) + c.hex; target.String() != want {
			t.Errorf("%08x is %v, want %s", uint32(c.bits), target, want)
		}
		if got := target.Bits(); got != c.again {
			t.Errorf("%08x becomes %08x, want %08x", uint32(c.bits), uint32(got), uint32(c.again))
		}
	}
	for _, b := range []work.Bits{0xff123456, 0x23000001, 0x22000100, 0x21010000, 0x227fffff} {
		if _, negative, overflow := b.Target(); negative || !overflow {
			t.Errorf("%08x: negative %v, overflow %v, want an overflow", uint32(b), negative, overflow)
		}
	}
}

// What no header may carry is neither valid, nor met by any id, nor worth work.
func TestNoTargets(t *testing.T) {
	for _, b := range []work.Bits{0, 0x1d000000, 0x1d80ffff, 0x01fedcba, 0xff123456, 0x21010000, 0x01003456} {
		if b.Valid(0x207fffff) || b.Met([32]byte{}) || b.Work() != (work.Work{}) {
			t.Errorf("%08x counts as a target", uint32(b))
		}
	}
	for _, c := range []struct {
		bits, limit work.Bits
		valid       bool
	}{
		{0x1d00ffff, 0x1d00ffff, true},
		{0x1d00fffe, 0x1d00ffff, true},
		{0x1d010000, 0x1d00ffff, false},
		{0x1e000100, 0x1d00ffff, false}, // 0x1d010000 in another form
		{0x1e0000ff, 0x1d00ffff, true},  // and one below, not in its shortest form
		{0x207fffff, 0x207fffff, true},
		{0x2100ffff, 0x207fffff, false},
		{0x1d00ffff, 0, false},
	} {
		if c.bits.Valid(c.limit) != c.valid {
			t.Errorf("%08x under %08x: valid is %v", uint32(c.bits), uint32(c.limit), !c.valid)
		}
	}
}

func TestMetIsInclusive(t *testing.T) {
	target, _, _ := work.Bits(0x1b0404cb).Target()
	id := littleEndian(target)
	if !work.Bits(0x1b0404cb).Met(id) {
		t.Error("an id equal to the target does not meet it")
	}
	target[0]++ // the lowest limb is zero
	if work.Bits(0x1b0404cb).Met(littleEndian(target)) {
		t.Error("an id one above the target meets it")
	}
}

func littleEndian(n [4]uint64) (b [32]byte) {
	for i, limb := range n {
		binary.LittleEndian.PutUint64(b[8*i:], limb)
	}
	return b
}

// Difficulties as bitcoind prints them.
func TestDifficulty(t *testing.T) {
	for bits, want := range map[work.Bits]float64{
		0x1d00ffff: 1,
		0x1c3fffc0: 4,
		0x1b0404cb: 16307.420938523983,
		0x207fffff: 4.6565423739069247e-10,
		0:          0,
		0x1d000000: 0,
	} {
		if got := bits.Difficulty(); got != want {
			t.Errorf("%08x: difficulty %v, want %v", uint32(bits), got, want)
		}
	}
}

// toBig and fromBig tie limbs to math/big, the oracle of what follows.
func toBig(n [4]uint64) *big.Int {
	v := new(big.Int)
	for i := 3; i >= 0; i-- {
		v.Lsh(v, 64).Or(v, new(big.Int).SetUint64(n[i]))
	}
	return v
}

// bigCompact is Core's SetCompact in unbounded numbers: overflow is what needs
// more than 256 bits.
func bigCompact(b work.Bits) (n *big.Int, negative, overflow bool) {
	n = big.NewInt(int64(b & 0x7fffff))
	if exp := int(b >> 24); exp <= 3 {
		n.Rsh(n, uint(8*(3-exp)))
	} else {
		n.Lsh(n, uint(8*(exp-3)))
	}
	return n, n.Sign() != 0 && b&0x800000 != 0, n.BitLen() > 256
}

// drawBits draws compact targets, mostly with exponents that mean something.
func drawBits(t *rapid.T) work.Bits {
	exp := rapid.OneOf(rapid.Uint32Range(0, 36), rapid.Uint32Range(0, 255)).Draw(t, "exponent")
	return work.Bits(exp<<24 | rapid.Uint32Range(0, 0xffffff).Draw(t, "mantissa"))
}

func drawLimbs(t *rapid.T, name string) (n [4]uint64) {
	size := rapid.IntRange(0, 4).Draw(t, name+" limbs")
	for i := range size {
		n[i] = rapid.OneOf(rapid.Uint64(), rapid.Just(^uint64(0)), rapid.Just(uint64(1)<<63), rapid.Just(uint64(0))).Draw(t, name)
	}
	return n
}

func TestCompactAgainstBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBits(t)
		want, wantNegative, wantOverflow := bigCompact(b)
		target, negative, overflow := b.Target()
		if negative != wantNegative || overflow != wantOverflow || !overflow && toBig(target).Cmp(want) != 0 {
			t.Fatalf("%08x is %v (negative %v, overflow %v), want %x", uint32(b), target, negative, overflow, want)
		}
		if overflow {
			return
		}
		if back, _, _ := target.Bits().Target(); back != target {
			t.Fatalf("%08x: target does not survive compression", uint32(b))
		}
		if b.Work() != (work.Work{}) {
			all := new(big.Int).Lsh(big.NewInt(1), 256)
			if w := all.Div(all, new(big.Int).Add(want, big.NewInt(1))); toBig(b.Work()).Cmp(w) != 0 {
				t.Fatalf("%08x: work %v, want %x", uint32(b), b.Work(), w)
			}
		} else if !negative && want.Sign() > 0 {
			t.Fatalf("%08x: no work", uint32(b))
		}
	})
}

// Compression keeps at least 16 leading bits and never rounds up.
func TestCompressionAgainstBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		target := work.Target(drawLimbs(t, "target"))
		back, negative, overflow := target.Bits().Target()
		if negative || overflow || back.Cmp(target) > 0 {
			t.Fatalf("%v becomes %08x", target, uint32(target.Bits()))
		}
		lost := new(big.Int).Sub(toBig(target), toBig(back))
		if lost.Lsh(lost, 15).Cmp(toBig(target)) >= 0 && target != (work.Target{}) {
			t.Fatalf("%v becomes %08x, which loses too much", target, uint32(target.Bits()))
		}
	})
}
