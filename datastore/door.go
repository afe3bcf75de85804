package datastore

import (
	"context"
	"errors"
	"fmt"
	"sync"

	ds "github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/query"

	"github.com/quernnet/quern/datastore/failpoint"
)

// door is a backend that may be closed while others use it: calls that come
// later get ErrClosed, where Pebble would panic.
type door struct {
	mu     sync.RWMutex // held for reading during every call
	closed bool
	kv     ds.Batching
	damage func() error // what the backend says of its own, nil if it never does
}

func newDoor(kv ds.Batching) *door {
	d := &door{kv: kv}
	if p, ok := kv.(interface{ Damaged() error }); ok {
		d.damage = p.Damaged
	}
	return d
}

// Damaged is the damage that the backend has come upon, nil for none.
func (d *door) Damaged() error {
	if d.damage == nil {
		return nil
	}
	return d.damage()
}

var _ ds.Batching = (*door)(nil)

func (d *door) enter() error {
	d.mu.RLock()
	if d.closed {
		d.mu.RUnlock()
		return ErrClosed
	}
	if err := d.Damaged(); err != nil {
		d.mu.RUnlock()
		return fmt.Errorf("%w: %s", err, Advice)
	}
	return nil
}

func (d *door) Get(ctx context.Context, k ds.Key) ([]byte, error) {
	if err := d.enter(); err != nil {
		return nil, err
	}
	defer d.mu.RUnlock()
	b, err := d.kv.Get(ctx, k)
	if errors.Is(err, ds.ErrNotFound) {
		return nil, err // often; the rest takes longer to tell
	}
	return b, advised(err)
}

func (d *door) Has(ctx context.Context, k ds.Key) (bool, error) {
	if err := d.enter(); err != nil {
		return false, err
	}
	defer d.mu.RUnlock()
	return d.kv.Has(ctx, k)
}

func (d *door) GetSize(ctx context.Context, k ds.Key) (int, error) {
	if err := d.enter(); err != nil {
		return -1, err
	}
	defer d.mu.RUnlock()
	return d.kv.GetSize(ctx, k)
}

func (d *door) Query(ctx context.Context, q query.Query) (query.Results, error) {
	if err := d.enter(); err != nil {
		return nil, err
	}
	defer d.mu.RUnlock()
	r, err := d.kv.Query(ctx, q)
	return r, advised(err)
}

func (d *door) Put(ctx context.Context, k ds.Key, v []byte) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer d.mu.RUnlock()
	defer failpoint.Hit(failpoint.AfterPut)
	return d.kv.Put(ctx, k, v)
}

func (d *door) Delete(ctx context.Context, k ds.Key) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer d.mu.RUnlock()
	return d.kv.Delete(ctx, k)
}

func (d *door) Sync(ctx context.Context, k ds.Key) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer d.mu.RUnlock()
	return d.kv.Sync(ctx, k)
}

func (d *door) Batch(ctx context.Context) (ds.Batch, error) {
	if err := d.enter(); err != nil {
		return nil, err
	}
	defer d.mu.RUnlock()
	b, err := d.kv.Batch(ctx)
	return &doorBatch{b, d}, err
}

// sized is a backend that makes a batch more cheaply when it is told the size.
type sized interface {
	SizedBatch(ctx context.Context, size int64) (ds.Batch, error)
}

// sizedBatch is Batch for about so many bytes.
func (d *door) sizedBatch(ctx context.Context, size int64) (ds.Batch, error) {
	s, ok := d.kv.(sized)
	if !ok {
		return d.Batch(ctx)
	}
	if err := d.enter(); err != nil {
		return nil, err
	}
	defer d.mu.RUnlock()
	b, err := s.SizedBatch(ctx, size)
	return &doorBatch{b, d}, err
}

func (d *door) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	return d.kv.Close()
}

type doorBatch struct {
	ds.Batch
	d *door
}

func (b *doorBatch) Commit(ctx context.Context) error {
	if err := b.d.enter(); err != nil {
		return err
	}
	defer b.d.mu.RUnlock()
	failpoint.Hit(failpoint.BeforeCommit)
	defer failpoint.Hit(failpoint.AfterCommit)
	return b.Batch.Commit(ctx)
}

// ranged is a backend that removes all under a prefix at once.
type ranged interface {
	DeleteUnder(ctx context.Context, prefix string) error
}

// deleteAtOnce is how many keys are removed with one batch.
const deleteAtOnce = 10_000

// deleteUnder removes everything under a prefix; not atomically.
func (d *door) deleteUnder(ctx context.Context, prefix string) error {
	if r, ok := d.kv.(ranged); ok {
		if err := d.enter(); err != nil {
			return err
		}
		defer d.mu.RUnlock()
		return r.DeleteUnder(ctx, prefix)
	}
	for {
		n, err := d.deleteSome(ctx, prefix)
		if err != nil || n < deleteAtOnce {
			return err
		}
	}
}

func (d *door) deleteSome(ctx context.Context, prefix string) (n int, err error) {
	batch, err := d.Batch(ctx)
	if err != nil {
		return 0, err
	}
	for e, err := range entriesOf(ctx, d, prefix, true) {
		if err == nil {
			err = batch.Delete(ctx, ds.RawKey(e.Key))
		}
		if err != nil {
			return n, err
		}
		if n++; n == deleteAtOnce {
			break
		}
	}
	if n == 0 {
		return 0, nil
	}
	return n, batch.Commit(ctx)
}
