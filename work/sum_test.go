package work_test

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/quernnet/quern/work"
)

func TestSumAgainstBig(t *testing.T) {
	most := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	rapid.Check(t, func(t *rapid.T) {
		a, b := work.Work(drawLimbs(t, "a")), work.Work(drawLimbs(t, "b"))
		sum := new(big.Int).Add(toBig(a), toBig(b))
		if sum.Cmp(most) > 0 {
			sum = most
		}
		if got := a.Add(b); toBig(got).Cmp(sum) != 0 {
			t.Fatalf("%v + %v = %v", a, b, got)
		}
		diff := new(big.Int).Sub(toBig(a), toBig(b))
		if diff.Sign() < 0 {
			diff.SetUint64(0)
		}
		if got := a.Sub(b); toBig(got).Cmp(diff) != 0 {
			t.Fatalf("%v - %v = %v", a, b, got)
		}
		n := rapid.Uint64().Draw(t, "n")
		product := new(big.Int).Mul(toBig(a), new(big.Int).SetUint64(n))
		if product.Cmp(most) > 0 {
			product = most
		}
		if got := a.Times(n); toBig(got).Cmp(product) != 0 {
			t.Fatalf("%d * %v = %v", n, a, got)
		}
		if a.Cmp(b) != toBig(a).Cmp(toBig(b)) {
			t.Fatalf("%v compared with %v is %d", a, b, a.Cmp(b))
		}
		if back, err := work.ParseWork(a.String()); err != nil || back != a {
			t.Fatalf("%v reads back as %v, %v", a, back, err)
		}
	})
}

func TestParseWork(t *testing.T) {
	for s, want := range map[string]work.Work{
		"0":                     {},
		"64492eaf00f2520":       {0x64492eaf00f2520},
		"10000000000000000":     {0, 1},
		"ABCDEF":                {0xabcdef},
		strings.Repeat("f", 64): {^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)},
	} {
		if got, err := work.ParseWork(s); err != nil || got != want {
			t.Errorf("%q is %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "0x10", "-1", "+1", "1 ", "g", "1_0", strings.Repeat("0", 65), "+000000000000000" + strings.Repeat("0", 16)} {
		if got, err := work.ParseWork(s); err == nil {
			t.Errorf("%q is %v, want an error", s, got)
		}
	}
}
