package mempool

import (
	"context"
	"errors"
	"fmt"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

const (
	updatesAtOnce = 16  // that are held in memory
	farBehind     = 144 // blocks; beyond, looking at each entry beats looking at each block
)

// reverted is what a reorganisation left to be judged again.
//
// The blocks are named and not held: they are read again one at a time, so a
// reorganisation of any depth costs the memory of one block, and what comes back
// is bounded by the pool's own limit alone.
type reverted struct {
	blocks []wire.Hash // newest first, whose transactions are not yet taken back
	some   bool        // a block was reverted: what is timed may be premature
	all    bool        // nothing is known of how the tip came about: every entry is in doubt
	crowd  bool        // some were refused, in this pass, for want of room in their cluster
}

// follow brings the pool to the chain's tip.
func (p *Pool) follow(ctx context.Context) error {
	p.following.Lock()
	defer p.following.Unlock()
	for {
		p.skip()
		back, forth, err := p.chain.UpdatesSince(p.position(), updatesAtOnce)
		switch {
		case errors.Is(err, chain.ErrUnknown), errors.Is(err, chain.ErrNoBlock):
			p.jump(p.chain.Tip())
		case err != nil:
			return fmt.Errorf("mempool: following the chain: %w", err)
		case len(back)+len(forth) > 0:
			p.step(back, forth)
			continue
		}
		settled, err := p.settle(ctx)
		if settled || err != nil {
			return err
		}
	}
}

func (p *Pool) position() wire.Hash {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

// skip goes to the tip without reading the blocks on the way where that
// makes no difference or would take longer: nothing waits, as during the first sync, or the tip is far ahead on the
// same branch.
func (p *Pool) skip() {
	tip, at := p.chain.Tip(), p.position()
	if tip.ID == at {
		return
	}
	h, ok := p.chain.Header(at)
	if !ok || !h.Active {
		return
	}
	p.mu.Lock()
	idle := p.graph.len() == 0 && p.orphans.len() == 0 && len(p.back.blocks) == 0
	p.mu.Unlock()
	if idle || tip.Height > h.Height+farBehind {
		p.jump(tip)
	}
}

// jump moves to a state by an unknown way.
func (p *Pool) jump(to consensus.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.height, p.back.all = to.ID, to.Height, true
	p.tryOwed()
	p.rolling.sawBlock(p.now())
	for parent := range p.orphans.waiting {
		if p.orphans.ready(parent) {
			p.rouse()
		}
	}
}

// step applies updates to the pool.
func (p *Pool) step(back, forth []consensus.Update) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range back {
		p.back.blocks, p.back.some = append(p.back.blocks, back[i].Next.ID), true
		p.atHand(back[i].Block)
		for _, t := range back[i].Block.Txs {
			for _, c := range p.graph.childrenOf(t) {
				c.set(flagDoubtful, true)
			}
		}
		p.at, p.height = back[i].Prev.ID, back[i].Prev.Height
	}
	for i := range forth {
		p.mined(&forth[i])
		p.at, p.height = forth[i].Next.ID, forth[i].Next.Height
	}
	if len(forth) > 0 {
		p.tryOwed()
	}
	p.rolling.sawBlock(p.now())
	p.announce()
}

// likelyAgain is how many reverted blocks a new branch may well have the
// transactions of, so that they are worth having at hand at once.
const likelyAgain = 2

// atHand keeps transactions of a reverted block for rebuilding blocks of the new
// branch, until they are taken back.
func (p *Pool) atHand(b *wire.Block) {
	if len(p.back.blocks) > likelyAgain {
		return
	}
	for _, t := range b.Txs[1:] {
		p.displaced.put(Pack(t))
	}
}

// mined takes out a block's transactions and what spends the same coins, and tells of
// it in the block's order (Core's removeForBlock).
func (p *Pool) mined(u *consensus.Update) {
	b := u.Block
	var in []*entry // waiting ones that follow each other in the block: taken out at once
	take := func() {
		p.leavingFor(in, "block", u.Next.Height, u.Next.ID)
		p.graph.remove(in...)
		in = nil
	}
	for _, t := range b.Txs[1:] {
		if e := p.graph.get(t.ID()); e != nil {
			in = append(in, e)
		} else if conflicts := p.graph.conflictsOf(t); len(conflicts) > 0 {
			take()
			for _, e := range conflicts {
				delete(p.deltas, e.id)
			}
			p.evictAll(conflicts, "conflict")
		}
		delete(p.deltas, t.ID())
		p.orphans.remove(t.WitnessID())
	}
	take()
	for _, t := range b.Txs {
		if p.orphans.ready(t.ID()) {
			p.rouse()
		}
	}
}

// settle judges at the tip what a reorganisation brought back or put in
// doubt. It says false when the chain moved on meanwhile.
func (p *Pool) settle(ctx context.Context) (bool, error) {
	if !p.back.some && !p.back.all && len(p.back.blocks) == 0 { // written by follow alone, which holds p.following
		return true, nil
	}
	if p.back.some {
		// A deep reorganisation shows tips on its way. What is judged there could be
		// premature, and stand again at its end.
		if err := p.chain.Settle(ctx); err != nil {
			return false, fmt.Errorf("mempool: end of a reorganisation: %w", err)
		}
	}
	if taken, err := p.takeBack(); !taken || err != nil {
		return false, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	settled, err := p.sweep()
	if settled {
		p.back = reverted{}
		p.limit()
		p.announce()
	}
	return settled, err
}

func prevs(t *wire.Tx) []wire.Outpoint {
	ops := make([]wire.Outpoint, len(t.Ins))
	for i := range ops {
		ops[i] = t.Ins[i].Prev
	}
	return ops
}

// sweep judges anew the entries that the reorganisation put in doubt: they
// spend what was reverted, or could be premature now.
func (p *Pool) sweep() (bool, error) {
	var bad []*entry
	for e := range p.graph.byID.all {
		if !p.back.all && !e.is(flagTimed|flagDoubtful) {
			continue
		}
		t := e.Decode()
		s, coins, err := p.chain.Coins(prevs(t))
		if err != nil {
			return false, fmt.Errorf("mempool: coins of a waiting transaction: %w", err)
		}
		if s.ID != p.at {
			return false, nil
		}
		if !p.stands(t, &s, coins) {
			bad = append(bad, e)
		}
	}
	p.evictAll(bad, "reorg")
	for e := range p.graph.byID.all {
		e.set(flagDoubtful, false)
	}
	return true, nil
}

// stands says whether t could still be in the next block, scripts excepted.
func (p *Pool) stands(t *wire.Tx, s *consensus.State, coins []consensus.Coin) bool {
	coins, missing := p.withPool(t, s, coins, nil)
	if len(missing) > 0 {
		return false
	}
	_, _, err := consensus.ConnectTx(s, t, coins, script.Standard)
	return err == nil
}
