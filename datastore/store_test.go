package datastore

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"

	ds "github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/query"

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

// flush makes the store durable at a tip.
func flush(s *Store, tip wire.Hash) error {
	if err := s.Freeze(tip); err != nil {
		return err
	}
	return s.Flush()
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
				if err := flush(s, l.tip().ID); err != nil {
					t.Fatal(err)
				}
				l.check(t, s)
			}
		}
		if err := flush(s, l.tip().ID); err != nil {
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

func TestHeadersComeBackInOrderWithTheirMarks(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		s := openTest(t, c)
		l := newLedger(c.Params, 5)
		var hs []chain.StoredHeader
		for range 50 {
			hs = append(hs, chain.StoredHeader{Header: l.grow(0).Block.Header})
		}
		genesis := c.Params.Genesis
		steps := []func(){
			func() { hs[3].Mark = chain.Invalid },
			func() { hs[7].Mark = chain.Rejected },
			func() { hs[3].Mark = 0; hs[49].Mark = chain.Invalid },
		}
		for i, change := range steps {
			change()
			if err := s.AddHeaders(append([]chain.StoredHeader{{Header: genesis.Header}}, hs[:20+i*15]...)); err != nil {
				t.Fatal(err)
			}
			checkHeaders(t, s, hs[:20+i*15])
			if i < 2 {
				if err := flush(s, genesis.ID()); err != nil {
					t.Fatal(err)
				}
				checkHeaders(t, s, hs[:20+i*15])
			}
		}
		if c.Backend == "memory" {
			return
		}
		s = reopenTest(t, s, c) // without the last changes, which were not flushed
		hs[3].Mark, hs[49].Mark = chain.Invalid, 0
		checkHeaders(t, s, hs[:35])
	})
}

func checkHeaders(t *testing.T, s *Store, want []chain.StoredHeader) {
	t.Helper()
	headers, _, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for h, err := range headers {
		if err != nil {
			t.Fatal(err)
		}
		if i < len(want) && h != want[i] {
			t.Errorf("header %d is %+v, want %+v", i, h, want[i])
		}
		i++
	}
	if i != len(want) {
		t.Errorf("%d headers, want %d", i, len(want))
	}
}

func TestEachCoinSeesOneFlush(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		s := openTest(t, c)
		l := newLedger(c.Params, 8)
		for range 60 {
			add(t, s, l.grow(10))
		}
		if err := flush(s, l.tip().ID); err != nil {
			t.Fatal(err)
		}
		want := len(l.coins)
		n := 0
		err := s.EachCoin(t.Context(), func(wire.Outpoint, consensus.Coin) error {
			if n++; n%20 == 0 { // the chain moves on meanwhile
				add(t, s, l.grow(30))
				return flush(s, l.tip().ID)
			}
			return nil
		})
		if err != nil || n != want {
			t.Errorf("%d coins, %v; want the %d of the flush before", n, err, want)
		}
		l.check(t, s)

		stop := errors.New("enough")
		if err := s.EachCoin(t.Context(), func(wire.Outpoint, consensus.Coin) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("error is %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if err := s.EachCoin(ctx, func(wire.Outpoint, consensus.Coin) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
	})
}

// Readers beside the owner see each coin as it is before or after a block.
func TestReadersBesideTheOwner(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		c.Cache = 50_000
		s := openTest(t, c)
		l := newLedger(c.Params, 9)
		var us []consensus.Update
		for range 80 {
			us = append(us, l.grow(6))
		}
		for _, u := range us[:40] {
			add(t, s, u)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var readers sync.WaitGroup
		for r := range uint64(2) {
			readers.Go(func() { readBeside(ctx, t, s, us[:40], rand.New(rand.NewPCG(r, 4))) })
		}
		for i, u := range us[40:] {
			add(t, s, u)
			if i%5 == 0 {
				if err := flush(s, u.Next.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		cancel()
		readers.Wait()
	})
}

func readBeside(ctx context.Context, t *testing.T, s *Store, us []consensus.Update, rng *rand.Rand) {
	for ctx.Err() == nil {
		u := us[rng.IntN(len(us))]
		tx := u.Block.Txs[rng.IntN(len(u.Block.Txs))]
		i := rng.IntN(len(tx.Outs))
		coin, err := s.Coin(tx.Outpoint(i))
		if err != nil {
			t.Error(err)
			return
		}
		if !coin.Missing && (coin.Value != tx.Outs[i].Value || coin.Height != u.Next.Height) {
			t.Errorf("coin %v is %+v", tx.Outpoint(i), coin)
			return
		}
		if b, err := s.Block(u.Next.ID); err != nil || b.ID() != u.Next.ID {
			t.Errorf("block: %v", err)
			return
		}
		if spent, err := s.Undo(u.Next.ID); err != nil || len(spent) != len(u.Spent) {
			t.Errorf("undo: %v", err)
			return
		}
	}
}

func TestUpdatesThatDoNotFitAreRefused(t *testing.T) {
	s := openTest(t, Config{Backend: "memory"})
	l := newLedger(s.c.Params, 4)
	one, two := l.grow(5), l.grow(20)
	if err := s.Apply(two); err == nil {
		t.Error("a block that is not the next can be applied")
	}
	add(t, s, one)
	short := two
	short.Spent = short.Spent[1:]
	if err := s.Apply(short); err == nil {
		t.Error("a block can be applied without a coin that it spends")
	}
	if err := s.Revert(two); err == nil {
		t.Error("a block that is not the tip can be reverted")
	}
	if err := flush(s, two.Next.ID); err == nil {
		t.Error("a state can be flushed under another's name")
	}
	add(t, s, two)
	if err := flush(s, two.Next.ID); err != nil {
		t.Fatal(err)
	}
	l.check(t, s)
}

// Once the coins are half changed, nothing may be flushed.
func TestHalfAppliedStateIsNeverFlushed(t *testing.T) {
	c := Config{Dir: t.TempDir(), Params: testParams(t)}
	s := openTest(t, c)
	l := newLedger(s.c.Params, 4)
	add(t, s, l.grow(9))
	if err := flush(s, l.tip().ID); err != nil {
		t.Fatal(err)
	}
	good := milestoneOf(t, s, l)
	u := l.grow(20)
	for len(u.Block.Txs) < 2 {
		add(t, s, u)
		u = l.grow(20)
	}
	twice := u.Block.Txs[1]
	u.Block = wire.NewBlock(u.Block.Header, append(u.Block.Txs[:2:2], twice))
	u.Spent = append(u.Spent[:len(twice.Ins):len(twice.Ins)], u.Spent[:len(twice.Ins)]...)
	if err := s.Apply(u); err == nil {
		t.Fatal("a coin can be spent twice")
	}
	if err := flush(s, s.set.tip); err == nil {
		t.Error("the half-applied state was flushed")
	}
	if err := examine(reopenTest(t, s, c), good, nil); err != nil {
		t.Error(err)
	}
}

// The coinbases of two blocks of the main chain are copies of earlier ones
// (BIP30): there, a coin is replaced, and the older one is gone for good.
func TestRepeatedCoinbaseReplacesItsCoins(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		for _, between := range []bool{false, true} {
			c.Dir = t.TempDir()
			s := openTest(t, c)
			l := newLedger(c.Params, 4)
			one := l.grow(0)
			add(t, s, one)
			two := consensus.Update{Prev: one.Next, Block: wire.NewBlock(wire.Header{Parent: one.Next.ID, Nonce: 1}, one.Block.Txs)}
			two.Next = consensus.State{Params: c.Params, ID: two.Block.ID(), Height: 2}
			if between {
				if err := flush(s, one.Next.ID); err != nil {
					t.Fatal(err)
				}
			}
			add(t, s, two)
			if err := flush(s, two.Next.ID); err != nil {
				t.Fatal(err)
			}
			for op, coin := range l.coins {
				coin.Height = 2
				l.coins[op] = coin
			}
			l.check(t, s)
		}
	})
}

func TestSpacesAreApartAndLast(t *testing.T) {
	c := Config{Dir: t.TempDir(), Params: testParams(t)}
	s := openTest(t, c)
	a, b, k := s.Space("peers"), s.Space("peers-2"), ds.NewKey("/some/key")
	if err := errors.Join(a.Put(t.Context(), k, []byte("a")), b.Put(t.Context(), k, []byte("b")), a.Sync(t.Context(), k)); err != nil {
		t.Fatal(err)
	}
	s = reopenTest(t, s, c)
	for name, want := range map[string]string{"peers": "a", "peers-2": "b"} {
		if v, err := s.Space(name).Get(t.Context(), k); err != nil || string(v) != want {
			t.Errorf("%s has %q, %v; want %q", name, v, err, want)
		}
		found, err := s.Space(name).Query(t.Context(), query.Query{})
		if err != nil {
			t.Fatal(err)
		}
		if all, err := found.Rest(); err != nil || len(all) != 1 || all[0].Key != k.String() {
			t.Errorf("%s lists %v, %v", name, all, err)
		}
	}
}

func TestClosedStoreSaysSo(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		s := openTest(t, c)
		l := newLedger(c.Params, 4)
		u := l.grow(3)
		add(t, s, u)
		space := s.Space("peers")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := s.Coin(wire.Outpoint{})
		if !errors.Is(err, ErrClosed) {
			t.Errorf("coin: %v", err)
		}
		if err := space.Put(t.Context(), ds.NewKey("/k"), nil); !errors.Is(err, ErrClosed) {
			t.Errorf("space: %v", err)
		}
		if err := s.EachCoin(t.Context(), nil); !errors.Is(err, ErrClosed) {
			t.Errorf("coins: %v", err)
		}
		if _, err := s.Block(u.Next.ID); err == nil {
			t.Error("a block can be read")
		}
		if err := flush(s, u.Next.ID); err == nil {
			t.Error("a closed store can be flushed")
		}
		if err := s.Close(); err != nil {
			t.Errorf("closing again: %v", err)
		}
	})
}

func BenchmarkApplyAndFlush(b *testing.B) {
	for _, name := range []string{"memory", "pebble"} {
		b.Run(name, func(b *testing.B) {
			s := openTest(b, Config{Backend: name, Dir: b.TempDir(), Cache: 8 << 20})
			l := newLedger(s.c.Params, 1)
			inputs := 0
			for b.Loop() {
				b.StopTimer()
				u := l.grow(2000)
				inputs += len(u.Spent)
				b.StartTimer()
				add(b, s, u)
				if s.NeedsFlush() {
					if err := flush(s, u.Next.ID); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(inputs), "ns/input")
		})
	}
}

// A body whose position is lost is asked for again and stored anew; a store
// that went on saying that it has it would never take the fresh copy.
func TestLostBodyIsStoredAnew(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		s := openTest(t, c)
		l := newLedger(c.Params, 11)
		u := l.grow(4)
		id := u.Block.ID()
		add(t, s, u)
		if err := flush(s, l.tip().ID); err != nil {
			t.Fatal(err)
		}
		if err := s.kv.Delete(t.Context(), ds.RawKey(bodySpace.String()+"/"+string(id[:])+guard)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Block(id); !errors.Is(err, chain.ErrNoBlock) {
			t.Fatalf("lost body: %v, want chain.ErrNoBlock", err)
		}
		if s.HasBlock(id) {
			t.Error("the store still says that it has the body")
		}
		if err := s.PutBlock(u.Block); err != nil {
			t.Fatal(err)
		}
		if err := flush(s, l.tip().ID); err != nil {
			t.Fatal(err)
		}
		if b, err := s.Block(id); err != nil || string(b.Bytes()) != string(u.Block.Bytes()) {
			t.Errorf("the fresh copy comes back otherwise: %v", err)
		}
	})
}

func TestClearTakesOneSpaceAway(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		s := openTest(t, c)
		a, b := s.Space("index"), s.Space("index-2")
		var keys []ds.Key
		for i := range 300 {
			keys = append(keys, ds.RawKey("/"+string([]byte{byte(i), byte(i >> 8), '/', 1})))
		}
		for _, k := range keys {
			if err := errors.Join(a.Put(t.Context(), k, []byte("a")), b.Put(t.Context(), k, []byte("b"))); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Clear(t.Context(), "index"); err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			if _, err := a.Get(t.Context(), k); !errors.Is(err, ds.ErrNotFound) {
				t.Fatalf("%q is still there: %v", k, err)
			}
			if v, err := b.Get(t.Context(), k); err != nil || string(v) != "b" {
				t.Fatalf("%q of another space is %q, %v", k, v, err)
			}
		}
	})
}
