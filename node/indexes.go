package node

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quernnet/quern/node/index"
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
