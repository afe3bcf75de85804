package coins

import (
	"fmt"
	"hash/maphash"
	"iter"
	"math/bits"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// Reader reads coins that were flushed.
type Reader interface {
	// Coin returns the encoding of the coin at op, nil when there is none. It may be
	// called from several goroutines.
	Coin(op wire.Outpoint) ([]byte, error)
}

// Cache is the coin set as changed since the last flush, over a Reader of what
// was flushed, with as many unchanged coins as fit.
//
// A flush is of a moment: Freeze sets all changes up to then aside, Frozen
// lists them for the one who writes them, while the cache goes on, and Flushed
// says that the Reader has them; or Thaw takes Freeze back.
//
// One owner calls what changes the cache; Get, Peek and the sums may be called
// beside each other, not beside a change. Only the list that Frozen returned may
// be read beside everything.
//
// Invariants: an outpoint without an entry is as the Reader has it, now and
// after a flush under way; a clean entry equals what the Reader has; the Reader
// has no coin, now and after a flush under way, where an entry is fresh; an
// entry that is frozen, or superseded one that is, is still known to the table.
type Cache struct {
	back   Reader
	most   int64        // bytes of changes
	seed   maphash.Seed // secret, so that nobody can make outpoints whose hashes collide
	budget int64
	table  *table
	log    log
	dirty  Sum
	frozen Sum
}

// Sum counts entries that are to be written.
type Sum struct {
	Entries int
	Batch   int64 // bytes that writing them takes
}

const (
	// writeBytes is what writing an entry takes beside its encoding: the key,
	// and the batch's own record of it.
	writeBytes = 56

	// Segments are a small part of the budget, and hold some entries at least.
	segmentShare             = 256
	segmentLeast, segmentMax = 16 << 10, 4 << 20
)

// New returns an empty cache that holds up to budget bytes, and is full when
// so many of them are changes.
func New(back Reader, budget, changes int64) *Cache {
	budget = min(budget, maxLog)
	size := 1 << bits.Len64(uint64(max(budget, 1)/segmentShare))
	return newCache(back, budget, changes, min(max(size, segmentLeast), segmentMax))
}

func newCache(back Reader, budget, changes int64, segment int) *Cache {
	return &Cache{back: back, seed: maphash.MakeSeed(), budget: budget, most: changes, table: newTable(), log: log{size: segment}}
}

func (c *Cache) hash(op *wire.Outpoint) uint64 { return maphash.Comparable(c.seed, *op) }

// find returns where op's entry is, or would be, in the table.
func (c *Cache) find(op *wire.Outpoint, hash uint64) (s *shard, i int, known bool) {
	s = c.table.shard(hash)
	want := uint32(hash)
	for i = home(want, s.homes()); ; i++ {
		e := s.slots[i]
		if e == 0 || e.hash() > want {
			return s, i, false
		}
		if e.hash() == want && c.log.holds(e.at(), op) {
			return s, i, true
		}
	}
}

// Get returns the coin at op, Missing when there is none. It changes nothing.
func (c *Cache) Get(op wire.Outpoint) (consensus.Coin, error) {
	if coin, known, err := c.Peek(op, new(Arena)); known || err != nil {
		return coin, err
	}
	b, err := c.back.Coin(op)
	if err != nil {
		return consensus.Coin{}, err
	}
	return DecodeAt(op, b, new(Arena))
}

// Peek is Get without asking the Reader: known is false where only it knows.
func (c *Cache) Peek(op wire.Outpoint, a *Arena) (coin consensus.Coin, known bool, err error) {
	s, i, known := c.find(&op, c.hash(&op))
	if !known {
		return consensus.Coin{}, false, nil
	}
	e := parse(c.log.at(s.slots[i].at()))
	if e.spent() {
		return consensus.Coin{Missing: true}, true, nil
	}
	coin, err = DecodeAt(op, e.value, a)
	return coin, true, err
}

// DecodeAt reads what a Reader gave for op: nil is a coin that is Missing.
func DecodeAt(op wire.Outpoint, b []byte, a *Arena) (consensus.Coin, error) {
	if b == nil {
		return consensus.Coin{Missing: true}, nil
	}
	coin, rest, err := a.Next(b)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%w: %d bytes too many", errDamaged, len(rest))
	}
	if err != nil {
		return consensus.Coin{}, fmt.Errorf("coin %v: %w", op, err)
	}
	return coin, nil
}

// Keep remembers an encoding that the Reader gave for op, so that it need not
// be read again. It does nothing when the cache knows op, or has no room.
func (c *Cache) Keep(op wire.Outpoint, value []byte) {
	hash := c.hash(&op)
	s, i, known := c.find(&op, hash)
	if known || len(value) == 0 || len(value) > maxValue {
		return
	}
	if c.makeRoom(clean, entrySize(&op, len(value))) {
		// Others may have been moved or given up.
		s, i, _ = c.find(&op, hash)
	}
	if c.over() {
		return
	}
	c.table.insert(s, i, slotOf(hash, c.log.add(clean, &op, value, 0)))
}

// Add makes coin exist at op. It is the caller's promise that none exists
// there, see Replace.
func (c *Cache) Add(op wire.Outpoint, coin *consensus.Coin) error {
	hash := c.hash(&op)
	s, i, known := c.find(&op, hash)
	flags := uint16(freshFlag)
	if known {
		p := s.slots[i].at()
		e := parse(c.log.at(p))
		if !e.spent() {
			return fmt.Errorf("coin %v is created twice", op)
		}
		if c.log.segmentOf(p).kind != clean {
			flags = 0
		}
	}
	return c.set(op, hash, coin, flags)
}

// Replace makes coin exist at op whether or not one does, and says whether one
// did. Only a coinbase may need it (BIP30's two exempt blocks).
func (c *Cache) Replace(op wire.Outpoint, coin *consensus.Coin) (replaced bool, err error) {
	hash := c.hash(&op)
	s, i, known := c.find(&op, hash)
	if known {
		p := s.slots[i].at()
		e := parse(c.log.at(p))
		flags := uint16(0)
		switch k := c.log.segmentOf(p).kind; {
		case k == dirty:
			flags = e.flags & freshFlag
		case k == clean && e.spent():
			flags = freshFlag
		}
		replaced = !e.spent()
		return replaced, c.set(op, hash, coin, flags)
	}
	b, err := c.back.Coin(op)
	if err != nil {
		return false, err
	}
	flags := uint16(0)
	if b == nil {
		flags = freshFlag
	}
	return b != nil, c.set(op, hash, coin, flags)
}

// Spend makes the coin at op not exist. It is the caller's promise that it
// does: one that the cache knows to be gone is an error, one that it does not
// know of is taken to be the Reader's.
func (c *Cache) Spend(op wire.Outpoint) error {
	hash := c.hash(&op)
	s, i, known := c.find(&op, hash)
	if known {
		p := s.slots[i].at()
		e := parse(c.log.at(p))
		if e.spent() {
			return fmt.Errorf("coin %v is spent twice", op)
		}
		if e.flags&freshFlag != 0 && c.log.segmentOf(p).kind == dirty {
			c.supersede(p, &e)
			c.table.remove(s, i)
			return nil
		}
	}
	c.put(op, hash, nil, 0)
	return nil
}

func (c *Cache) set(op wire.Outpoint, hash uint64, coin *consensus.Coin, flags uint16) error {
	var buf [128]byte
	value := Append(buf[:0], coin)
	if len(value) > maxValue {
		return fmt.Errorf("coin %v takes %d bytes, at most %d can be kept", op, len(value), maxValue)
	}
	c.put(op, hash, value, flags)
	return nil
}

// put writes a changed entry in place of whatever was there; no value is a coin
// that is gone.
func (c *Cache) put(op wire.Outpoint, hash uint64, value []byte, flags uint16) {
	c.makeRoom(dirty, entrySize(&op, len(value)))
	s, i, known := c.find(&op, hash)
	if known {
		p := s.slots[i].at()
		e := parse(c.log.at(p))
		c.supersede(p, &e)
	}
	e := slotOf(hash, c.log.add(dirty, &op, value, flags))
	c.dirty.Entries++
	c.dirty.Batch += int64(len(value)) + writeBytes
	if known {
		s.slots[i] = e
		return
	}
	c.table.insert(s, i, e)
}

func slotOf(hash uint64, p place) slot { return slot(hash<<32 | uint64(p)) }

// supersede makes the entry at p no longer current.
func (c *Cache) supersede(p place, e *entry) {
	if c.log.supersede(p, e) == dirty {
		c.dirty.Entries--
		c.dirty.Batch -= e.batch()
	}
}

// Stats are what a cache holds.
type Stats struct {
	Entries       int   // coins, and those that are known to be gone
	Bytes, Budget int64 // of memory
	Dirty, Frozen Sum
}

// Stats returns the sums.
func (c *Cache) Stats() Stats {
	return Stats{Entries: c.table.n, Bytes: c.Bytes(), Budget: c.budget, Dirty: c.dirty, Frozen: c.frozen}
}

// Bytes is the memory that the cache holds.
func (c *Cache) Bytes() int64 {
	return int64(c.log.held+len(c.log.spare))*int64(c.log.size) + c.table.bytes
}

// Resize gives the cache another budget, and room for other changes, in bytes. What
// is over is given up when room is next needed.
func (c *Cache) Resize(budget, changes int64) {
	c.budget, c.most = min(budget, maxLog), changes
}

// Full says that the changes take so much room that they should be flushed.
func (c *Cache) Full() bool {
	return c.crowded(0) && c.log.emptiest(dirty) == 0
}

// Freeze sets all changes up to now aside, to be written. It must not be called
// again before Flushed or Thaw.
func (c *Cache) Freeze() {
	c.log.freeze()
	c.frozen, c.dirty = c.dirty, Sum{}
}

// Thaw takes Freeze back: what was set aside are changes like the later ones.
func (c *Cache) Thaw() {
	c.log.thaw()
	c.dirty.Entries += c.frozen.Entries
	c.dirty.Batch += c.frozen.Batch
	c.frozen = Sum{}
}

// Frozen lists what a flush must write, in an order of which the last word on
// an outpoint counts: each outpoint whose coin the Reader has otherwise, with
// its encoding, nil for one to delete. What the sequence yields is valid until
// Flushed or Thaw.
func (c *Cache) Frozen() iter.Seq2[wire.Outpoint, []byte] {
	full := make([][]byte, len(c.log.written))
	for i, no := range c.log.written {
		s := &c.log.segments[no]
		full[i] = s.data[:s.used]
	}
	return func(yield func(wire.Outpoint, []byte) bool) {
		for _, b := range full {
			for len(b) > 0 {
				e := parse(b)
				b = b[e.size:]
				if e.flags&deadFlag != 0 {
					continue
				}
				value := e.value
				if e.spent() {
					value = nil
				}
				if !yield(e.op, value) {
					return
				}
			}
		}
	}
}

// Flushed says that the Reader now has all that Frozen listed.
func (c *Cache) Flushed() {
	c.log.settle()
	c.frozen = Sum{}
}
