package payments

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/blockfile"
	"github.com/quernnet/quern/work"
)

// Config says what chain is wanted.
type Config struct {
	Params *consensus.Params // regtest's or a chain like it: its work is done on the way
	Seed   uint64
	Inputs int // of payments, besides the few that break the mints up
	Mix    Mix
	Weight int // blocks of payments are filled up to it, weight units
	Coins  int // coins to leave unspent at least, besides those that payments leave; a tenth of all inputs then spends old coins
	Ready  int // coins at least to have in hand for Payments behind the chain
}

// Least and most of what may be asked for.
const (
	minWeight = 50_000
	maxInputs = 1_000_000_000
	maxCoins  = 100_000_000
)

func (c *Config) check() error {
	switch {
	case c.Params == nil || c.Params.Schedule != work.None{}:
		return errors.New("such a chain is made of regtest's blocks only: on others they need real work")
	case c.Inputs < 0 || c.Inputs > maxInputs:
		return fmt.Errorf("%d inputs cannot be made, use 0 to %d", c.Inputs, maxInputs)
	case c.Coins < 0 || c.Coins > maxCoins || c.Ready < 0 || c.Ready > maxCoins:
		return fmt.Errorf("%d coins cannot be made, use 0 to %d", max(c.Coins, c.Ready), maxCoins)
	case c.Weight < minWeight || c.Weight > consensus.MaxWeight:
		return fmt.Errorf("blocks cannot be filled to %d weight units, use %d to %d", c.Weight, minWeight, consensus.MaxWeight)
	case c.Mix.sum() <= 0:
		return errors.New("the mix has no kind of script in it")
	}
	s := c.sizes()
	return s.check(c)
}

// Chain is a chain of payments and, behind its tip, payments that are in no block.
type Chain struct {
	c    Config
	made *maker // once Blocks has come to the end
}

// New checks what is asked for.
func New(c Config) (*Chain, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("payments: %w", err)
	}
	return &Chain{c: c}, nil
}

// Blocks makes the chain block by block, from height 1, on all cores.
func (c *Chain) Blocks(ctx context.Context) iter.Seq2[*wire.Block, error] {
	return func(yield func(*wire.Block, error) bool) {
		m := &maker{newPlanner(c.c), newRing(c.c.Seed), consensus.GenesisState(c.c.Params)}
		for d := range m.plan.blocks {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			b, err := m.block(d)
			if !yield(b, err) || err != nil {
				return
			}
		}
		c.made = m
	}
}

// errNoChain says that Payments was called too early.
var errNoChain = errors.New("payments: the chain has not been made to its end")

// Payments makes payments of n inputs in all that spend the chain's coins and
// not each other's. Blocks must have come to its end. There are fewer when the
// coins run out.
func (c *Chain) Payments(n int) ([]*wire.Tx, error) {
	if c.made == nil {
		return nil, errNoChain
	}
	p := c.made.plan
	d := &draft{}
	for left := n; min(left, len(p.pool)) > 0; {
		x := p.payment(min(left, len(p.pool)))
		left -= len(x.ins)
		d.payments = append(d.payments, x)
	}
	return c.made.sign(d, make([]*wire.Tx, 0, len(d.payments)))
}

// Plan counts what Blocks will make: the blocks, and an upper bound of their bytes.
func (c *Chain) Plan() (blocks int, bytes int64) {
	for d := range newPlanner(c.c).blocks {
		blocks++
		bytes += int64(d.planned)
	}
	return blocks, bytes
}

// Summary is what a chain has.
type Summary struct {
	Blocks int       `json:"blocks"`
	Txs    int       `json:"transactions"`
	Inputs int       `json:"inputs"` // coins spent
	Coins  int       `json:"coins"`  // left unspent
	Bytes  int64     `json:"bytes"`  // of the blocks
	Tip    wire.Hash `json:"tip"`
	Mix    Mix       `json:"mix"`
	Seed   uint64    `json:"seed"`
}

// Write writes the chain as a block file; report is told of each block.
func (c *Chain) Write(ctx context.Context, w io.Writer, report func(Summary)) (Summary, error) {
	s := Summary{Mix: c.c.Mix, Seed: c.c.Seed}
	for b, err := range c.Blocks(ctx) {
		if err != nil {
			return s, err
		}
		if err := blockfile.Write(w, c.c.Params.Magic, b); err != nil {
			return s, err
		}
		s.Blocks++
		s.Txs += len(b.Txs)
		s.Inputs += b.Spends()
		s.Bytes += int64(b.Size())
		s.Tip = b.ID()
		for _, t := range b.Txs {
			s.Coins += len(t.Outs)
		}
		s.Coins -= b.Spends() + 1 // the commitment to the witnesses is no coin
		if report != nil {
			report(s)
		}
	}
	return s, nil
}
