package datastore

import (
	"context"

	"github.com/cockroachdb/pebble/v2"
	ds "github.com/ipfs/go-datastore"
	pebbleds "github.com/ipfs/go-ds-pebble"
)

// Batch makes a batch whose keys are copied once.
func (p *pebbleStore) Batch(ctx context.Context) (ds.Batch, error) { return p.SizedBatch(ctx, 0) }

// SizedBatch is Batch for about so many bytes.
func (p *pebbleStore) SizedBatch(_ context.Context, size int64) (ds.Batch, error) {
	return &pebbleBatch{p.DB.NewBatchWithSize(int(size))}, nil
}

// DeletePrefix deletes all keys that begin with prefix. It takes no time to speak of: Pebble frees
// their room when it next merges the files they are in.
func (p *pebbleStore) DeletePrefix(_ context.Context, prefix string) error {
	end := []byte(prefix)
	end[len(end)-1]++ // a prefix is text, and ends in a slash
	return p.DB.DeleteRange([]byte(prefix), end, pebble.NoSync)
}

// pebbleBatch is not synced, as go-ds-pebble's own is not.
type pebbleBatch struct{ b *pebble.Batch }

func (b *pebbleBatch) Put(_ context.Context, k ds.Key, value []byte) error {
	if b.b == nil {
		return pebbleds.ErrBatchCommitted
	}
	op := b.b.SetDeferred(len(k.String()), len(value))
	copy(op.Key, k.String())
	copy(op.Value, value)
	return op.Finish()
}

func (b *pebbleBatch) Delete(_ context.Context, k ds.Key) error {
	if b.b == nil {
		return pebbleds.ErrBatchCommitted
	}
	op := b.b.DeleteDeferred(len(k.String()))
	copy(op.Key, k.String())
	return op.Finish()
}

func (b *pebbleBatch) Commit(context.Context) error {
	if b.b == nil {
		return pebbleds.ErrBatchCommitted
	}
	if err := b.b.Commit(pebble.NoSync); err != nil {
		return err
	}
	err := b.b.Close()
	b.b = nil
	return err
}
