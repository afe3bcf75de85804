package index

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/coinset"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// Sums are what all blocks up to one come to together, in satoshis but for Outs and
// Bogosize. Those that go up for ever wrap around at 2^64; differences of two do not.
type Sums struct {
	Outs     uint64 // unspent
	Bogosize uint64 // see coinset.Stats
	Amount   uint64 // of what is unspent

	Subsidy  uint64 // that was to be had
	Spent    uint64 // of coins that were spent
	Created  uint64 // of outputs that were created, but coinbases'
	Coinbase uint64 // of these

	// What nobody can ever spend.
	Genesis   uint64 // of the first block
	BIP30     uint64 // of coinbases that a later one with the same id replaced
	Scripts   uint64 // paid to scripts that cannot be met
	Unclaimed uint64 // that miners did not take
}

// Unspendable is the last four together.
func (s *Sums) Unspendable() uint64 { return s.Genesis + s.BIP30 + s.Scripts + s.Unclaimed }

// fields are all sums, in the order in which they are stored.
func (s *Sums) fields() [11]*uint64 {
	return [...]*uint64{
		&s.Outs, &s.Bogosize, &s.Amount, &s.Subsidy, &s.Spent, &s.Created, &s.Coinbase,
		&s.Genesis, &s.BIP30, &s.Scripts, &s.Unclaimed,
	}
}

// Plus is both together, Minus what s has more than o.
func (s Sums) Plus(o Sums) Sums { return s.each(o, func(a, b uint64) uint64 { return a + b }) }

// Minus is what s has more than o.
func (s Sums) Minus(o Sums) Sums { return s.each(o, func(a, b uint64) uint64 { return a - b }) }

func (s Sums) each(o Sums, f func(a, b uint64) uint64) Sums {
	from := o.fields()
	for i, p := range s.fields() {
		*p = f(*p, *from[i])
	}
	return s
}

func (s *Sums) append(b []byte) []byte {
	for _, p := range s.fields() {
		b = binary.AppendUvarint(b, *p)
	}
	return b
}

func (s *Sums) read(b []byte) error {
	for _, p := range s.fields() {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return errors.New("damaged sums of coins")
		}
		*p, b = v, b[n:]
	}
	return nil
}

// Coins tells what the coins came to after each block, as Bitcoin Core's
// coinstatsindex does.
type Coins struct {
	reader
	sums Sums
	set  coinset.MuHash // without a denominator
}

const coinsLetter = 'c'

func newCoins(r reader) *Coins { return &Coins{reader: r} }

// replaced are the blocks of Bitcoin's main chain whose coinbases were replaced by
// later ones with the same id (BIP30), by height.
var replaced = map[uint32]string{
	91722: "00000000000271a2dc26e7667f8419f2e15416dc6955e5a6c6cdf3f2574dd08e",
	91812: "00000000000af0aed4792b1acee3d966af36cf5def14935db8de83d6f9306f2f",
}

// delta is what one block changes.
type delta struct {
	sums    Sums
	set     coinset.MuHash
	element []byte // reused
}

func newDelta(u *consensus.Update) *delta {
	d := new(delta)
	subsidy := uint64(u.Next.Params.Subsidy(u.Next.Height))
	d.sums.Subsidy = subsidy
	if u.Next.Height == 0 {
		d.sums.Genesis = subsidy
		return d
	}
	spent := u.Spent
	for i, t := range u.Block.Txs {
		if i == 0 && replaced[u.Next.Height] == u.Next.ID.String() {
			d.sums.BIP30 = subsidy
			continue
		}
		for j := range t.Outs {
			d.create(t.Outpoint(j), &consensus.Coin{Out: t.Outs[j], Height: u.Next.Height, Coinbase: i == 0})
		}
		if i > 0 {
			for j := range t.Ins {
				d.spend(t.Ins[j].Prev, &spent[j])
			}
			spent = spent[len(t.Ins):]
		}
	}
	s := &d.sums
	s.Unclaimed = s.Spent + subsidy - s.Created - s.Coinbase - s.BIP30 - s.Scripts
	d.set.Normalize()
	return d
}

func (d *delta) create(op wire.Outpoint, c *consensus.Coin) {
	s := &d.sums
	switch {
	case script.IsUnspendable(c.Script):
		s.Scripts += uint64(c.Value)
		return
	case c.Coinbase:
		s.Coinbase += uint64(c.Value)
	default:
		s.Created += uint64(c.Value)
	}
	s.Outs++
	s.Amount += uint64(c.Value)
	s.Bogosize += coinset.Bogosize(c.Script)
	d.element = coinset.Append(d.element[:0], op, c)
	d.set.Add(d.element)
}

func (d *delta) spend(op wire.Outpoint, c *consensus.Coin) {
	s := &d.sums
	s.Spent += uint64(c.Value)
	s.Outs--
	s.Amount -= uint64(c.Value)
	s.Bogosize -= coinset.Bogosize(c.Script)
	d.element = coinset.Append(d.element[:0], op, c)
	d.set.Remove(d.element)
}

func (x *Coins) prepare(u *consensus.Update) func(*writer) error {
	d := newDelta(u)
	height, id := u.Next.Height, u.Next.ID
	return func(w *writer) error {
		x.sums = x.sums.Plus(d.sums)
		x.set.Union(&d.set)
		hash := x.set.Sum()
		w.put(blockKey(coinsLetter, height, id), x.sums.append(hash[:]))
		return w.err
	}
}

// revert takes the block's coins out of the set, and those that it spent in.
func (x *Coins) revert(u *consensus.Update, _ *writer) error {
	d := newDelta(u)
	x.sums = x.sums.Minus(d.sums)
	x.set.Difference(&d.set)
	x.set.Normalize()
	return nil
}

func (x *Coins) memory() []byte {
	b, _ := x.set.AppendBinary(nil)
	return x.sums.append(b)
}

func (x *Coins) remember(b []byte) error {
	x.sums, x.set = Sums{}, coinset.MuHash{}
	if len(b) == 0 {
		return nil
	}
	if len(b) < coinset.MuHashSize {
		return fmt.Errorf("the sums of its last block are damaged: %d bytes", len(b))
	}
	if err := x.set.UnmarshalBinary(b[:coinset.MuHashSize]); err != nil {
		return err
	}
	return x.sums.read(b[coinset.MuHashSize:])
}

// At is what the coins came to after a block, by its height and id, and their
// MuHash; ok is false where the index has not come to it.
func (x *Coins) At(ctx context.Context, height uint32, id wire.Hash) (s Sums, hash wire.Hash, ok bool, err error) {
	b, err := x.get(ctx, blockKey(coinsLetter, height, id))
	if b == nil || err != nil {
		return s, hash, false, err
	}
	if len(b) < wire.HashSize {
		return s, hash, false, fmt.Errorf("the sums of block %v are damaged: %d bytes", id, len(b))
	}
	copy(hash[:], b)
	err = s.read(b[wire.HashSize:])
	return s, hash, err == nil, err
}
