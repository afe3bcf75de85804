package rpc

import "testing"

// TestFeesOfWatchingWallets: who only watches pays for signatures as long as they may be, since it is
// not known how somebody else makes them.
func TestFeesOfWatchingWallets(t *testing.T) {
	f := newFixture(t, 1)
	f.rich(1, "legacy")
	var list struct {
		Descriptors []map[string]any `json:"descriptors"`
	}
	f.must("listdescriptors", &list)
	fund := func() (fee float64) {
		t.Helper()
		var made struct{ Fee float64 }
		f.must("walletcreatefundedpsbt", &made, []any{}, map[string]int{f.vars["addr"]: 1}, 0, map[string]any{"fee_rate": 10})
		return made.Fee
	}
	own := fund()
	f.must("unloadwallet", nil, "w")
	f.must("createwallet", nil, "watch", true)
	for _, d := range list.Descriptors {
		d["timestamp"] = 0
	}
	f.must("importdescriptors", nil, list.Descriptors)
	if got := fund(); got <= own {
		t.Errorf("%v BTC, a wallet with keys pays %v", got, own)
	}
}
