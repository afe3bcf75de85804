package coins

import (
	"errors"
	"maps"
	"runtime"
	"testing"

	"pgregory.net/rapid"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// disk is a Reader that knows who wrote what.
type disk struct {
	coins map[wire.Outpoint][]byte
	reads int
	fail  error
}

func (d *disk) Coin(op wire.Outpoint) ([]byte, error) {
	d.reads++
	if d.fail != nil {
		return nil, d.fail
	}
	return d.coins[op], nil
}

// flush writes the cache's changes as a store does. It returns what was
// written more than need be.
func (d *disk) flush(c *Cache) (idle []wire.Outpoint) {
	for op, value := range c.Changes() {
		_, there := d.coins[op]
		switch {
		case value != nil:
			d.coins[op] = append([]byte(nil), value...)
		case there:
			delete(d.coins, op)
		default:
			idle = append(idle, op)
		}
	}
	c.Flushed()
	return idle
}

func newDisk() *disk { return &disk{coins: make(map[wire.Outpoint][]byte)} }

func outpoint(i uint32) wire.Outpoint {
	return wire.Outpoint{TxID: wire.DoubleSHA256([]byte{byte(i), byte(i >> 8), byte(i >> 16)}), Index: i % 3}
}

func coin(i uint32, script int) *consensus.Coin {
	return &consensus.Coin{Out: wire.Out{Value: int64(i) * 1000, Script: make([]byte, script)}, Height: i}
}

func TestCoinThatLivesBetweenFlushesIsNeverWritten(t *testing.T) {
	d := newDisk()
	c := New(d, 1<<20)
	for i := range uint32(100) {
		if err := c.Add(outpoint(i), coin(i, 22)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range uint32(99) {
		if err := c.Spend(outpoint(i)); err != nil {
			t.Fatal(err)
		}
	}
	written := maps.Collect(c.Changes())
	if len(written) != 1 || written[outpoint(99)] == nil {
		t.Errorf("%d changes are to be written, want that of the last coin alone", len(written))
	}
	if d.reads != 0 {
		t.Errorf("the disk was asked %d times", d.reads)
	}
}

func TestMisuseIsToldApart(t *testing.T) {
	c := New(newDisk(), 1<<20)
	if err := c.Add(outpoint(1), coin(1, 22)); err != nil {
		t.Fatal(err)
	}
	if err := c.Add(outpoint(1), coin(1, 22)); err == nil {
		t.Error("a coin can be created twice")
	}
	if err := c.Spend(outpoint(2)); err != nil {
		t.Fatal(err)
	}
	if err := c.Spend(outpoint(2)); err == nil {
		t.Error("a coin can be spent twice")
	}
	if replaced, err := c.Replace(outpoint(1), coin(5, 22)); !replaced || err != nil {
		t.Errorf("replacing a coin: %v, %v", replaced, err)
	}
}

func TestReadersErrorIsPassedOn(t *testing.T) {
	d := newDisk()
	d.fail = errors.New("broken")
	c := New(d, 1<<20)
	if _, err := c.Get(outpoint(1)); !errors.Is(err, d.fail) {
		t.Errorf("get: %v", err)
	}
	if _, err := c.Replace(outpoint(1), coin(1, 1)); !errors.Is(err, d.fail) {
		t.Errorf("replace: %v", err)
	}
	d.fail = nil
	d.coins[outpoint(1)] = []byte{0xff}
	if _, err := c.Get(outpoint(1)); !errors.Is(err, errDamaged) {
		t.Errorf("get of a damaged coin: %v", err)
	}
}

func TestNewestCoinsStayAfterAFlush(t *testing.T) {
	d := newDisk()
	c := New(d, 1000*entryBytes)
	for i := range uint32(1000) {
		if err := c.Add(outpoint(i), coin(i, 22)); err != nil {
			t.Fatal(err)
		}
	}
	if !c.Full() {
		t.Fatal("the cache is not full")
	}
	d.flush(c)
	if c.Full() || c.Bytes() > 500*entryBytes || c.BatchBytes() != 0 {
		t.Errorf("%d bytes are left, %d to be written", c.Bytes(), c.BatchBytes())
	}
	for i := range uint32(1000) {
		d.reads = 0
		got, err := c.Get(outpoint(i))
		if err != nil || !same(got, *coin(i, 22)) {
			t.Fatalf("coin %d is %+v, %v", i, got, err)
		}
		if inMemory := d.reads == 0; inMemory != (i >= 500) {
			t.Errorf("coin %d of 1000 is in memory: %v", i, inMemory)
		}
	}
}

// The estimate is what a user's limit is compared with, so that it must not lie
// by much, whatever the scripts.
func TestBytesAreThoseOfTheHeap(t *testing.T) {
	for name, script := range map[string]int{"usual": 22, "long": 200} {
		heap := func() int64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		}
		before := heap()
		c := New(newDisk(), 1<<40)
		for i := range uint32(150_000) {
			if err := c.Add(outpoint(i), coin(i, script)); err != nil {
				t.Fatal(err)
			}
		}
		used := heap() - before
		if said := c.Bytes() - c.BatchBytes(); said < used*2/3 || said > used*3/2 {
			t.Errorf("%s scripts: %d bytes are said to be used, %d are", name, said, used)
		}
		runtime.KeepAlive(c)
	}
}

// TestCacheIsAMap drives a cache with flushes at any moment beside a plain map.
func TestCacheIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, model := newDisk(), make(map[wire.Outpoint]consensus.Coin)
		c := New(d, rapid.SampledFrom([]int64{1, 2000, 1 << 20}).Draw(t, "budget"))
		pick := rapid.Custom(func(t *rapid.T) wire.Outpoint { return outpoint(rapid.Uint32Range(0, 30).Draw(t, "coin")) })
		fill := rapid.Custom(func(t *rapid.T) *consensus.Coin {
			return coin(rapid.Uint32Range(0, 9).Draw(t, "height"), rapid.SampledFrom([]int{0, 22, 34, 60, 500}).Draw(t, "script"))
		})
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				op, n := pick.Draw(t, "op"), fill.Draw(t, "coin")
				if _, there := model[op]; there {
					t.Skip("exists")
				}
				if err := c.Add(op, n); err != nil {
					t.Fatal(err)
				}
				model[op] = *n
			},
			"replace": func(t *rapid.T) {
				op, n := pick.Draw(t, "op"), fill.Draw(t, "coin")
				_, there := model[op]
				if replaced, err := c.Replace(op, n); err != nil || replaced != there {
					t.Fatalf("replaced %v, %v; want %v", replaced, err, there)
				}
				model[op] = *n
			},
			"spend": func(t *rapid.T) {
				op := pick.Draw(t, "op")
				if _, there := model[op]; !there {
					t.Skip("not there")
				}
				if err := c.Spend(op); err != nil {
					t.Fatal(err)
				}
				delete(model, op)
			},
			"keep": func(t *rapid.T) {
				op := pick.Draw(t, "op")
				if _, known, _ := c.Peek(op, new(Arena)); !known && d.coins[op] != nil {
					c.Keep(op, d.coins[op])
				}
			},
			"flush": func(t *rapid.T) {
				d.flush(c)
				for op := range model {
					if d.coins[op] == nil {
						t.Fatalf("coin %v was not written", op)
					}
				}
				if len(d.coins) != len(model) {
					t.Fatalf("%d coins on disk, want %d", len(d.coins), len(model))
				}
			},
			"": func(t *rapid.T) { compare(t, c, model) },
		})
	})
}

func compare(t *rapid.T, c *Cache, model map[wire.Outpoint]consensus.Coin) {
	for i := range uint32(31) {
		got, err := c.Get(outpoint(i))
		want, there := model[outpoint(i)]
		if !there {
			want = consensus.Coin{Missing: true}
		}
		if err != nil || !same(got, want) {
			t.Fatalf("coin %d is %+v, %v; want %+v", i, got, err, want)
		}
	}
	// The sums must be those of the entries.
	var heavy, batch int64
	for op, s := range c.table {
		size := int64(len(c.value(op, &s)))
		if s.n == longSlot {
			heavy += size + longBytes
		}
		if s.flags&dirtyFlag != 0 {
			batch += size + writeBytes
		}
		if s.flags&spentFlag != 0 && (s.flags&dirtyFlag == 0 || s.flags&freshFlag != 0) {
			t.Fatalf("entry %v has flags %b", op, s.flags)
		}
	}
	if heavy != c.heavy || batch != c.batch {
		t.Fatalf("sums are %d and %d, want %d and %d", c.heavy, c.batch, heavy, batch)
	}
}

func BenchmarkAddAndSpend(b *testing.B) {
	c := New(newDisk(), 1<<40)
	n := coin(1000, 22)
	var i uint32
	for b.Loop() {
		i++
		op := wire.Outpoint{Index: i}
		op.TxID[0] = byte(i)
		if err := c.Add(op, n); err != nil {
			b.Fatal(err)
		}
		if i > 100_000 {
			old := wire.Outpoint{Index: i - 100_000}
			old.TxID[0] = byte(i - 100_000)
			if err := c.Spend(old); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkGet(b *testing.B) {
	c := New(newDisk(), 1<<40)
	const n = 1 << 18
	ops := make([]wire.Outpoint, n)
	for i := range ops {
		ops[i] = outpoint(uint32(i))
		if err := c.Add(ops[i], coin(uint32(i), 22)); err != nil {
			b.Fatal(err)
		}
	}
	a, i := new(Arena), 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		if got, known, err := c.Peek(ops[i*7919%n], a); err != nil || !known || got.Missing {
			b.Fatal("coin is gone")
		}
	}
}
