package mempool

import (
	"errors"
	"fmt"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

const (
	updatesAtOnce = 16       // that are held in memory
	farBehind     = 144      // blocks; beyond, looking at each entry beats looking at each block
	maxReverted   = 20 << 20 // bytes of transactions kept while their blocks are being reverted
)

// reverted are the transactions of reverted blocks, newest first, until they can be
// judged again at the tip.
type reverted struct {
	txs   []*wire.Tx
	bytes int
	some  bool // a block was reverted: what is timed may be premature
	all   bool // nothing is known of how the tip came about: every entry is in doubt
}

// push adds a block's transactions. Beyond the bound the newest go: others may
// depend on the older, never the reverse.
func (r *reverted) push(b *wire.Block) {
	r.some = true
	for _, t := range slices.Backward(b.Txs[1:]) {
		r.txs = append(r.txs, own(t))
		r.bytes += t.Size()
	}
	for r.bytes > maxReverted {
		r.bytes -= r.txs[0].Size()
		r.txs[0] = nil
		r.txs = r.txs[1:]
	}
}

// follow brings the pool to the chain's tip.
func (p *Pool) follow() error {
	p.following.Lock()
	defer p.following.Unlock()
	for {
		p.skip()
		back, forth, err := p.chain.UpdatesSince(p.position(), updatesAtOnce)
		switch {
		case errors.Is(err, chain.ErrUnknown):
			p.jump(p.chain.Tip())
		case err != nil:
			return fmt.Errorf("mempool: following the chain: %w", err)
		case len(back)+len(forth) > 0:
			p.step(back, forth)
			continue
		}
		settled, err := p.settle()
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
	idle := p.graph.len() == 0 && p.orphans.len() == 0 && len(p.back.txs) == 0
	p.mu.Unlock()
	if idle || tip.Height > h.Height+farBehind {
		p.jump(tip)
	}
}

// jump moves to a state by an unknown way.
func (p *Pool) jump(to consensus.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.back.all = to.ID, true
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
		p.back.push(back[i].Block)
		for _, t := range back[i].Block.Txs {
			for _, c := range p.graph.childrenOf(t) {
				c.doubtful = true
			}
		}
		p.at = back[i].Prev.ID
	}
	for i := range forth {
		p.mined(forth[i].Block)
		p.at = forth[i].Next.ID
	}
	p.rolling.sawBlock(p.now())
	p.announce()
}

// mined takes out a block's transactions and what spends the same coins.
func (p *Pool) mined(b *wire.Block) {
	for i, t := range b.Txs {
		if i > 0 {
			if e := p.graph.byID[t.ID()]; e != nil {
				p.graph.remove(e)
				p.events.removed(t.ID(), "block")
			}
			p.evictAll(p.graph.conflictsOf(t), "conflict")
			p.orphans.remove(t.WitnessID())
		}
		if p.orphans.ready(t.ID()) {
			p.rouse()
		}
	}
}

// settle judges at the tip what a reorganisation brought back or put in
// doubt. It says false when the chain moved on meanwhile.
func (p *Pool) settle() (bool, error) {
	if !p.back.some && !p.back.all { // written by follow alone, which holds p.following
		return true, nil
	}
	if err := p.checkReverted(); err != nil {
		return false, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range slices.Backward(p.back.txs) {
		s, coins, err := p.chain.Coins(prevs(t))
		if err != nil {
			return false, fmt.Errorf("mempool: coins of a reverted transaction: %w", err)
		}
		if s.ID != p.at {
			return false, nil
		}
		p.readmit(t, &s, coins)
	}
	settled, err := p.sweep()
	if settled {
		p.back = reverted{}
		p.limit()
		p.announce()
	}
	return settled, err
}

// readmit takes back a transaction from a reverted block, or drops what depends on it.
func (p *Pool) readmit(t *wire.Tx, s *consensus.State, coins []consensus.Coin) {
	if p.graph.byID[t.ID()] != nil {
		return // by an earlier pass
	}
	bad := checkAlone(t, p.nonStandard)
	if bad == nil {
		var v *verdict
		if v, bad = p.judge(t, s, coins, terms{when: p.now(), reverted: true}); bad == nil {
			if failed, known := p.scripts.get(t.WitnessID()); known && failed == nil {
				_, _ = p.insert(v, terms{reverted: true})
				return
			}
		}
	}
	p.log.Debug("transaction of a reverted block not taken back", "tx", t.ID(), "err", bad)
	// What spends it is judged by sweep: it may be in a block of the new branch.
}

// checkReverted runs the scripts of reverted transactions whose outcome is not known.
func (p *Pool) checkReverted() error {
	created := make(map[wire.Hash]*wire.Tx, len(p.back.txs))
	for _, t := range slices.Backward(p.back.txs) {
		created[t.ID()] = t
		if _, known := p.scripts.get(t.WitnessID()); known {
			continue
		}
		s, coins, err := p.chain.Coins(prevs(t))
		if err != nil {
			return fmt.Errorf("mempool: coins of a reverted transaction: %w", err)
		}
		outs := make([]wire.Out, len(coins))
		found := true
		for i := range coins {
			op := t.Ins[i].Prev
			if from := created[op.TxID]; from != nil && int64(op.Index) < int64(len(from.Outs)) {
				outs[i] = from.Outs[op.Index]
			} else {
				outs[i], found = coins[i].Out, found && !coins[i].Missing
			}
		}
		if found {
			_ = p.runScripts(t, &verdict{checks: checksOf(t, outs)}, &s)
		}
	}
	return nil
}

func checksOf(t *wire.Tx, outs []wire.Out) []script.Check {
	spend := script.NewSpend(t, outs, script.Standard)
	checks := make([]script.Check, len(t.Ins))
	for i := range checks {
		checks[i] = script.Check{Spend: spend, In: i}
	}
	return checks
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
	for e := p.graph.first; e != nil; e = e.next {
		if !p.back.all && !e.timed && !e.doubtful {
			continue
		}
		s, coins, err := p.chain.Coins(prevs(e.tx))
		if err != nil {
			return false, fmt.Errorf("mempool: coins of a waiting transaction: %w", err)
		}
		if s.ID != p.at {
			return false, nil
		}
		if !p.stands(e, &s, coins) {
			bad = append(bad, e)
		}
	}
	p.evictAll(bad, "reorg")
	for e := p.graph.first; e != nil; e = e.next {
		e.doubtful = false
	}
	return true, nil
}

// stands says whether e could still be in the next block, scripts excepted.
func (p *Pool) stands(e *entry, s *consensus.State, coins []consensus.Coin) bool {
	coins, missing := p.withPool(e.tx, s, coins)
	if len(missing) > 0 {
		return false
	}
	_, _, err := consensus.ConnectTx(s, e.tx, coins, script.Standard)
	return err == nil
}
