package coins

import (
	"fmt"
	"iter"
	"maps"
	"slices"

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
// One owner calls what changes it; Get may run beside another Get, not beside
// a change. Invariants: an outpoint without an entry is as the Reader has it;
// an entry that is not dirty equals what the Reader has; the Reader has no
// coin where an entry is fresh; a spent entry is dirty and not fresh.
type Cache struct {
	back   Reader
	budget int64
	table  map[wire.Outpoint]slot
	long   map[wire.Outpoint][]byte // encodings that no slot holds
	heavy  int64                    // bytes of those
	batch  int64                    // bytes that writing them takes
}

// slot is an entry's value without a pointer, so that the garbage collector
// need not look at millions of them.
type slot struct {
	data  [slotSize]byte
	n     uint8 // bytes of data in use; longSlot: see Cache.long
	flags uint8
}

const (
	slotSize = 46 // fits the widest usual coin: 5+7 bytes of numbers, 1+32 of script
	longSlot = 255
)

const (
	dirtyFlag = 1 << iota // differs from what the Reader has
	freshFlag             // the Reader has no coin there
	spentFlag             // the coin is gone
)

const (
	// entryBytes is what a table entry costs: 36 bytes of key and 48 of slot, at
	// the usual fill of Go's maps.
	entryBytes = 136
	// longBytes is what an entry of the long map costs beside its encoding.
	longBytes = 120
	// writeBytes is what writing an entry takes beside its encoding: the key,
	// and the batch's own record of it.
	writeBytes = 56
)

// New returns an empty cache that should be flushed at budget bytes.
func New(back Reader, budget int64) *Cache {
	c := &Cache{back: back, budget: budget}
	c.reset()
	return c
}

func (c *Cache) reset() {
	c.table = make(map[wire.Outpoint]slot)
	c.long = make(map[wire.Outpoint][]byte)
	c.heavy, c.batch = 0, 0
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
	s, known := c.table[op]
	if !known {
		return consensus.Coin{}, false, nil
	}
	coin, err = DecodeAt(op, c.value(op, &s), a)
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

// value is the entry's encoding, nil when it is spent. It aliases s.
func (c *Cache) value(op wire.Outpoint, s *slot) []byte {
	switch {
	case s.flags&spentFlag != 0:
		return nil
	case s.n == longSlot:
		return c.long[op]
	}
	return s.data[:s.n]
}

// Keep remembers an encoding that the Reader gave for op, so that it need not
// be read again. It does nothing when the cache knows op or is nearly full.
func (c *Cache) Keep(op wire.Outpoint, value []byte) {
	if _, known := c.table[op]; known || c.Bytes() > c.budget-c.budget/8 {
		return
	}
	c.put(op, value, 0)
}

// Add makes coin exist at op. It is the caller's promise that none exists
// there, see Replace.
func (c *Cache) Add(op wire.Outpoint, coin *consensus.Coin) error {
	old, known := c.table[op]
	if known && old.flags&spentFlag == 0 {
		return fmt.Errorf("coin %v is created twice", op)
	}
	flags := uint8(dirtyFlag)
	if !known {
		flags |= freshFlag
	}
	c.set(op, coin, flags)
	return nil
}

// Replace makes coin exist at op whether or not one does, and says whether one
// did. Only a coinbase may need it (BIP30's two exempt blocks).
func (c *Cache) Replace(op wire.Outpoint, coin *consensus.Coin) (replaced bool, err error) {
	s, known := c.table[op]
	if known {
		replaced = s.flags&spentFlag == 0
		c.set(op, coin, dirtyFlag|s.flags&freshFlag)
		return replaced, nil
	}
	b, err := c.back.Coin(op)
	if err != nil {
		return false, err
	}
	flags := uint8(dirtyFlag)
	if b == nil {
		flags |= freshFlag
	}
	c.set(op, coin, flags)
	return b != nil, nil
}

// Spend makes the coin at op not exist. It is the caller's promise that it
// does: one that the cache knows to be gone is an error, one that it does not
// know of is taken to be the Reader's.
func (c *Cache) Spend(op wire.Outpoint) error {
	s, known := c.table[op]
	switch {
	case known && s.flags&spentFlag != 0:
		return fmt.Errorf("coin %v is spent twice", op)
	case known && s.flags&freshFlag != 0:
		c.forget(op, &s)
		delete(c.table, op)
	default:
		c.put(op, nil, dirtyFlag|spentFlag)
	}
	return nil
}

func (c *Cache) set(op wire.Outpoint, coin *consensus.Coin, flags uint8) {
	var buf [128]byte
	c.put(op, Append(buf[:0], coin), flags)
}

// put writes an entry over whatever was there.
func (c *Cache) put(op wire.Outpoint, value []byte, flags uint8) {
	if old, known := c.table[op]; known {
		c.forget(op, &old)
	}
	s := slot{flags: flags}
	if len(value) <= slotSize {
		s.n = uint8(copy(s.data[:], value))
	} else {
		s.n = longSlot
		c.long[op] = append([]byte(nil), value...)
		c.heavy += int64(len(value)) + longBytes
	}
	if flags&dirtyFlag != 0 {
		c.batch += int64(len(value)) + writeBytes
	}
	c.table[op] = s
}

// forget takes an entry out of the sums and the long map.
func (c *Cache) forget(op wire.Outpoint, s *slot) {
	size := int64(s.n)
	if s.n == longSlot {
		size = int64(len(c.long[op]))
		c.heavy -= size + longBytes
		delete(c.long, op)
	}
	if s.flags&dirtyFlag != 0 {
		c.batch -= size + writeBytes
	}
}

// Bytes is the memory that the cache holds, with that which writing its changes
// will take.
func (c *Cache) Bytes() int64 {
	return int64(len(c.table))*entryBytes + c.heavy + c.batch
}

// BatchBytes is how many bytes writing the changes takes.
func (c *Cache) BatchBytes() int64 { return c.batch }

// Full says that the cache should be flushed.
func (c *Cache) Full() bool { return c.Bytes() >= c.budget }

// Changes yields what a flush must write: each outpoint whose coin the Reader
// has otherwise, with its encoding, nil for one to delete. The order is random,
// the encoding valid until the next iteration.
func (c *Cache) Changes() iter.Seq2[wire.Outpoint, []byte] {
	return func(yield func(wire.Outpoint, []byte) bool) {
		for op, s := range c.table {
			if s.flags&dirtyFlag != 0 && !yield(op, c.value(op, &s)) {
				return
			}
		}
	}
}

// Flushed says that the Reader now has all that Changes yielded. Coins of the
// newest blocks stay, up to half the budget: they are the likeliest to be spent.
func (c *Cache) Flushed() {
	least := c.cutoff(c.budget / 2)
	old := *c
	c.reset()
	for op, s := range old.table {
		if s.flags&spentFlag != 0 {
			continue
		}
		if value := old.value(op, &s); heightOf(value) >= least {
			c.put(op, value, 0)
		}
	}
}

// cutoff is the least height such that the coins from there up take at most
// keep bytes. A block has few coins beside a budget, so that whole heights will do.
func (c *Cache) cutoff(keep int64) uint32 {
	sizes := make(map[uint32]int64)
	for op, s := range c.table {
		if value := c.value(op, &s); value != nil {
			size := int64(entryBytes)
			if s.n == longSlot {
				size += int64(len(value)) + longBytes
			}
			sizes[heightOf(value)] += size
		}
	}
	for _, h := range slices.Backward(slices.Sorted(maps.Keys(sizes))) {
		if keep -= sizes[h]; keep < 0 {
			return h + 1
		}
	}
	return 0
}

func heightOf(value []byte) uint32 {
	place, _, err := uvarint(value)
	if err != nil {
		return 0
	}
	return uint32(place >> 1)
}
