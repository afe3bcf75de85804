package relay

import (
	"encoding/binary"
	"fmt"

	"github.com/quernnet/quern/consensus/wire"
)

// MaxTxs is how many transactions a block may have: BIP152's indexes are of 16
// bits. Bitcoin's largest block has room for 16,666 (60 bytes each, at four
// weight units a byte).
const MaxTxs = 1<<16 - 1

const (
	shortSize = 6  // bytes of a short id
	minTxSize = 10 // bytes of the smallest encoding of a transaction
)

// Prefilled is a transaction that an announcement carries whole.
type Prefilled struct {
	Index int // in the block
	Tx    *wire.Tx
}

// Announcement is BIP152's HeaderAndShortIDs. One that came from Decode or New
// must not be changed.
type Announcement struct {
	Header    wire.Header
	Nonce     uint64      // of the short ids' key
	Shorts    []byte      // short ids, six bytes each, little-endian, in block order, of all that is not prefilled
	Prefilled []Prefilled // ascending; the first is the coinbase
}

// Count is how many transactions the block has, as the announcement says.
func (a *Announcement) Count() int { return len(a.Shorts)/shortSize + len(a.Prefilled) }

// Key is what the announcement's short ids were made with.
func (a *Announcement) Key() Key { return keyOf(&a.Header, a.Nonce) }

func (a *Announcement) short(i int) uint64 { return readShort(a.Shorts[i*shortSize:]) }

func readShort(b []byte) uint64 {
	return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint16(b[4:]))<<32
}

func appendShort(dst []byte, id uint64) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(id))
	return binary.LittleEndian.AppendUint16(dst, uint16(id>>32))
}

// New announces b, which has a coinbase and no more than MaxTxs transactions.
// The transactions at the indexes of prefill, ascending, travel whole, besides
// the coinbase.
func New(b *wire.Block, nonce uint64, prefill []int) *Announcement {
	a := &Announcement{Header: b.Header, Nonce: nonce}
	key := a.Key()
	a.Shorts = make([]byte, 0, shortSize*len(b.Txs))
	for i, t := range b.Txs {
		for len(prefill) > 0 && prefill[0] < i {
			prefill = prefill[1:]
		}
		if i == 0 || len(prefill) > 0 && prefill[0] == i {
			a.Prefilled = append(a.Prefilled, Prefilled{i, t})
			continue
		}
		wid := t.WitnessID()
		a.Shorts = appendShort(a.Shorts, key.Short(&wid))
	}
	return a
}

// Size is the encoding's length in bytes.
func (a *Announcement) Size() int {
	n := wire.HeaderSize + 8 + wire.VarintSize(uint64(len(a.Shorts)/shortSize)) + len(a.Shorts) +
		wire.VarintSize(uint64(len(a.Prefilled)))
	last := -1
	for _, p := range a.Prefilled {
		n += wire.VarintSize(uint64(p.Index-last-1)) + p.Tx.Size()
		last = p.Index
	}
	return n
}

// Append adds the encoding to dst.
func (a *Announcement) Append(dst []byte) []byte {
	dst = a.Header.Append(dst)
	dst = binary.LittleEndian.AppendUint64(dst, a.Nonce)
	dst = wire.AppendVarint(dst, uint64(len(a.Shorts)/shortSize))
	dst = append(dst, a.Shorts...)
	dst = wire.AppendVarint(dst, uint64(len(a.Prefilled)))
	last := -1
	for _, p := range a.Prefilled {
		dst = wire.AppendVarint(dst, uint64(p.Index-last-1))
		dst = p.Tx.Append(dst)
		last = p.Index
	}
	return dst
}

// Decode reads an announcement that fills b, and keeps b. Its errors are the
// sender's fault: nobody can have taken such bytes for an announcement. The
// header is not judged: whoever takes announcements from strangers looks at
// its work first, so that memory for what is prefilled (up to 25 times its
// bytes) costs them some.
func Decode(b []byte) (*Announcement, error) {
	c := cursor{b: b}
	a := new(Announcement)
	head := c.take(wire.HeaderSize, "header")
	if c.err == nil {
		a.Header, c.err = wire.DecodeHeader(head)
	}
	a.Nonce = c.uint64("nonce")
	a.Shorts = c.take(shortSize*c.count(shortSize, "short ids"), "short ids")
	count := len(a.Shorts) / shortSize
	n := c.count(1+minTxSize, "prefilled transactions")
	if c.err == nil && (n == 0 || count+n > MaxTxs) {
		c.fail("%d transactions, %d of them prefilled", count+n, n)
	}
	last := -1
	for i := 0; i < n && c.err == nil; i++ {
		last = c.index(last, count+i+1)
		t := c.tx()
		if c.err == nil && (t.IsCoinbase() != (i == 0) || i == 0 && last != 0) {
			c.fail("prefilled transaction %d, at place %d: the block's first has to be the coinbase, and no other", i, last)
		}
		a.Prefilled = append(a.Prefilled, Prefilled{last, t})
	}
	if err := c.finish("announcement"); err != nil {
		return nil, err
	}
	return a, nil
}

// cursor reads one message. The first error sticks; reads after it return zero
// values.
type cursor struct {
	b   []byte
	err error
}

func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

func (c *cursor) take(n int, what string) []byte {
	if c.err == nil && n > len(c.b) {
		c.fail("%s: %d bytes needed, %d left", what, n, len(c.b))
	}
	if c.err != nil {
		return nil
	}
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

func (c *cursor) uint64(what string) uint64 {
	if b := c.take(8, what); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (c *cursor) hash(what string) (h wire.Hash) {
	copy(h[:], c.take(wire.HashSize, what))
	return h
}

func (c *cursor) varint(what string) uint64 {
	if c.err != nil {
		return 0
	}
	v, rest, err := wire.ReadVarint(c.b)
	if err != nil {
		c.fail("%s: %w", what, err)
		return 0
	}
	c.b = rest
	return v
}

// count reads how many elements of at least size bytes follow. What the rest
// cannot hold is refused before anything is allocated for it.
func (c *cursor) count(size int, what string) int {
	n := c.varint(what)
	if c.err == nil && (n > MaxTxs || n > uint64(len(c.b)/size)) {
		c.fail("%d %s declared, at most %d allowed, %d bytes left", n, what, MaxTxs, len(c.b))
	}
	if c.err != nil {
		return 0
	}
	return int(n)
}

// index reads a place that is told by its distance from the last one (BIP152's
// differential encoding), and is less than limit.
func (c *cursor) index(last, limit int) int {
	d := c.varint("index")
	if c.err == nil && d >= uint64(limit-last-1) {
		c.fail("an index lies %d after the one before it, %d, of %d", d, last, limit)
	}
	if c.err != nil {
		return last
	}
	return last + 1 + int(d)
}

// tx reads one transaction.
func (c *cursor) tx() *wire.Tx {
	if c.err != nil {
		return nil
	}
	n, err := wire.CutTx(c.b)
	if err != nil {
		c.fail("transaction: %w", err)
		return nil
	}
	t, err := wire.DecodeTx(c.take(n, "transaction"))
	if err != nil {
		c.fail("transaction: %w", err)
	}
	return t
}

// finish wants the message to end here.
func (c *cursor) finish(what string) error {
	if c.err == nil && len(c.b) > 0 {
		c.fail("%d bytes after its end", len(c.b))
	}
	if c.err != nil {
		return fmt.Errorf("malformed %s: %w", what, c.err)
	}
	return nil
}
