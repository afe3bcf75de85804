package node

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/index"
	"github.com/quernnet/quern/node/index/gcs"
	"github.com/quernnet/quern/node/wallet"
)

// Index configures what is remembered of the chain beside what the rules need.
// Each is built in the background when it is switched on.
type Index struct {
	Tx        bool `key:"tx" help:"where each transaction is, so that any can be asked for (bitcoind's txindex)"`
	Filters   bool `key:"filters" help:"compact block filters, by which wallets find their blocks (BIP158, bitcoind's blockfilterindex)"`
	CoinStats bool `key:"coinstats" help:"what all coins came to after each block (bitcoind's coinstatsindex)"`
	Spenders  bool `key:"spenders" help:"which transaction spent an output (bitcoind's txospenderindex)"`
}

// openIndexes reads where the configured indexes stand.
func (n *Node) openIndexes(ctx context.Context, l *ledger) (*index.Set, error) {
	c := n.config.Index
	return index.New(ctx, index.Config{
		Chain: l.chain, Params: l.params, Space: l.store.Space, Rand: rand.Reader, Now: n.clock.now, Log: n.logs.For("index"),
		Tx: c.Tx, Filters: c.Filters, Coins: c.CoinStats, Spenders: c.Spenders,
	})
}

// DropIndex removes what an index has stored; it frees the room. The node must
// not be running.
func DropIndex(ctx context.Context, c Config, logs *Loggers, name string) error {
	if !slices.Contains(index.Names(), name) {
		return fmt.Errorf("there is no index %q: there are %s", name, strings.Join(index.Names(), ", "))
	}
	l, err := openLedger(ctx, c, logs, time.Now)
	if err != nil {
		return err
	}
	return l.close(l.store.Clear(ctx, index.Space(name)))
}

// walletFilters is the index of block filters as wallets ask it.
type walletFilters struct{ index *index.Filters }

// filtersOf is nil where there is no such index.
func filtersOf(s *index.Set) wallet.Filters {
	if s == nil || s.Filters == nil {
		return nil
	}
	return walletFilters{s.Filters}
}

// Query looks for scripts in one filter after another. A filter that cannot be
// read is as none: the block is read then.
func (f walletFilters) Query(scripts [][]byte) func(context.Context, uint32, wire.Hash) (match, known bool) {
	q := gcs.NewQuery(scripts)
	return func(ctx context.Context, height uint32, block wire.Hash) (match, known bool) {
		filter, ok, err := f.index.Filter(ctx, height, block)
		if err != nil || !ok {
			return false, false
		}
		match, err = q.Match(filter, gcs.KeyOf(block))
		return match, err == nil
	}
}
