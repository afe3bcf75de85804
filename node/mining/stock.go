package mining

import (
	"context"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
)

// part is what a block needs of a transaction that may be in it, whatever else is.
type part struct {
	tx    *wire.Tx
	shown []byte           // what ShowTx made of it
	coins []consensus.Coin // that its inputs spend, Missing those that the chain did not have; nil: not looked up
	asked wire.Hash        // the tip at which it was last asked for those
}

// stock has the parts of the transactions that the present template has, and of those
// that the next one will have when a block takes these: what is made of a
// transaction is made before the tip moves, and once.
//
// Invariant: a coin that a part has was unspent after the block at, or after one before it. What is built on a block
// that follows from at may therefore take the coin as it is: an outpoint names the transaction that made the coin, and its block
// is on the branch still. That it is unspent still, the mempool says, which at each block has only what spends
// coins that are there. On another branch nothing is known.
//
// It belongs to whoever holds Keeper.building. A nil stock makes what it is asked for and keeps nothing.
type stock struct {
	show  func(*wire.Tx) []byte // may be nil
	parts map[*mempool.Packed]*part
	at    wire.Hash
	wrong bool // coins that were known made a wrong block: each is looked up
}

// get returns the part of p, made now if it has to be.
func (s *stock) get(p *mempool.Packed) *part {
	if s == nil {
		return &part{tx: p.Decode()}
	}
	at := s.parts[p]
	if at == nil {
		at = &part{tx: p.Decode()}
		if s.show != nil {
			at.shown = s.show(at.tx)
		}
		s.parts[p] = at
	}
	return at
}

// fill makes transactions of what was chosen for a block after on, and says whether coins of theirs are known.
func (s *stock) fill(a *Assembler, picked []pick, on wire.Hash) (known bool) {
	trusted := s != nil && !s.wrong && a.follows(on, s.at)
	for i := range picked {
		at := s.get(picked[i].packed)
		picked[i].tx, picked[i].shown, picked[i].packed = at.tx, at.shown, nil
		if trusted && at.coins != nil {
			picked[i].coins, known = at.coins, true
		}
	}
	return known
}

// furthest is how many blocks what is known of coins may be old.
const furthest = 16

// follows says whether block id is the block from or one after it, on whatever branch.
func (a *Assembler) follows(id, from wire.Hash) bool {
	for range furthest {
		if id == from {
			return true
		}
		h, ok := a.chain.Header(id)
		if !ok {
			break
		}
		id = h.Parent
	}
	return false
}

// spent lists what is known of the coins that a block of picked spends.
func spent(picked []pick) []consensus.Coin {
	n := 0
	for i := range picked {
		n += len(picked[i].tx.Ins)
	}
	all := make([]consensus.Coin, 0, n)
	for i := range picked {
		if all = append(all, picked[i].coins...); picked[i].coins != nil {
			continue
		}
		for range picked[i].tx.Ins {
			all = append(all, consensus.Coin{Missing: true})
		}
	}
	return all
}

// Bounds of what is made ahead.
const (
	stockBlocks = 2       // full blocks' weight: the present template's and the next one's
	stockBytes  = 8 << 20 // of transactions as encoded; their parts take about five times as much
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
	kept := make(map[*mempool.Packed]*part, len(next))
	for len(next) > 0 && k.onTip(r) {
		n := min(len(next), stockOnce)
		select {
		case k.building <- struct{}{}:
		case <-ctx.Done():
			return
		}
		some := make([]*part, n)
		for i, p := range next[:n] {
			some[i] = k.stock.get(p)
			kept[p] = some[i]
		}
		known := k.stock.lookUp(k.a, some, r.Prev.ID)
		<-k.building
		if !known {
			return
		}
		next = next[n:]
	}
	if len(next) > 0 {
		return
	}
	k.building <- struct{}{}
	k.stock.parts = kept
	<-k.building
}

// lookUp has the chain tell the coins at its tip of those parts that lack some, unless they were asked for there already. It
// says false when it could not: the tip is another by now.
func (s *stock) lookUp(a *Assembler, parts []*part, tip wire.Hash) bool {
	if !a.follows(tip, s.at) {
		for _, p := range s.parts {
			p.coins, p.asked = nil, wire.Hash{}
		}
	}
	s.at = tip
	var lack []*part
	var txs []*wire.Tx
	for _, p := range parts {
		if p.asked != tip && p.lacks() {
			lack, txs = append(lack, p), append(txs, p.tx)
		}
	}
	if len(txs) == 0 || s.wrong {
		return true
	}
	at, coins, err := a.chain.Spends(txs)
	if err != nil || at.ID != tip {
		return false
	}
	for _, p := range lack {
		n := len(p.tx.Ins)
		p.coins, p.asked, coins = coins[:n:n], tip, coins[n:]
	}
	return true
}

// lacks says whether a coin is not known.
func (p *part) lacks() bool {
	for i := range p.coins {
		if p.coins[i].Missing {
			return true
		}
	}
	return p.coins == nil
}
