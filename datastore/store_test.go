package datastore

import (
	"errors"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
)

// openTest opens a store that is closed at the test's end.
func openTest(t testing.TB, c Config) *Store {
	t.Helper()
	if c.Params == nil {
		c.Params = testParams(t)
	}
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// add gives the store a block the way the chain does.
func add(t testing.TB, s *Store, u consensus.Update) {
	t.Helper()
	if err := s.AddHeaders([]chain.StoredHeader{{Header: u.Block.Header}}); err != nil {
		t.Fatal(err)
	}
	if err := s.PutBlock(u.Block); err != nil {
		t.Fatal(err)
	}
	spent, err := s.Resolve(u.Block, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkResolved(t, u, spent)
	if err := s.Apply(u); err != nil {
		t.Fatal(err)
	}
}

// checkResolved expects each coin that the block spends, Missing where the
// block itself creates it.
func checkResolved(t testing.TB, u consensus.Update, spent []consensus.Coin) {
	t.Helper()
	if len(spent) != len(u.Spent) {
		t.Fatalf("%d coins resolved, want %d", len(spent), len(u.Spent))
	}
	own := make(map[wire.Hash]bool)
	i := 0
	for n, tx := range u.Block.Txs {
		for j := range tx.Ins {
			if n == 0 {
				continue
			}
			if own[tx.Ins[j].Prev.TxID] {
				if !spent[i].Missing {
					t.Errorf("coin %d is created in the block, and was found", i)
				}
			} else if !sameCoin(spent[i], u.Spent[i]) {
				t.Errorf("coin %d resolved to %+v, want %+v", i, spent[i], u.Spent[i])
			}
			i++
		}
		own[tx.ID()] = true
	}
}

func eachBackend(t *testing.T, f func(t *testing.T, c Config)) {
	for _, name := range []string{"memory", "pebble"} {
		t.Run(name, func(t *testing.T) {
			f(t, Config{Backend: name, Dir: t.TempDir(), Params: testParams(t)})
		})
	}
}

func TestFollowsALedgerForthAndBack(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		c.Cache = 40_000 // so that most coins go to the disk and back
		s := openTest(t, c)
		l := newLedger(c.Params, 7)
		for range 400 {
			if l.rng.IntN(4) == 0 {
				if u, ok := l.shrink(); ok {
					spent, err := s.Undo(u.Block.ID())
					if err != nil || len(spent) != len(u.Spent) {
						t.Fatalf("undo has %d coins, want %d: %v", len(spent), len(u.Spent), err)
					}
					u.Spent = spent
					if err := s.Revert(u); err != nil {
						t.Fatal(err)
					}
				}
			} else {
				add(t, s, l.grow(12))
			}
			if s.NeedsFlush() || l.rng.IntN(20) == 0 {
				if err := s.Flush(l.tip().ID); err != nil {
					t.Fatal(err)
				}
				l.check(t, s)
			}
		}
		if err := s.Flush(l.tip().ID); err != nil {
			t.Fatal(err)
		}
		l.check(t, s)
		if len(l.coins) < 200 || len(l.past) < 50 {
			t.Fatalf("the ledger came to %d coins and %d blocks only", len(l.coins), len(l.past))
		}
		for _, u := range l.past {
			b, err := s.Block(u.Block.ID())
			if err != nil || string(b.Bytes()) != string(u.Block.Bytes()) {
				t.Fatalf("block %v comes back otherwise: %v", u.Block.ID(), err)
			}
		}
		if _, err := s.Block(wire.Hash{1}); !errors.Is(err, chain.ErrNoBlock) {
			t.Errorf("block never stored: %v", err)
		}
	})
}
