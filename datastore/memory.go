package datastore

import (
	"bytes"
	"context"
	"log/slog"
	"sort"
	"strings"
	"sync"

	ds "github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/query"
)

// memory is a datastore in a map. Unlike go-datastore's MapDatastore it is safe
// for concurrent use, its batches are atomic, and a query sees one moment.
type memory struct {
	mu     sync.RWMutex
	values map[string][]byte // never changed in place, so that readers may hold them
}

var _ ds.Batching = (*memory)(nil)

func openMemory(string, int64, *slog.Logger) (ds.Batching, error) {
	return &memory{values: make(map[string][]byte)}, nil
}

func (m *memory) Get(_ context.Context, k ds.Key) ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	v, ok := m.values[k.String()]
	if !ok {
		return nil, ds.ErrNotFound
	}
	return bytes.Clone(v), nil
}

func (m *memory) Has(_ context.Context, k ds.Key) (bool, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	_, ok := m.values[k.String()]
	return ok, nil
}

func (m *memory) GetSize(_ context.Context, k ds.Key) (int, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	v, ok := m.values[k.String()]
	if !ok {
		return -1, ds.ErrNotFound
	}
	return len(v), nil
}

func (m *memory) Put(_ context.Context, k ds.Key, v []byte) error {
	v = append([]byte{}, v...)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[k.String()] = v
	return nil
}

func (m *memory) Delete(_ context.Context, k ds.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, k.String())
	return nil
}

// Query copies the references to everything under the prefix, in order of the
// keys' bytes.
func (m *memory) Query(_ context.Context, q query.Query) (query.Results, error) {
	prefix := ds.NewKey(q.Prefix).String()
	if prefix != "/" {
		prefix += "/"
	}
	var found []query.Entry
	m.mu.RLock()
	for k, v := range m.values {
		if !strings.HasPrefix(k, prefix) {
			continue
		}
		e := query.Entry{Key: k, Size: len(v)}
		if !q.KeysOnly {
			e.Value = v
		}
		found = append(found, e)
	}
	m.mu.RUnlock()
	sort.Slice(found, func(i, j int) bool { return found[i].Key < found[j].Key })
	rest := q
	rest.Prefix = ""
	if len(q.Orders) == 1 {
		if _, ordered := q.Orders[0].(query.OrderByKey); ordered {
			rest.Orders = nil
		}
	}
	return query.NaiveQueryApply(rest, query.ResultsWithEntries(q, found)), nil
}

func (m *memory) Sync(context.Context, ds.Key) error { return nil }

func (m *memory) Close() error { return nil }

func (m *memory) Batch(context.Context) (ds.Batch, error) { return &memoryBatch{m: m}, nil }

// memoryBatch collects changes; nil values are deletions.
type memoryBatch struct {
	m    *memory
	keys []string
	vals [][]byte
}

func (b *memoryBatch) Put(_ context.Context, k ds.Key, v []byte) error {
	b.keys = append(b.keys, k.String())
	b.vals = append(b.vals, append([]byte{}, v...))
	return nil
}

func (b *memoryBatch) Delete(_ context.Context, k ds.Key) error {
	b.keys = append(b.keys, k.String())
	b.vals = append(b.vals, nil)
	return nil
}

func (b *memoryBatch) Commit(context.Context) error {
	b.m.mu.Lock()
	defer b.m.mu.Unlock()
	for i, k := range b.keys {
		if v := b.vals[i]; v != nil {
			b.m.values[k] = v
		} else {
			delete(b.m.values, k)
		}
	}
	return nil
}
