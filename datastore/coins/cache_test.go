package coins

import (
	"bytes"
	"errors"
	"iter"
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

func (d *disk) write(changes iter.Seq2[wire.Outpoint, []byte]) {
	for op, value := range changes {
		if value == nil {
			delete(d.coins, op)
		} else {
			d.coins[op] = bytes.Clone(value)
		}
	}
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
	c := New(d, 1<<20, 1<<40)
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
	c.Freeze()
	written := maps.Collect(c.Frozen())
	if len(written) != 1 || written[outpoint(99)] == nil {
		t.Errorf("%d changes are to be written, want that of the last coin alone", len(written))
	}
	if d.reads != 0 {
		t.Errorf("the disk was asked %d times", d.reads)
	}
}

func TestMisuseIsToldApart(t *testing.T) {
	c := New(newDisk(), 1<<20, 1<<40)
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
	c := New(d, 1<<20, 1<<40)
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

// What a user's limit is compared with must be what the heap has, whatever the
// scripts.
func TestBytesAreThoseOfTheHeap(t *testing.T) {
	for name, script := range map[string]int{"usual": 22, "long": 200} {
		heap := func() int64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		}
		before := heap()
		c := New(newDisk(), 1<<30, 1<<40)
		const n = 150_000
		for i := range uint32(n) {
			if err := c.Add(outpoint(i), coin(i, script)); err != nil {
				t.Fatal(err)
			}
		}
		used := heap() - before
		if said := c.Bytes(); said < used*9/10 || said > used*11/10 {
			t.Errorf("%s scripts: %d bytes are said to be used, %d are", name, said, used)
		}
		runtime.KeepAlive(c)
	}
}

// The whole cost of the commonest coin.
func TestACoinTakesLessThanAHundredBytes(t *testing.T) {
	c := New(newDisk(), 64<<20, 1<<40)
	script := append([]byte{0, 20}, make([]byte, 20)...)
	const n = 400_000
	for i := range uint32(n) {
		if err := c.Add(outpoint(i), &consensus.Coin{Out: wire.Out{Value: 123_456_789, Script: script}, Height: 800_000}); err != nil {
			t.Fatal(err)
		}
	}
	if each := float64(c.Bytes()) / n; each > 90 {
		t.Errorf("a coin takes %.1f bytes", each)
	} else {
		t.Logf("a coin takes %.1f bytes", each)
	}
}

// machine is a cache beside a plain map.
type machine struct {
	disk   *disk
	cache  *Cache
	budget int64
	model  map[wire.Outpoint]consensus.Coin
	frozen map[wire.Outpoint]consensus.Coin // at Freeze; nil: nothing is frozen
	saved  map[wire.Outpoint]consensus.Coin // at the last flush
}

const coinsOfMachine = 60

func (m *machine) open() {
	m.cache = newCache(m.disk, m.budget, m.budget/3, 600)
	m.model, m.frozen = maps.Clone(m.saved), nil
}

func pick(t *rapid.T) wire.Outpoint {
	return outpoint(rapid.Uint32Range(0, coinsOfMachine-1).Draw(t, "coin"))
}

func fill(t *rapid.T) *consensus.Coin {
	return coin(rapid.Uint32Range(0, 9).Draw(t, "height"), rapid.SampledFrom([]int{0, 22, 34, 60, 500}).Draw(t, "script"))
}

func (m *machine) add(t *rapid.T) {
	op, n := pick(t), fill(t)
	if _, there := m.model[op]; there {
		if err := m.cache.Spend(op); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.cache.Add(op, n); err != nil {
		t.Fatal(err)
	}
	m.model[op] = *n
}

func (m *machine) replace(t *rapid.T) {
	op, n := pick(t), fill(t)
	_, there := m.model[op]
	if replaced, err := m.cache.Replace(op, n); err != nil || replaced != there {
		t.Fatalf("replaced %v, %v; want %v", replaced, err, there)
	}
	m.model[op] = *n
}

func (m *machine) spend(t *rapid.T) {
	op := pick(t)
	if _, there := m.model[op]; !there {
		t.Skip("not there")
	}
	if err := m.cache.Spend(op); err != nil {
		t.Fatal(err)
	}
	delete(m.model, op)
}

func (m *machine) keep(t *rapid.T) {
	for range 10 {
		op := pick(t)
		if _, known, _ := m.cache.Peek(op, new(Arena)); !known && m.disk.coins[op] != nil {
			m.cache.Keep(op, m.disk.coins[op])
		}
	}
}

func (m *machine) freeze(t *rapid.T) {
	if m.frozen != nil {
		t.Skip("frozen already")
	}
	m.cache.Freeze()
	m.frozen = maps.Clone(m.model)
}

func (m *machine) thaw(t *rapid.T) {
	if m.frozen == nil {
		t.Skip("nothing is frozen")
	}
	m.cache.Thaw()
	m.frozen = nil
}

// flush writes what is frozen; when it is done, the disk has what the model had
// at Freeze, whatever happened since.
func (m *machine) flush(t *rapid.T) {
	if m.frozen == nil {
		t.Skip("nothing is frozen")
	}
	m.disk.write(m.cache.Frozen())
	if rapid.Bool().Draw(t, "look before the end") {
		compare(t, m.cache, m.model)
	}
	m.cache.Flushed()
	if len(m.disk.coins) != len(m.frozen) {
		t.Fatalf("%d coins on disk, want %d", len(m.disk.coins), len(m.frozen))
	}
	for op, want := range m.frozen {
		if got, err := Decode(m.disk.coins[op]); err != nil || !same(got, want) {
			t.Fatalf("coin %v on disk is %+v, %v; want %+v", op, got, err, want)
		}
	}
	m.saved, m.frozen = m.frozen, nil
}

// fail is a disk that cannot be read for a moment: nothing changes.
func (m *machine) fail(t *rapid.T) {
	op := pick(t)
	if _, known, _ := m.cache.Peek(op, new(Arena)); known {
		t.Skip("known")
	}
	m.disk.fail = errors.New("broken")
	defer func() { m.disk.fail = nil }()
	if _, err := m.cache.Get(op); !errors.Is(err, m.disk.fail) {
		t.Fatalf("get: %v", err)
	}
	if _, err := m.cache.Replace(op, coin(1, 1)); !errors.Is(err, m.disk.fail) {
		t.Fatalf("replace: %v", err)
	}
}

// TestCacheIsAMap drives a cache beside a plain map, with flushes that begin
// at any moment and end at any later one, or are taken back, and with restarts.
func TestCacheIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{
			disk:   newDisk(),
			saved:  make(map[wire.Outpoint]consensus.Coin),
			budget: rapid.SampledFrom([]int64{1, shardCount*(shardFirst+shardTail)*slotBytes + 5000, 1 << 20}).Draw(t, "budget"),
		}
		m.open()
		t.Repeat(map[string]func(*rapid.T){
			"add":     m.add,
			"again":   m.add,
			"replace": m.replace,
			"spend":   m.spend,
			"keep":    m.keep,
			"freeze":  m.freeze,
			"thaw":    m.thaw,
			"flush":   m.flush,
			"fail":    m.fail,
			"restart": func(*rapid.T) { m.open() },
			"": func(t *rapid.T) {
				compare(t, m.cache, m.model)
				m.cache.check(t)
			},
		})
	})
}

func compare(t *rapid.T, c *Cache, model map[wire.Outpoint]consensus.Coin) {
	for i := range uint32(coinsOfMachine) {
		got, err := c.Get(outpoint(i))
		want, there := model[outpoint(i)]
		if !there {
			want = consensus.Coin{Missing: true}
		}
		if err != nil || !same(got, want) {
			t.Fatalf("coin %d is %+v, %v; want %+v", i, got, err, want)
		}
	}
}

func BenchmarkAddAndSpend(b *testing.B) {
	c := New(newDisk(), 1<<40, 1<<40)
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
	c := New(newDisk(), 1<<40, 1<<40)
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

// BenchmarkFlush is the cache's part of a flush, on the writer's goroutine.
func BenchmarkFlush(b *testing.B) {
	c := New(newDisk(), 1<<30, 1<<40)
	const n = 200_000
	script := append([]byte{0, 20}, make([]byte, 20)...)
	ops := make([]wire.Outpoint, n)
	for i := range ops {
		ops[i] = outpoint(uint32(i))
	}
	change(b, c, ops, script)
	c.Freeze()
	read := 0
	for b.Loop() {
		read = 0
		for range c.Frozen() {
			read++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(read), "ns/entry")
}

// change makes every coin anew.
func change(b *testing.B, c *Cache, ops []wire.Outpoint, script []byte) {
	b.Helper()
	for _, op := range ops {
		if _, err := c.Replace(op, &consensus.Coin{Out: wire.Out{Value: 5, Script: script}, Height: 7}); err != nil {
			b.Fatal(err)
		}
	}
}
