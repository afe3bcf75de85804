package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/datastore"
)

// identityName is the file of the node's key in its folder.
const identityName = "identity"

// Dir is the folder of the configured swarm.
func (c *Config) Dir() string { return filepath.Join(c.DataDir, c.SwarmName()) }

// ledger is the store and the chain on it: all that import and export need.
type ledger struct {
	params *consensus.Params
	dir    string
	memory int64 // for blocks being judged
	prune  int64 // see chain.Config
	// verifier makes what verifies signatures.
	verifier func() script.Verifier
	accepted *script.Accepted // what the mempool tells the chain
	store    *datastore.Store
	chain    *chain.Chain
}

// openLedger opens both, for commands that run without a node.
func openLedger(ctx context.Context, c Config, logs *Loggers, now func() time.Time) (*ledger, error) {
	l, err := openStore(c, logs, Reindex{})
	if err != nil {
		return nil, err
	}
	if l.store.Reindexing() {
		err := fmt.Errorf("folder %s is half way through a reindex: let `quern run` end it first", c.Dir())
		return nil, errors.Join(err, l.store.Close())
	}
	if err := l.openChain(ctx, logs, now); err != nil {
		return nil, errors.Join(err, l.store.Close())
	}
	return l, nil
}

// openStore takes the folder, which no other process can have then.
func openStore(c Config, logs *Loggers, r Reindex) (*ledger, error) {
	params, err := c.Params()
	if err != nil {
		return nil, err
	}
	target, err := c.Datastore.target(params)
	if err != nil {
		return nil, err
	}
	store, err := datastore.Open(datastore.Config{
		Dir:     c.Dir(),
		Params:  params,
		Backend: c.Datastore.Backend,
		Cache:   int64(c.Datastore.Cache),
		Log:     logs.For("store"),
		Reindex: r.Wanted,

		BlockFile: blockFile(target, params),
		Scanned:   r.Scanned,
	})
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	return &ledger{
		params: params, dir: c.Dir(), memory: judging(c.Datastore.Cache), prune: target, store: store,
		verifier: c.Consensus.newVerifier, accepted: newAccepted(),
	}, nil
}

// judging is the memory that blocks may take while they are judged, beside a
// cache of that size. The least holds two full blocks of payments, so that the next is
// there when one has been judged; more than the most makes nothing faster.
func judging(cache Size) int64 { return int64(min(max(cache/4, 6<<20), 64<<20)) }

// openChain loads the headers and, after a crash, judges blocks again: it may
// take a while.
func (l *ledger) openChain(ctx context.Context, logs *Loggers, now func() time.Time) (err error) {
	l.chain, err = chain.Open(ctx, chain.Config{
		Params: l.params, Store: l.store, Now: now, Log: logs.For("chain"), Memory: l.memory, Prune: l.prune,
		Verifier: l.verifier, Accepted: l.accepted,
	})
	if err != nil {
		if reported := l.report(err, now()); reported != nil {
			return fmt.Errorf("chain: %w", reported)
		}
		err = fmt.Errorf("chain: %w", err)
		if ctx.Err() == nil && !l.store.Reindexing() {
			err = fmt.Errorf("%w; if it comes again: %s", err, datastore.Advice)
		}
		return err
	}
	if l.prune == 0 && l.chain.Prunes() && !l.store.Reindexing() {
		return errors.Join(errUnpruned, l.chain.Close())
	}
	return nil
}

// errUnpruned is Core's refusal, too: the node would say that it has all blocks.
var errUnpruned = errors.New("blocks of this folder were pruned: set datastore.prune again, or start once with --reindex, which fetches all blocks anew")

// close flushes and releases the folder. It returns told, with what that does not tell.
func (l *ledger) close(told error) error {
	err := l.chain.Close()
	return errors.Join(also(told, err), l.report(err, time.Now()), l.store.Close())
}

// also joins more to err, unless err tells it already: why a chain has stopped comes
// to light in all that waited for it.
func also(err, more error) error {
	if more != nil && errors.Is(err, more) {
		return err
	}
	return errors.Join(err, more)
}

// hold keeps the chain open until ctx ends, or its disk or its verifier fails.
func (l *ledger) hold(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return l.chain.Close()
	case <-l.chain.Failed():
		err := l.chain.Close()
		return errors.Join(err, l.report(err, time.Now()))
	}
}
