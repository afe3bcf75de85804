package work

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func wide(n []uint64) *big.Int {
	v := new(big.Int)
	for i := len(n) - 1; i >= 0; i-- {
		v.Lsh(v, 64).Or(v, new(big.Int).SetUint64(n[i]))
	}
	return v
}

// limb draws digits at which long division goes wrong when it is wrong.
var limb = rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 3), rapid.Uint64Range(1<<63-2, 1<<63+2), rapid.Uint64Range(1<<64-3, 1<<64-1))

func draw(t *rapid.T, name string) (n [4]uint64) {
	for i := range rapid.IntRange(1, 4).Draw(t, name+" limbs") {
		n[i] = limb.Draw(t, name)
	}
	return n
}

func TestDivideAgainstBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw(t, "a"), draw(t, "b")
		if b == [4]uint64{} {
			b[0] = 1
		}
		got := divide(a, b)
		if want := new(big.Int).Div(wide(a[:]), wide(b[:])); wide(got[:]).Cmp(want) != 0 {
			t.Fatalf("%x / %x = %x, want %x", a, b, got, want)
		}
	})
}

// Random digits almost never make the guess of a digit one too large: these do.
func TestDivideAddsBack(t *testing.T) {
	for _, c := range []struct{ a, b [4]uint64 }{
		{[4]uint64{3, 0, 1 << 63}, [4]uint64{1, 0, 1 << 61}},
		{[4]uint64{0, 0, 1 << 63, 1<<63 - 1}, [4]uint64{1, 0, 1 << 63}},
		{[4]uint64{0, ^uint64(0) - 1, 1 << 63}, [4]uint64{^uint64(0), 1 << 63}},
		{[4]uint64{0, 0, 0, 1 << 63}, [4]uint64{^uint64(0), ^uint64(0), 1 << 63}},
		{[4]uint64{0, 0, 1 << 63}, [4]uint64{^uint64(0), 1 << 63}},
	} {
		got := divide(c.a, c.b)
		if want := new(big.Int).Div(wide(c.a[:]), wide(c.b[:])); wide(got[:]).Cmp(want) != 0 {
			t.Errorf("%x / %x = %x, want %x", c.a, c.b, got, want)
		}
	}
}

func TestNothingShiftedIsNothing(t *testing.T) {
	if got, fits := shiftProduct([5]uint64{}, 300); !fits || got != (Target{}) {
		t.Errorf("0 << 300 = %x, fits %v", got, fits)
	}
}

func TestShiftsAndScaleAgainstBig(t *testing.T) {
	all := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	rapid.Check(t, func(t *rapid.T) {
		a, by := draw(t, "a"), rapid.UintRange(0, 400).Draw(t, "by")
		left, right := shiftLeft(a, by), shiftRight(a, by)
		if want := new(big.Int).Lsh(wide(a[:]), by); wide(left[:]).Cmp(want.And(want, all)) != 0 {
			t.Fatalf("%x << %d = %x", a, by, left)
		}
		if want := new(big.Int).Rsh(wide(a[:]), by); wide(right[:]).Cmp(want) != 0 {
			t.Fatalf("%x >> %d = %x", a, by, right)
		}
		factor := max(1, limb.Draw(t, "factor"))
		product := scale(a, factor)
		want := new(big.Int).Mul(wide(a[:]), new(big.Int).SetUint64(factor))
		if wide(product[:]).Cmp(want) != 0 {
			t.Fatalf("%x * %x = %x", a, factor, product)
		}
		quotient := divideSmall(product, factor)
		if wide(quotient[:]).Cmp(wide(a[:])) != 0 {
			t.Fatalf("%x * %x / %x = %x", a, factor, factor, quotient)
		}
		shift := rapid.Int64Range(-400, 300).Draw(t, "shift")
		moved, fits := shiftProduct(product, shift)
		if shift >= 0 {
			want.Lsh(want, uint(shift))
		} else {
			want.Rsh(want, uint(-shift))
		}
		if fits != (want.BitLen() <= 256) || fits && wide(moved[:]).Cmp(want) != 0 {
			t.Fatalf("%x shifted by %d = %x (fits %v), want %x", product, shift, moved, fits, want)
		}
	})
}
