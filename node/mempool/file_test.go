package mempool

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
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
	if err := encode(&good, []Entry{{Tx: tx, Time: g.clock}}); err != nil {
		t.Fatal(err)
	}
	for name, bytesOf := range map[string][]byte{
		"empty":       {},
		"garbage":     bytes.Repeat([]byte("garbage "), 100),
		"truncated":   good.Bytes()[:good.Len()-1],
		"bit flipped": append(append([]byte{}, good.Bytes()[:60]...), append([]byte{good.Bytes()[60] ^ 1}, good.Bytes()[61:]...)...),
		"extended":    append(bytes.Clone(good.Bytes()), 0),
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
	if err := writeFile(path, []Entry{{Tx: tx, Time: g.clock}}); err != nil {
		t.Fatal(err)
	}
	if err := g.pool.Save(); err == nil {
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
	if err := g.pool.Save(); err == nil {
		t.Fatal("saved into a folder that does not exist")
	}
}

// FuzzFile wants an error or transactions that encode to what was read.
func FuzzFile(f *testing.F) {
	var good bytes.Buffer
	tx := pay(5000, 1000, 2, wire.Outpoint{Index: 1})
	if err := encode(&good, []Entry{{Tx: tx, Time: time.Unix(5, 0)}, {Tx: tx, Time: time.Unix(6, 0)}}); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Bytes())
	f.Add([]byte(fileMagic))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if err := verify(bytes.NewReader(raw), int64(len(raw))); err != nil {
			var bad *FileError
			if !errors.As(err, &bad) {
				t.Fatalf("%v says nothing about the file", err)
			}
		}
		var es []Entry
		err := decode(bytes.NewReader(raw), func(t *wire.Tx, when time.Time) error {
			es = append(es, Entry{Tx: t, Time: when})
			return nil
		})
		var bad *FileError
		if err != nil {
			if !errors.As(err, &bad) {
				t.Fatalf("%v says nothing about the file", err)
			}
			return
		}
		var again bytes.Buffer
		if err := encode(&again, es); err != nil {
			t.Fatal(err)
		}
		if body := again.Bytes()[:again.Len()-32]; !bytes.HasPrefix(raw, body) {
			t.Fatal("what was read does not encode to the same bytes")
		}
	})
}
