package rpc

import (
	"sync"
	"testing"
)

// TestPaymentsAtOnce: payments that are made side by side spend different coins, so that
// all of them wait for a block, and none replaces another.
func TestPaymentsAtOnce(t *testing.T) {
	const at, each = 8, 4
	f := newFixture(t, 1)
	mine := f.rich(20)
	var all sync.WaitGroup
	for i := range at {
		all.Go(func() {
			for range each {
				if _, fail := f.call("sendtoaddress", []any{mine, 0.5 + float64(i), "", "", false, true, nil, "unset", nil, 10 + i}); fail != nil {
					t.Errorf("payment: %v", fail)
				}
			}
		})
	}
	all.Wait()
	var waiting []string
	f.must("getrawmempool", &waiting)
	if len(waiting) != at*each {
		t.Errorf("%d payments wait of %d", len(waiting), at*each)
	}
}
