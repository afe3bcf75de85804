package mempool

import (
	"errors"
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

// words puts verdicts into one: "ok", a reason, or "-" for what was not judged.
func words(vs []Verdict, err error) string {
	var whole *Error
	if errors.As(err, &whole) {
		return "package: " + whole.Reason
	}
	if err != nil {
		return err.Error()
	}
	var out []string
	for _, v := range vs {
		switch {
		case v.Result != nil:
			out = append(out, "ok")
		case v.Refused != nil:
			reason, _, _ := strings.Cut(v.Refused.Reason, " ")
			out = append(out, reason)
		default:
			out = append(out, "-")
		}
	}
	return strings.Join(out, " ")
}

func TestPackage(t *testing.T) {
	g := newGround(t, 6, nil)
	waits := pay(coinValue, 1000, 2, g.take())
	g.add(waits)
	half := waits.Outs[0].Value
	a := pay(coinValue, 1000, 1, g.take())
	b := pay(a.Outs[0].Value, 1000, 1, a.Outpoint(0))
	c := pay(b.Outs[0].Value+half, 1000, 1, b.Outpoint(0), waits.Outpoint(0))
	lone := pay(coinValue, 1000, 1, g.take())
	unsigned := change(b, func(t *wire.Tx) { t.Ins[0].Witness = [][]byte{{0}} })
	free := pay(coinValue, 0, 1, g.take())
	rival := pay(coinValue, 50_000, 1, waits.Ins[0].Prev)
	twice := pay(a.Outs[0].Value, 2000, 1, a.Outpoint(0))
	nowhere := pay(coinValue, 1000, 1, wire.Outpoint{TxID: wire.Hash{7}})
	for _, tc := range []struct {
		name string
		txs  []*wire.Tx
		want string
	}{
		{"one", []*wire.Tx{lone}, "ok"},
		{"independent", []*wire.Tx{lone, a}, "ok ok"},
		{"a chain with a parent in the pool", []*wire.Tx{a, b, c}, "ok ok ok"},
		{"child before its parent", []*wire.Tx{b, a}, "package: package-not-sorted"},
		{"the same twice", []*wire.Tx{a, a}, "package: package-contains-duplicates"},
		{"two that spend one coin", []*wire.Tx{a, b, twice}, "package: conflict-in-package"},
		{"no coins", []*wire.Tx{a, nowhere, lone}, "- bad-txns-inputs-missingorspent -"},
		{"a script that fails", []*wire.Tx{a, unsigned, lone}, "ok mempool-script-verify-flag-failed -"},
		{"no fee", []*wire.Tx{lone, free}, "- min"},
		{"a replacement", []*wire.Tx{lone, rival}, "- bip125-replacement-disallowed"},
		{"one that waits", []*wire.Tx{lone, waits}, "- txn-already-in-mempool"},
	} {
		before := g.pool.Stats()
		if got := words(g.pool.TestPackage(tc.txs)); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
		if g.pool.Stats() != before {
			t.Errorf("%s: the pool changed", tc.name)
		}
	}
	vs, err := g.pool.TestPackage([]*wire.Tx{a, b, c})
	if err != nil || vs[2].Result.Entry.Fee != 1000 {
		t.Errorf("%+v, %v", vs, err)
	}
	// Heavier together than a package may be, though each may enter.
	var heavy []*wire.Tx
	for range 2 {
		heavy = append(heavy, change(pay(coinValue, 1_000_000, 1, g.take()), func(t *wire.Tx) {
			for len(t.Outs) < 1300 {
				t.Outs = append(t.Outs, wire.Out{Value: 1000, Script: payTrue})
			}
			t.Outs[0].Value -= 1300 * 1000
		}))
	}
	if got := words(g.pool.TestPackage(heavy)); got != "package: package-too-large" {
		t.Errorf("heavy: %s", got)
	}
}
