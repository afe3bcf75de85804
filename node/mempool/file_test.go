package mempool

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus/wire"
)

// run starts the pool and returns how to end it.
func (g *ground) run() (stop func()) {
	g.Helper()
	ctx, cancel := context.WithCancel(g.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.pool.Run(ctx) }()
	for changed := g.pool.Changed(); !g.pool.Stats().Loaded; changed = g.pool.Changed() {
		select {
		case err := <-ended:
			g.Fatalf("Run ended: %v", err)
		case <-changed:
		}
	}
	return func() {
		cancel()
		if err := <-ended; err != nil {
			g.Fatal(err)
		}
	}
}

// restart gives the chain a new pool by the same file.
func (g *ground) restart(path string) (stop func()) {
	g.Helper()
	var err error
	if g.pool, err = New(Config{Chain: g.chain, File: path, Now: func() time.Time { return g.clock }}); err != nil {
		g.Fatal(err)
	}
	return g.run()
}

func TestKeptOverRestarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mempool")
	g := newGround(t, 3, nil)
	stop := g.restart(path)
	a := pay(coinValue, 1_000, 1, g.take())
	b := pay(a.Outs[0].Value, 1_000, 1, a.Outpoint(0))
	mined := pay(coinValue, 1_000, 1, g.take())
	for _, tx := range []*wire.Tx{a, b, mined} {
		g.add(tx)
	}
	entered := g.clock
	stop()
	g.mine(g.chain.Tip(), mined)
	g.clock = g.clock.Add(time.Hour)

	stop = g.restart(path)
	g.has(mined, false)
	if e, ok := g.pool.Get(b.ID()); !ok || e.AncestorCount != 2 || !e.Time.Equal(entered) {
		t.Fatalf("entry %+v", e)
	}
	stop()

	g.clock = g.clock.Add(defaultExpiry)
	g.restart(path)()
	g.has(a, false)
	g.has(b, false)
}

// TestDamagedFileIsSetAside spoils the file in several ways; each time the
// pool starts empty and the damaged file is still there under another name.
func TestDamagedFileIsSetAside(t *testing.T) {
	g := newGround(t, 1, nil)
	tx := pay(coinValue, 1_000, 1, g.take())
	var good bytes.Buffer
	c := contents{txs: []saved{{raw: tx.Append(nil), time: g.clock.Unix()}}}
	if err := c.encode(&good, [keySize]byte{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	for name, bytesOf := range map[string][]byte{
		"empty":       {},
		"garbage":     bytes.Repeat([]byte("garbage "), 100),
		"truncated":   good.Bytes()[:good.Len()-1],
		"bit flipped": append(append([]byte{}, good.Bytes()[:30]...), append([]byte{good.Bytes()[30] ^ 1}, good.Bytes()[31:]...)...),
		"version 3":   {3, 0, 0, 0, 0, 0, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := *g
			g.TB = t
			path := filepath.Join(t.TempDir(), "mempool")
			if err := os.WriteFile(path, bytesOf, 0o600); err != nil {
				t.Fatal(err)
			}
			stop := g.restart(path)
			g.has(tx, false)
			aside, err := filepath.Glob(path + ".damaged-*")
			if err != nil || len(aside) != 1 {
				t.Fatalf("set aside: %v, %v", aside, err)
			}
			if kept, _ := os.ReadFile(aside[0]); !bytes.Equal(kept, bytesOf) {
				t.Fatal("what was set aside is not what was there")
			}
			stop()
			g.restart(path)()
		})
	}
}

// TestInterruptedLoadKeepsTheFile ends the pool before it has read all.
func TestInterruptedLoadKeepsTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mempool")
	g := newGround(t, 1, func(c *Config) { c.File = path })
	tx := pay(coinValue, 1_000, 1, g.take())
	if err := writeFile(path, &contents{txs: []saved{{raw: tx.Append(nil), time: g.clock.Unix()}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := g.pool.Save(); err == nil {
		t.Fatal("an unread file was overwritten")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.pool.Run(ctx); err != nil {
		t.Fatal(err)
	}
	stop := g.restart(path)
	g.has(tx, true)
	stop()
}

func TestSaveLeavesTheOldFileWhenItFails(t *testing.T) {
	g := newGround(t, 1, nil)
	path := filepath.Join(t.TempDir(), "missing", "mempool")
	g.pool.file = path
	if _, err := g.pool.Save(); err == nil {
		t.Fatal("saved into a folder that does not exist")
	}
}

// FuzzFile wants an error or contents that encode to what was read.
func FuzzFile(f *testing.F) {
	tx := pay(5000, 1000, 2, wire.Outpoint{Index: 1})
	c := contents{
		txs:         []saved{{tx.Append(nil), 5, 0}, {tx.Append(nil), 6, -7}},
		deltas:      map[wire.Hash]int64{{1}: 8, {2}: 9},
		unbroadcast: []wire.Hash{tx.ID()},
	}
	var good bytes.Buffer
	key := [keySize]byte{1, 2, 3, 4, 5, 6, 7, 8}
	if err := c.encode(&good, key); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Bytes())
	f.Add(append([]byte{1, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 10)...))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := readAll(raw)
		var bad *FileError
		if err != nil {
			if !errors.As(err, &bad) {
				t.Fatalf("%v says nothing about the file", err)
			}
			return
		}
		var again bytes.Buffer
		if err := c.encode(&again, key); err != nil {
			t.Fatal(err)
		}
		if back, err := readAll(again.Bytes()); err != nil || !reflect.DeepEqual(c, back) {
			t.Fatalf("%+v was written and read as %+v, %v", c, back, err)
		}
	})
}

// readAll reads a file into memory.
func readAll(raw []byte) (c contents, err error) {
	c.deltas = make(map[wire.Hash]int64)
	seen := make(map[wire.Hash]bool)
	return c, decode(bytes.NewReader(raw), visitor{
		tx: func(t *wire.Tx, time, delta int64) error {
			c.txs = append(c.txs, saved{t.Append(nil), time, delta})
			return nil
		},
		delta: func(id wire.Hash, satoshis int64) { c.deltas[id] = satoshis },
		unbroadcast: func(id wire.Hash) {
			if !seen[id] {
				seen[id] = true
				c.unbroadcast = append(c.unbroadcast, id)
				slices.SortFunc(c.unbroadcast, compareIDs)
			}
		},
	})
}

// A pool that forgets neither reads its file nor writes it when it ends, but when it is told to.
func TestForgottenOverRestarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mempool")
	g := newGround(t, 3, nil)
	stop := g.restart(path)
	g.add(pay(coinValue, 1_000, 1, g.take()))
	stop()
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if g.pool, err = New(Config{Chain: g.chain, File: path, Forget: true, Now: func() time.Time { return g.clock }}); err != nil {
		t.Fatal(err)
	}
	stop = g.run()
	if n := g.pool.Stats().Count; n != 0 {
		t.Errorf("%d transactions wait", n)
	}
	g.add(pay(coinValue, 1_000, 1, g.take()))
	stop()
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, kept) {
		t.Errorf("the file was changed: %v", err)
	}
	if _, err := g.pool.Save(); err != nil {
		t.Fatal(err)
	}
	if now, err := os.ReadFile(path); err != nil || bytes.Equal(now, kept) {
		t.Errorf("the file was not written: %v", err)
	}
}
