package mempool

import (
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

// TestSettings refuses by each setting what the defaults accept.
func TestSettings(t *testing.T) {
	data := func(n int) []byte { return append([]byte{opReturn, byte(n)}, make([]byte, n)...) }
	multisig := append(append(append([]byte{op1, 33, 2}, make([]byte, 31)...), 1), op1, opCheckMultisig)
	with := func(script []byte) func(*wire.Tx) {
		return func(t *wire.Tx) {
			t.Outs = append(t.Outs, wire.Out{Value: 1000, Script: script})
			t.Outs[0].Value -= 1000
		}
	}
	for _, c := range []struct {
		name, reason string
		set          func(*Config)
		spoil        func(*wire.Tx)
	}{
		{"no data", "datacarrier", func(c *Config) { c.DataCarrier = -1 }, with(data(1))},
		{"little data", "datacarrier", func(c *Config) { c.DataCarrier = 20 }, with(data(19))},
		{"data in two outputs", "datacarrier", func(c *Config) { c.DataCarrier = 20 }, func(t *wire.Tx) { with(data(10))(t); with(data(10))(t) }},
		{"no bare multisig", "bare-multisig", func(c *Config) { c.NoBareMultisig = true }, with(multisig)},
		{"much is dust", "dust", func(c *Config) { c.DustRate = 30_000 }, func(t *wire.Tx) { with(payTrue)(t); with(payTrue)(t) }},
		{"a high floor", "min relay fee not met", func(c *Config) { c.MinFee = 1_000_000 }, func(*wire.Tx) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGround(t, 1, c.set)
			spoilt := change(pay(coinValue, 10_000, 1, g.take()), c.spoil)
			g.refused(spoilt, c.reason, "*")
			usual, err := New(Config{Chain: g.chain, Now: g.pool.now})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := usual.Add(spoilt, ""); err != nil {
				t.Errorf("by the defaults: %v", err)
			}
		})
	}
}

// Connects says beforehand what admission would say of a cluster's bounds.
func TestConnects(t *testing.T) {
	g := newGround(t, 2, func(c *Config) { c.ClusterCount, c.ClusterSize = 4, 1000 })
	split := pay(coinValue, 1000, 3, g.take())
	other := pay(coinValue, 1000, 1, g.take())
	g.add(split)
	g.add(other)
	value := split.Outs[0].Value
	twice := pay(value, 1000, 1, split.Outpoint(0), other.Outpoint(0)) // one cluster of three
	if !g.pool.Connects(twice, int64(twice.Weight())) || g.pool.Connects(twice, 4*1000) {
		t.Fatal("three that may connect, or of too much weight")
	}
	g.add(pay(value, 1000, 1, split.Outpoint(1)))
	g.add(twice)
	last := pay(value, 1000, 1, split.Outpoint(2))
	if g.pool.Connects(last, int64(last.Weight())) {
		t.Fatal("five connect")
	}
	g.refused(last, "too-large-cluster", "")
}

func TestSmallClusters(t *testing.T) {
	g := newGround(t, 1, func(c *Config) { c.ClusterCount = 3 })
	tx := pay(coinValue, 1000, 1, g.take())
	for range 3 {
		g.add(tx)
		tx = pay(tx.Outs[0].Value, 1000, 1, tx.Outpoint(0))
	}
	g.refused(tx, "too-large-cluster", "")
	for _, c := range []Config{{ClusterCount: 65}, {ClusterCount: -1}, {ClusterSize: -1}, {DustRate: -2}, {DataCarrier: -2}, {Increment: -2}} {
		c.Chain = g.chain
		if _, err := New(c); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}

// TestPriorities holds for what is not here yet, adds up, moves what waits, and ends with a block.
func TestPriorities(t *testing.T) {
	g := newGround(t, 2, nil)
	a, b := pay(coinValue, 1000, 1, g.take()), pay(coinValue, 2000, 1, g.take())
	g.pool.Prioritise(a.ID(), 1500)
	g.pool.Prioritise(a.ID(), 500)
	if e := g.add(a); e.Fee != 1000 || e.Modified != 3000 || e.ChunkFee != 3000 {
		t.Errorf("entry %+v", e)
	}
	g.add(b)
	if ids := g.pool.IDs(); ids[0] != a.ID() {
		t.Error("what was given more does not come first")
	}
	g.pool.Prioritise(b.ID(), 2000)
	if ids := g.pool.IDs(); ids[0] != b.ID() {
		t.Error("what was given more later does not come first")
	}
	if ps := g.pool.Priorities(); len(ps) != 2 || !ps[0].Waits || ps[0].Modified == 0 {
		t.Errorf("priorities %+v", ps)
	}
	g.sound()
	g.pool.Prioritise(b.ID(), -2000)
	g.mine(g.chain.Tip(), a)
	g.sync()
	if ps := g.pool.Priorities(); len(ps) != 0 {
		t.Errorf("priorities %+v", ps)
	}
}
