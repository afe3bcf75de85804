package index

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	ds "github.com/ipfs/go-datastore"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
)

// Chain is what indexes need of the chain. *chain.Chain satisfies it.
type Chain interface {
	Tip() consensus.State
	Changed() <-chan struct{}
	UpdatesSince(id wire.Hash, max int) (reverted, applied []consensus.Update, err error)
	Flushed() wire.Hash
	Header(id wire.Hash) (chain.HeaderInfo, bool)
	ActiveAt(height uint32) (chain.HeaderInfo, bool)
	Block(id wire.Hash) (*wire.Block, error)
	BlockPart(id wire.Hash, offset, size int) ([]byte, error)
	HoldPruning(name string, from uint32)
	Prunes() bool // blocks go, or have gone
}

// Config is what a Set is built from.
type Config struct {
	Chain  Chain
	Params *consensus.Params
	Space  func(name string) ds.Batching // where an index is kept, apart from all else
	Rand   io.Reader                     // of the secrets by which keys are hashed
	Now    func() time.Time
	Log    *slog.Logger

	Tx, Filters, Coins, Spenders bool // which there are
}

// Names of the indexes, by which they are dropped, and the spaces that they are in.
const (
	TxName       = "tx"
	FiltersName  = "filters"
	CoinsName    = "coinstats"
	SpendersName = "spenders"
)

// Names lists all indexes that there can be.
func Names() []string { return []string{TxName, FiltersName, CoinsName, SpendersName} }

// Space is the name of the datastore's space that an index is in.
func Space(name string) string { return "index-" + name }

// Set is the indexes of one chain. Those that are switched off are nil.
//
// Only Run's goroutine moves them. mu guards where they stand; it is never held
// during I/O.
type Set struct {
	Tx       *Tx
	Filters  *Filters
	Coins    *Coins
	Spenders *Spenders

	c    Config
	all  []*line
	next *reading // what Run's goroutine has begun to read; nil: nothing
	size int      // bytes of memory that an update took of late

	stuck map[*line]bool // those that miss blocks; they try again when the chain changes
	said  time.Time      // when progress was last told

	mu    sync.Mutex
	moved chan struct{} // closed when an index has moved
}

// New reads where the indexes stand. A Set that follows nothing until Run.
func New(ctx context.Context, c Config) (*Set, error) {
	s := &Set{c: c, moved: make(chan struct{}), stuck: make(map[*line]bool)}
	for _, p := range []struct {
		on   bool
		name string
		make func(reader) (kind, error)
	}{
		{c.Tx, TxName, func(r reader) (k kind, err error) { s.Tx, err = newTx(ctx, r, c.Rand); return s.Tx, err }},
		{c.Filters, FiltersName, func(r reader) (kind, error) { s.Filters = newFilters(r); return s.Filters, nil }},
		{c.Coins, CoinsName, func(r reader) (kind, error) { s.Coins = newCoins(r); return s.Coins, nil }},
		{c.Spenders, SpendersName, func(r reader) (k kind, err error) {
			s.Spenders, err = newSpenders(ctx, r, c.Rand)
			return s.Spenders, err
		}},
	} {
		if !p.on {
			continue
		}
		if c.Chain.Prunes() && (p.name == TxName || p.name == SpendersName) {
			return nil, fmt.Errorf("index %s answers with blocks, which pruning takes away: switch off either", p.name)
		}
		store := c.Space(Space(p.name))
		k, err := p.make(reader{store, c.Chain, s, p.name})
		if err == nil {
			err = s.open(ctx, &line{kind: k, name: p.name, store: store})
		}
		if err != nil {
			return nil, fmt.Errorf("index %s: %w", p.name, err)
		}
	}
	return s, nil
}

// open reads where l stood, and adds it.
func (s *Set) open(ctx context.Context, l *line) error {
	at, err := l.read(ctx, placeKey)
	if err != nil {
		return err
	}
	if l.trail, err = l.readTrail(ctx); err != nil {
		return err
	}
	if err := l.stand(at); err != nil {
		return err
	}
	if at.known && s.unknown(at.id) {
		if err := s.goBack([]*line{l}); err != nil {
			return err
		}
	}
	s.hold(l)
	if err := s.readable(l); err != nil {
		return err
	}
	at = l.at
	l.synced = at.known && at.id == s.c.Chain.Tip().ID
	s.all = append(s.all, l)
	return nil
}

// readable says why an index can never read its next block.
func (s *Set) readable(l *line) error {
	id := l.at.id
	if !l.at.known {
		id = s.c.Params.Genesis.ID()
	}
	if _, _, err := s.c.Chain.UpdatesSince(id, 1); errors.Is(err, chain.ErrPruned) {
		return fmt.Errorf("it has yet to read blocks that were pruned, from height %d on: switch it off, or start once with --reindex, which fetches all blocks anew", l.at.height+1)
	}
	return nil
}

// hold has the chain keep the blocks that l has yet to read.
func (s *Set) hold(l *line) { s.c.Chain.HoldPruning(Space(l.name), l.at.next()) }

// Status is how far an index is.
type Status struct {
	Name   string
	Synced bool // it has been at the tip, and follows it since
	Block  wire.Hash
	Height uint32 // of Block, the last that is in it; that of genesis where none is
	Missed error  // why it cannot go on; nil: it can
}

// Status lists the indexes in the order of Names.
func (s *Set) Status() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Status, len(s.all))
	for i, l := range s.all {
		out[i] = Status{Name: l.name, Synced: l.synced, Block: l.at.id, Height: l.at.height, Missed: l.missed}
		if !l.at.known {
			out[i].Block = s.c.Params.Genesis.ID()
		}
	}
	return out
}

// Wait returns when the index of that name is at the tip that there was at the
// call, or at a later one: at once with false while it is being built, or where
// there is no such index.
func (s *Set) Wait(ctx context.Context, name string) (bool, error) {
	target := s.c.Chain.Tip()
	for {
		at, synced, moved := s.where(name)
		if !synced {
			return false, nil
		}
		// A reorganisation may leave the tip of the call behind.
		if h, ok := s.c.Chain.Header(target.ID); !ok || !h.Active {
			target = s.c.Chain.Tip()
		}
		if h, ok := s.c.Chain.Header(at.id); ok && h.Active && at.height >= target.Height {
			return true, nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// Changed returns a channel that is closed when an index next moves. Take it before
// reading the state that it announces changes of.
func (s *Set) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.moved
}

func (s *Set) where(name string) (at place, synced bool, moved <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.all {
		if l.name == name {
			return l.at, l.synced, s.moved
		}
	}
	return place{}, false, s.moved
}

// ErrFormat is what an index that another version of Quern wrote comes to.
var ErrFormat = errors.New("it was written by another version of Quern: drop it, and it is built anew")
