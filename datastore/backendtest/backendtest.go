// Package backendtest is the contract of a storage backend as a test: what a
// datastore must do for a Store to be kept in it.
package backendtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	ds "github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/query"
)

// Run checks a backend. open opens what is in dir; durable says that it comes
// back with all that was synced after it was closed.
func Run(t *testing.T, open func(t *testing.T, dir string) ds.Batching, durable bool) {
	fresh := func(t *testing.T) ds.Batching { return open(t, t.TempDir()) }
	t.Run("values", func(t *testing.T) { values(t, fresh(t)) })
	t.Run("values are copied", func(t *testing.T) { copies(t, fresh(t)) })
	t.Run("keys are binary", func(t *testing.T) { binaryKeys(t, fresh(t)) })
	t.Run("iteration is ordered", func(t *testing.T) { ordered(t, fresh(t)) })
	t.Run("iteration sees one moment", func(t *testing.T) { snapshot(t, fresh(t)) })
	t.Run("batches are atomic", func(t *testing.T) { atomic(t, fresh(t)) })
	t.Run("a batch not committed does nothing", func(t *testing.T) { dropped(t, fresh(t)) })
	t.Run("large batches", func(t *testing.T) { large(t, fresh(t)) })
	if durable {
		t.Run("what was synced comes back", func(t *testing.T) { reopened(t, open) })
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func shut(t *testing.T, d ds.Batching) {
	t.Helper()
	check(t, d.Close())
}

func expect(t *testing.T, d ds.Batching, k ds.Key, want []byte) {
	t.Helper()
	got, err := d.Get(t.Context(), k)
	if want == nil {
		if !errors.Is(err, ds.ErrNotFound) {
			t.Errorf("absent %q gives %x, %v", k, got, err)
		}
		return
	}
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%q has %x, %v; want %x", k, got, err, want)
	}
	if n, err := d.GetSize(t.Context(), k); err != nil || n != len(want) {
		t.Errorf("%q has size %d, %v; want %d", k, n, err, len(want))
	}
	if ok, err := d.Has(t.Context(), k); err != nil || !ok {
		t.Errorf("%q is there: %v, %v", k, ok, err)
	}
}

func values(t *testing.T, d ds.Batching) {
	defer shut(t, d)
	ctx, k := t.Context(), ds.NewKey("/a/b")
	expect(t, d, k, nil)
	check(t, d.Put(ctx, k, []byte{1}))
	expect(t, d, k, []byte{1})
	check(t, d.Put(ctx, k, []byte{}))
	expect(t, d, k, []byte{})
	check(t, d.Delete(ctx, k))
	expect(t, d, k, nil)
	check(t, d.Delete(ctx, k)) // deleting what is not there is no error
}

func copies(t *testing.T, d ds.Batching) {
	defer shut(t, d)
	ctx := t.Context()
	v := []byte{1, 2, 3}
	b, err := d.Batch(ctx)
	check(t, err)
	check(t, d.Put(ctx, ds.NewKey("/put"), v))
	check(t, b.Put(ctx, ds.NewKey("/batch"), v))
	clear(v)
	check(t, b.Commit(ctx))
	for _, k := range []string{"/put", "/batch"} {
		expect(t, d, ds.NewKey(k), []byte{1, 2, 3})
		got, err := d.Get(ctx, ds.NewKey(k))
		check(t, err)
		clear(got)
		expect(t, d, ds.NewKey(k), []byte{1, 2, 3})
	}
}

// awkward are key ends that a path-minded store would change.
var awkward = []string{"\x00\x01", "..\x01", "a//b\x01", "/\x01", "./\x01", "\xff\xff\x01", "\x01"}

func binaryKeys(t *testing.T, d ds.Batching) {
	defer shut(t, d)
	ctx := t.Context()
	for i, k := range awkward {
		check(t, d.Put(ctx, ds.RawKey("/k/"+k), []byte{byte(i)}))
	}
	for i, k := range awkward {
		expect(t, d, ds.RawKey("/k/"+k), []byte{byte(i)})
	}
	keys, _ := list(t, d, "/k")
	want := slices.Clone(awkward)
	slices.Sort(want)
	for i := range want {
		want[i] = "/k/" + want[i]
	}
	if !slices.Equal(keys, want) {
		t.Errorf("keys are %q, want %q", keys, want)
	}
}

func list(t *testing.T, d ds.Batching, prefix string) (keys []string, vals [][]byte) {
	t.Helper()
	found, err := d.Query(t.Context(), query.Query{Prefix: prefix, Orders: []query.Order{query.OrderByKey{}}})
	check(t, err)
	return drain(t, found)
}

func drain(t *testing.T, found query.Results) (keys []string, vals [][]byte) {
	t.Helper()
	for {
		r, ok := found.NextSync()
		if !ok {
			check(t, found.Close())
			return keys, vals
		}
		check(t, r.Error)
		keys, vals = append(keys, r.Key), append(vals, r.Value)
	}
}

func numberKey(i uint32) ds.Key {
	return ds.RawKey("/n/" + string(binary.BigEndian.AppendUint32(nil, i)) + "\x01")
}

func ordered(t *testing.T, d ds.Batching) {
	defer shut(t, d)
	ctx := t.Context()
	const n = 3000
	for i := range uint32(n) {
		check(t, d.Put(ctx, numberKey(i*2654435761), []byte{byte(i)}))
	}
	// Neighbours of the prefix must not be seen.
	for _, k := range []string{"/n", "/m/x", "/o/x", "/nn/x", "/n-x"} {
		check(t, d.Put(ctx, ds.NewKey(k), nil))
	}
	keys, vals := list(t, d, "/n")
	if len(keys) != n || !slices.IsSorted(keys) {
		t.Fatalf("%d keys, sorted %v; want %d", len(keys), slices.IsSorted(keys), n)
	}
	for i, k := range keys {
		expect(t, d, ds.RawKey(k), vals[i])
	}
}

func snapshot(t *testing.T, d ds.Batching) {
	defer shut(t, d)
	ctx := t.Context()
	const n = 2000
	for i := range uint32(n) {
		check(t, d.Put(ctx, numberKey(i), []byte("old")))
	}
	found, err := d.Query(ctx, query.Query{Prefix: "/n", Orders: []query.Order{query.OrderByKey{}}})
	check(t, err)
	b, err := d.Batch(ctx)
	check(t, err)
	for i := range uint32(n) {
		switch i % 3 {
		case 0:
			check(t, b.Delete(ctx, numberKey(i)))
		case 1:
			check(t, b.Put(ctx, numberKey(i), []byte("new")))
		default:
			check(t, b.Put(ctx, numberKey(n+i), []byte("new")))
		}
	}
	check(t, b.Commit(ctx))
	keys, vals := drain(t, found)
	for _, v := range vals {
		if string(v) != "old" {
			t.Fatalf("a value written after the query began is seen: %q", v)
		}
	}
	if len(keys) != n {
		t.Errorf("%d keys seen, there were %d", len(keys), n)
	}
}

// atomic has readers look for a batch of which they see only a part.
func atomic(t *testing.T, d ds.Batching) {
	defer shut(t, d)
	ctx, stop := context.WithCancel(t.Context())
	const width, rounds = 50, 100
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for ctx.Err() == nil {
				found, err := d.Query(context.WithoutCancel(ctx), query.Query{Prefix: "/n"})
				if err != nil {
					t.Error(err)
					return
				}
				all, err := found.Rest()
				if err != nil {
					t.Error(err)
					return
				}
				for _, e := range all {
					if len(all) != width || !bytes.Equal(e.Value, all[0].Value) {
						t.Errorf("part of a batch is seen: %d values, %q and %q", len(all), e.Value, all[0].Value)
						return
					}
				}
			}
		})
	}
	for round := range rounds {
		b, err := d.Batch(ctx)
		check(t, err)
		for i := range uint32(width) {
			check(t, b.Put(ctx, numberKey(i), fmt.Append(nil, round)))
		}
		check(t, b.Commit(ctx))
	}
	stop()
	readers.Wait()
}

func dropped(t *testing.T, d ds.Batching) {
	defer shut(t, d)
	ctx := t.Context()
	check(t, d.Put(ctx, ds.NewKey("/b"), []byte{2}))
	b, err := d.Batch(ctx)
	check(t, err)
	check(t, b.Put(ctx, ds.NewKey("/a"), []byte{1}))
	check(t, b.Delete(ctx, ds.NewKey("/b")))
	expect(t, d, ds.NewKey("/a"), nil)
	expect(t, d, ds.NewKey("/b"), []byte{2})
}

func large(t *testing.T, d ds.Batching) {
	defer shut(t, d)
	ctx := t.Context()
	b, err := d.Batch(ctx)
	check(t, err)
	value := bytes.Repeat([]byte{7}, 1000)
	const n = 40_000 // 40 MB, more than any write buffer
	for i := range uint32(n) {
		check(t, b.Put(ctx, numberKey(i), value))
	}
	check(t, b.Commit(ctx))
	check(t, d.Sync(ctx, ds.NewKey("/")))
	if keys, _ := list(t, d, "/n"); len(keys) != n {
		t.Errorf("%d of %d keys are there", len(keys), n)
	}
}

func reopened(t *testing.T, open func(*testing.T, string) ds.Batching) {
	ctx, dir := t.Context(), t.TempDir()
	for round := range uint32(4) {
		d := open(t, dir)
		keys, _ := list(t, d, "/n")
		if len(keys) != int(round)*100 {
			t.Errorf("%d keys came back, want %d", len(keys), round*100)
		}
		b, err := d.Batch(ctx)
		check(t, err)
		for i := range uint32(100) {
			check(t, b.Put(ctx, numberKey(round*100+i), []byte{byte(i)}))
		}
		check(t, b.Commit(ctx))
		check(t, d.Sync(ctx, ds.NewKey("/")))
		shut(t, d)
	}
}
