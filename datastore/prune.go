package datastore

import (
	"context"
	"errors"
	"fmt"

	ds "github.com/ipfs/go-datastore"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore/blocks"
	"github.com/quernnet/quern/datastore/failpoint"
)

// Old bodies and undo data go by whole files. First one batch forgets the
// positions of all that is in them, and is synced; then the files are removed. A
// crash between the two leaves files without a value in them, which the next
// start removes. Headers keep how many transactions a body had: by that a block
// that was pruned is told from one that was never here.

var _ chain.Pruner = (*Store)(nil)

// What a block spends takes about an eighth of its body, so that an undo file of
// that part of the size is about as many blocks.
const (
	undoShare = 8
	leastUndo = 8 << 10 // bytes
)

// Usage is how many bytes block and undo files have.
func (s *Store) Usage() int64 { return s.parts[0].Usage() + s.parts[1].Usage() }

// Pruned says that bodies were pruned, at some time.
func (s *Store) Pruned() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.pruned
}

// pruning is what one call of Prune will remove.
type pruning struct {
	bodies, undo []blocks.Old
	gone         map[wire.Hash]bool // bodies
}

// Prune removes files of which keep wants nothing, the oldest first, until at most most
// bytes are left or there is none, and returns the blocks whose bodies are gone. Undo data go after
// the bodies that they belong to. The caller has flushed, and no flush is under
// way.
func (s *Store) Prune(ctx context.Context, keep func(wire.Hash) bool, most int64) (gone []wire.Hash, err error) {
	if s.reindex != nil || s.Usage() <= most {
		return nil, nil
	}
	p, err := s.plan(ctx, keep, s.Usage()-most)
	if err != nil {
		return nil, fmt.Errorf("prune: %w", err)
	}
	if len(p.bodies)+len(p.undo) == 0 {
		return nil, nil
	}
	failpoint.Hit(failpoint.BeforePrune)
	if err := s.forgetOld(ctx, p); err != nil {
		return nil, s.fail(fmt.Errorf("prune: %w", err))
	}
	failpoint.Hit(failpoint.AfterPrune)
	s.mu.Lock()
	s.pruned = true
	for id := range p.gone {
		delete(s.bodies, id)
		gone = append(gone, id)
	}
	s.mu.Unlock()
	if err := errors.Join(removeAll(s.parts[0], p.bodies), removeAll(s.parts[1], p.undo)); err != nil {
		return gone, fmt.Errorf("prune: %w", err)
	}
	return gone, nil
}

// plan chooses files that have excess bytes together.
func (s *Store) plan(ctx context.Context, keep func(wire.Hash) bool, excess int64) (p pruning, err error) {
	p.gone = make(map[wire.Hash]bool)
	bodies, err := s.parts[0].Old(ctx, func(id [wire.HashSize]byte) bool { return keep(id) })
	if err != nil {
		return p, err
	}
	undo, err := s.parts[1].Old(ctx, func(id [wire.HashSize]byte) bool { return keep(id) })
	if err != nil {
		return p, err
	}
	free := func(o blocks.Old) bool {
		for _, id := range o.IDs {
			if _, has := s.bodies[id]; has && !p.gone[id] { // the owner's look
				return false
			}
		}
		return true
	}
	for {
		for len(undo) > 0 && excess > 0 && free(undo[0]) {
			p.undo, excess, undo = append(p.undo, undo[0]), excess-undo[0].Bytes, undo[1:]
		}
		if len(bodies) == 0 || excess <= 0 {
			return p, nil
		}
		for _, id := range bodies[0].IDs {
			p.gone[id] = true
		}
		p.bodies, excess, bodies = append(p.bodies, bodies[0]), excess-bodies[0].Bytes, bodies[1:]
	}
}

// forgetOld makes it durable that there are no such values.
func (s *Store) forgetOld(ctx context.Context, p pruning) error {
	batch, err := s.kv.Batch(ctx)
	if err != nil {
		return err
	}
	for i, old := range [][]blocks.Old{p.bodies, p.undo} {
		for _, o := range old {
			for _, id := range o.IDs {
				if err := s.parts[i].Forget(ctx, batch, blocks.Key(id)); err != nil {
					return err
				}
			}
		}
	}
	if err := batch.Put(ctx, prunedKey, []byte{1}); err != nil {
		return err
	}
	if err := batch.Commit(ctx); err != nil {
		return err
	}
	return s.kv.Sync(ctx, ds.NewKey("/"))
}

func removeAll(f *blocks.Files, old []blocks.Old) error {
	if len(old) == 0 {
		return nil
	}
	for _, o := range old {
		if err := f.Remove(o.File); err != nil {
			return err
		}
		failpoint.Hit(failpoint.PrunedFile)
	}
	return f.SyncFolder()
}

// sweepFiles removes the files that a Prune which a crash cut short has left.
func (s *Store) sweepFiles(ctx context.Context) error {
	has, err := s.kv.Has(ctx, prunedKey)
	if err != nil || !has || s.reindex != nil {
		return err
	}
	s.pruned = true
	for _, f := range s.parts {
		old, err := f.Old(ctx, func([wire.HashSize]byte) bool { return true })
		if err == nil {
			err = removeAll(f, old)
		}
		if err != nil {
			return fmt.Errorf("remove pruned files: %w", err)
		}
	}
	return nil
}
