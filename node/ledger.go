package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/datastore"
)

// Dir is the folder of the configured swarm.
func (c *Config) Dir() string { return filepath.Join(c.DataDir, c.SwarmName()) }

// ledger is the store and the chain on it: all that import and export need.
type ledger struct {
	params *consensus.Params
	store  *datastore.Store
	chain  *chain.Chain
}

func openLedger(ctx context.Context, c Config, logs *Loggers) (*ledger, error) {
	params, err := c.Params()
	if err != nil {
		return nil, err
	}
	store, err := datastore.Open(datastore.Config{
		Dir:     c.Dir(),
		Params:  params,
		Backend: c.Datastore.Backend,
		Cache:   int64(c.Datastore.Cache),
		Log:     logs.For("store"),
	})
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	ch, err := chain.Open(ctx, chain.Config{Params: params, Store: store, Log: logs.For("chain")})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("chain: %w", err), store.Close())
	}
	return &ledger{params: params, store: store, chain: ch}, nil
}

// close flushes and releases the folder.
func (l *ledger) close() error {
	return errors.Join(l.chain.Close(), l.store.Close())
}
