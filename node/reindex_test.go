package node

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	ds "github.com/ipfs/go-datastore"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/coinset"
	"github.com/quernnet/quern/consensus/wire"
)

var spaceKey = ds.NewKey("/key")

// forked is a folder with a chain of 40 blocks, a branch of 5 that lost, and an
// invalid block; and the blocks of the chain.
func forked(t *testing.T, c Config, logs *Loggers) []*wire.Block {
	t.Helper()
	l, err := openLedger(t.Context(), c, logs, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	genesis := consensus.GenesisState(l.params)
	first, err := chaintest.Extend(l.chain, genesis, 20, 0)
	if err != nil {
		t.Fatal(err)
	}
	at := l.chain.Tip()
	if _, err := chaintest.Extend(l.chain, at, 5, 1); err != nil {
		t.Fatal(err)
	}
	rest, err := chaintest.Extend(l.chain, at, 20, 2)
	if err != nil {
		t.Fatal(err)
	}
	greedy := chaintest.Block(l.chain.Tip(), 3, 1)
	if err := l.chain.AddBlock(t.Context(), greedy); consensus.RuleOf(err) != "bad-cb-amount" {
		t.Fatalf("a coinbase that takes too much: %v", err)
	}
	if err := l.store.Space("test").Put(t.Context(), spaceKey, []byte("kept")); err != nil {
		t.Fatal(err)
	}
	if err := l.close(nil); err != nil {
		t.Fatal(err)
	}
	return append(first, rest...)
}

// inspect opens a folder that is not being rebuilt and returns its tip and coins.
func inspect(t *testing.T, c Config, logs *Loggers, add ...*wire.Block) (tip consensus.State, coins coinset.Stats) {
	t.Helper()
	l, err := openLedger(t.Context(), c, logs, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range add {
		if err := l.chain.AddBlock(t.Context(), b); err != nil && !errors.Is(err, chain.ErrDuplicate) {
			t.Errorf("add block %v: %v", b.ID(), err)
		}
	}
	if err := l.chain.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	coins, err = coinset.Sum(t.Context(), func(ctx context.Context, f func(wire.Outpoint, consensus.Coin) error) error {
		_, err := l.chain.EachCoin(ctx, f)
		return err
	}, coinset.Multiset)
	tip = l.chain.Tip()
	if err := l.close(err); err != nil {
		t.Fatal(err)
	}
	return tip, coins
}

// rebuild runs a reindex to its end, or until its context ends.
func rebuild(ctx context.Context, c Config, logs *Loggers, r Reindex) error {
	l, err := openStore(c, logs, r)
	if err != nil {
		return err
	}
	if err := l.openChain(ctx, logs, time.Now); err != nil {
		return errors.Join(err, l.store.Close())
	}
	return l.close(l.reindex(ctx, logs.For("store"), r))
}

func TestReindexComesToTheSameState(t *testing.T) {
	c, logs := quiet(t)
	forked(t, c, logs)
	tip, coins := inspect(t, c, logs)
	files := filepath.Join(c.Dir(), "blocks")
	before, err := os.ReadFile(filepath.Join(files, "blk00000.dat"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(files, "rev00000.dat")); err != nil {
		t.Fatal(err)
	}
	var last Progress
	ended := false
	r := Reindex{Wanted: true, Judged: func(p Progress) { last = p }, Done: func() { ended = true }}
	if err := rebuild(t.Context(), c, logs, r); err != nil {
		t.Fatal(err)
	}
	if last.Blocks != 46 || last.TotalBlocks != 46 || last.Bytes != last.TotalBytes || !ended {
		t.Errorf("progress ended with %+v", last)
	}
	after, err := os.ReadFile(filepath.Join(files, "blk00000.dat"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the block file has changed: %v", err)
	}
	tip2, coins2 := inspect(t, c, logs)
	if tip2.ID != tip.ID || coins2 != coins {
		t.Errorf("tip %v with coins %+v, before %v with %+v", tip2.ID, coins2, tip.ID, coins)
	}
	l, err := openLedger(t.Context(), c, logs, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close(nil)
	if v, err := l.store.Space("test").Get(t.Context(), spaceKey); err != nil || string(v) != "kept" {
		t.Errorf("other parts' values come back as %q: %v", v, err)
	}
	// Undo data is there again, all the way.
	if err := l.chain.Invalidate(t.Context(), l.at(t, 1)); err != nil || l.chain.Tip().Height != 0 {
		t.Errorf("back to genesis: %v, at height %d", err, l.chain.Tip().Height)
	}
}

func (l *ledger) at(t *testing.T, height uint32) wire.Hash {
	t.Helper()
	h, ok := l.chain.ActiveAt(height)
	if !ok {
		t.Fatalf("no block at height %d", height)
	}
	return h.ID
}

// A damaged body is left out; the rest stays, and when it comes again the
// chain is whole.
func TestReindexFetchesWhatIsDamaged(t *testing.T) {
	for _, lost := range []string{"nothing", "database"} {
		t.Run(lost+" lost besides", func(t *testing.T) {
			c, _ := quiet(t)
			var said bytes.Buffer
			logs, err := NewLoggers(c.Log, &said)
			if err != nil {
				t.Fatal(err)
			}
			chain := forked(t, c, logs)
			tip, coins := inspect(t, c, logs)
			path := filepath.Join(c.Dir(), "blocks", "blk00000.dat")
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			at := bytes.Index(b, chain[9].Bytes())
			b[at+100] ^= 1
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			if lost == "database" {
				if err := os.RemoveAll(filepath.Join(c.Dir(), "kv")); err != nil {
					t.Fatal(err)
				}
				if _, err := openLedger(t.Context(), c, logs, time.Now); err == nil || !strings.Contains(err.Error(), "quern run --reindex") {
					t.Fatalf("a folder that has lost its database opens: %v", err)
				}
			}
			if err := rebuild(t.Context(), c, logs, Reindex{Wanted: true}); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(said.String(), "blk00000.dat: ") || !strings.Contains(said.String(), "no whole record") {
				t.Errorf("it did not say what is damaged: %s", said.String())
			}
			if s, _ := inspect(t, c, logs); s.Height != 9 {
				t.Errorf("the chain ends at %d, want 9", s.Height)
			}
			missing := chain[9:10]
			if lost == "database" {
				missing = chain[9:] // nobody knows their headers
			}
			if s, sum := inspect(t, c, logs, missing...); s.ID != tip.ID || sum != coins {
				t.Errorf("tip %v with coins %+v, before %v with %+v", s.ID, sum, tip.ID, coins)
			}
		})
	}
}

// A reindex that is interrupted is not taken for a good state, and goes on at
// the next start.
func TestReindexGoesOn(t *testing.T) {
	c, logs := quiet(t)
	forked(t, c, logs)
	tip, coins := inspect(t, c, logs)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := rebuild(ctx, c, logs, Reindex{Wanted: true, Judged: func(p Progress) {
		if p.Blocks == 10 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	if _, err := openLedger(t.Context(), c, logs, time.Now); err == nil || !strings.Contains(err.Error(), "half way through a reindex") {
		t.Fatalf("a folder half way through opens: %v", err)
	}
	if err := rebuild(t.Context(), c, logs, Reindex{}); err != nil {
		t.Fatal(err)
	}
	if s, sum := inspect(t, c, logs); s.ID != tip.ID || sum != coins {
		t.Errorf("tip %v with coins %+v, before %v with %+v", s.ID, sum, tip.ID, coins)
	}
}
