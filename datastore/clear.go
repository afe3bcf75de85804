package datastore

import (
	"context"
	"fmt"

	ds "github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/query"
)

// ranges is a backend that deletes all keys of a prefix at once.
type ranges interface {
	DeletePrefix(ctx context.Context, prefix string) error
}

// clearAtOnce is how many keys go in one batch where the backend has no ranges.
const clearAtOnce = 10_000

// Clear removes everything from a Space, durably. Nobody may be writing to it.
func (s *Store) Clear(ctx context.Context, name string) error {
	space := spaceKey(name)
	err := s.kv.deletePrefix(ctx, space.String()+"/")
	if err == nil {
		err = s.kv.Sync(ctx, space)
	}
	if err != nil {
		return fmt.Errorf("clear %s: %w", name, err)
	}
	return nil
}

// deletePrefix asks the backend, or deletes key by key.
func (d *door) deletePrefix(ctx context.Context, prefix string) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer d.mu.RUnlock()
	if r, ok := d.kv.(ranges); ok {
		return r.DeletePrefix(ctx, prefix)
	}
	for {
		n, err := deleteSome(ctx, d.kv, prefix)
		if n == 0 || err != nil {
			return err
		}
	}
}

// deleteSome deletes up to clearAtOnce keys and returns how many those were.
func deleteSome(ctx context.Context, kv ds.Batching, prefix string) (int, error) {
	found, err := kv.Query(ctx, query.Query{Prefix: prefix, KeysOnly: true, Limit: clearAtOnce})
	if err != nil {
		return 0, err
	}
	entries, err := found.Rest()
	if err != nil {
		return 0, err
	}
	batch, err := kv.Batch(ctx)
	if err != nil {
		return 0, err
	}
	for i := range entries {
		if err := batch.Delete(ctx, ds.RawKey(entries[i].Key)); err != nil {
			return 0, err
		}
	}
	return len(entries), batch.Commit(ctx)
}
