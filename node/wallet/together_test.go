package wallet

import (
	"sync"
	"testing"
)

// Payments that are begun at once spend different coins: all of them wait, none replaces
// another.
func TestSendsAtOnce(t *testing.T) {
	const payments = 16
	g := newGround(t)
	w, _ := g.create("w")
	g.mine(payments, w)
	g.mine(100, nil)
	g.settle(w)
	to := g.address(w, Bech32)
	var all sync.WaitGroup
	for i := range payments {
		all.Go(func() {
			// Growing, so that whoever came later would replace the others.
			if _, err := w.Send(t.Context(), Order{To: []Payment{{to, coinSats}}, Feerate: int64(2000 * (i + 1)), Password: password}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := g.pool.Stats().Count; n != payments {
		t.Errorf("%d payments wait of %d", n, payments)
	}
}
