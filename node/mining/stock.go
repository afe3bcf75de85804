package mining

import (
	"context"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
)

// part is what a block needs of a transaction that may be in it, whatever else is.
type part struct {
	tx    *wire.Tx
	shown []byte // what ShowTx made of it
}

// stock has the parts of the transactions that the present template has, and of those
// that the next one will have when a block takes these: what is made of a
// transaction is made before the tip moves, and once.
//
// It belongs to whoever holds Keeper.building. A nil stock makes what it is asked for and keeps nothing.
type stock struct {
	show  func(*wire.Tx) []byte // may be nil
	parts map[*mempool.Packed]part
}

// get returns the part of p, made now if it has to be.
func (s *stock) get(p *mempool.Packed) part {
	if s == nil {
		return part{tx: p.Decode()}
	}
	at, ok := s.parts[p]
	if !ok {
		at.tx = p.Decode()
		if s.show != nil {
			at.shown = s.show(at.tx)
		}
		s.parts[p] = at
	}
	return at
}

// fill makes transactions of what was chosen.
func (s *stock) fill(picked []pick) {
	for i := range picked {
		at := s.get(picked[i].packed)
		picked[i].tx, picked[i].shown, picked[i].packed = at.tx, at.shown, nil
	}
}

// Bounds of what is made ahead.
const (
	stockBlocks = 2       // full blocks' weight: the present template's and the next one's
	stockBytes  = 8 << 20 // of transactions as encoded; their parts take about four times as much
	stockOnce   = 64      // parts made before whoever wants to build gets a turn
)

// outlook lists what the next blocks are likely to have, the best first.
func (a *Assembler) outlook() (next []*mempool.Packed) {
	weight, bytes := 0, 0
	a.pool.Best(func(c *mempool.Chunk) mempool.Choice {
		if weight > stockBlocks*a.maxWeight || bytes > stockBytes {
			return mempool.Stop
		}
		for i := range c.Txs {
			next = append(next, c.Txs[i].Packed)
			weight += c.Txs[i].Weight
			bytes += len(c.Txs[i].Raw())
		}
		return mempool.Take
	})
	return next
}

// stockUp makes what the template after the next block will need, a few parts at a time, and drops
// what none will. It ends early when the tip moves: that template is then what is
// wanted first.
func (k *Keeper) stockUp(ctx context.Context, r *Ready) {
	if k.a.pool == nil {
		return
	}
	next := k.a.outlook()
	kept := make(map[*mempool.Packed]part, len(next))
	for len(next) > 0 && k.onTip(r) {
		n := min(len(next), stockOnce)
		select {
		case k.building <- struct{}{}:
		case <-ctx.Done():
			return
		}
		for _, p := range next[:n] {
			kept[p] = k.stock.get(p)
		}
		<-k.building
		next = next[n:]
	}
	if len(next) > 0 {
		return
	}
	k.building <- struct{}{}
	k.stock.parts = kept
	<-k.building
}
