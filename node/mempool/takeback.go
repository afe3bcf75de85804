package mempool

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// judgedAtOnce is how many transactions of a reverted block are judged while
// the lock is held.
const judgedAtOnce = 256

// takeBack judges the transactions of reverted blocks at the tip, the oldest
// first, and keeps those that are good. It says false when the chain moved on
// meanwhile; what was judged by then is done with.
func (p *Pool) takeBack() (bool, error) {
	for n := len(p.back.blocks); n > 0; n-- { // changed by follow alone, which holds p.following
		id := p.back.blocks[n-1]
		txs, err := p.revertedTxs(id)
		if err != nil {
			return false, err
		}
		owes := false
		for len(txs) > 0 {
			k := min(len(txs), judgedAtOnce)
			crowded, taken, err := p.takeBackSome(txs[:k])
			if !taken || err != nil {
				return false, err
			}
			owes, txs = owes || crowded, txs[k:]
		}
		p.mu.Lock()
		p.back.blocks = p.back.blocks[:n-1]
		p.owe(id, owes)
		// A cheap parent may have a child in a later block that pays for it, so
		// some room beyond the limit is left until all are here.
		if p.graph.usage() > p.maxSize+p.maxSize/2 {
			p.limit()
		}
		p.announce()
		p.mu.Unlock()
	}
	return true, nil
}

// revertedTxs are a block's transactions but the coinbase; none when it is on
// the chain again.
func (p *Pool) revertedTxs(id wire.Hash) ([]*wire.Tx, error) {
	if h, ok := p.chain.Header(id); ok && h.Active {
		return nil, nil
	}
	b, err := p.chain.Block(id)
	if errors.Is(err, chain.ErrNoBlock) {
		p.log.Error("a reverted block is lost, and with it what only it held", "block", id)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("mempool: read reverted block %v: %w", id, err)
	}
	return b.Txs[1:], nil
}

// owed is a reverted block that has transactions which found no room in their
// clusters, or spend such ones. A chain of payments of many blocks is more than
// may wait at a time; they are tried again as blocks take those before them.
type owed struct {
	block wire.Hash
	since time.Time
}

const (
	maxOwed  = 4096 // blocks
	owedOnce = 16   // tried again with each change of the tip
)

// owe notes whether a block has to be tried again. Guarded by p.mu.
func (p *Pool) owe(id wire.Hash, owes bool) {
	at := slices.IndexFunc(p.owed, func(o owed) bool { return o.block == id })
	switch {
	case at >= 0 && !owes:
		p.owed = slices.Delete(p.owed, at, at+1)
	case at < 0 && owes && len(p.owed) < maxOwed:
		p.owed = append(p.owed, owed{id, p.now()})
	}
}

// tryOwed has the oldest owed blocks judged again. Guarded by p.mu.
func (p *Pool) tryOwed() {
	p.back.crowd = false
	old := p.now().Add(-p.expiry)
	p.owed = slices.DeleteFunc(p.owed, func(o owed) bool { return o.since.Before(old) })
	for _, o := range slices.Backward(p.owed[:min(len(p.owed), owedOnce)]) {
		if !slices.Contains(p.back.blocks, o.block) {
			p.back.blocks = append(p.back.blocks, o.block)
		}
	}
}

// takeBackSome judges transactions that follow each other in a block. crowded
// says that some are to be tried again.
func (p *Pool) takeBackSome(txs []*wire.Tx) (crowded, taken bool, err error) {
	var ops []wire.Outpoint
	for _, t := range txs {
		ops = append(ops, prevs(t)...)
	}
	s, coins, err := p.chain.Coins(ops)
	if err != nil {
		return false, false, fmt.Errorf("mempool: coins of reverted transactions: %w", err)
	}
	p.checkReverted(txs, &s, coins)
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.ID != p.at {
		return false, false, nil
	}
	for _, t := range txs {
		bad := p.readmit(t, &s, coins[:len(t.Ins):len(t.Ins)])
		coins = coins[len(t.Ins):]
		switch {
		case bad == nil:
			continue
		case bad.Reason == tooLargeCluster:
			p.back.crowd = true
			crowded = true
		case bad.Reason == missingInputs && p.back.crowd:
			crowded = true // it may spend one of those
		}
		p.log.Debug("transaction of a reverted block not taken back", "tx", t.ID(), "err", bad)
		// What spends it is judged by sweep: it may be in a block of the new branch.
	}
	return crowded, true, nil
}

// readmit takes back a transaction from a reverted block, or says why not.
func (p *Pool) readmit(t *wire.Tx, s *consensus.State, coins []consensus.Coin) *Error {
	if p.graph.get(t.ID()) != nil {
		return nil // by an earlier pass
	}
	if bad := p.policy.checkAlone(t); bad != nil {
		return bad
	}
	v, bad := p.judge(t, s, coins, terms{when: p.now(), reverted: true}, nil)
	if bad != nil {
		return bad
	}
	failed, known := p.scripts.get(t.WitnessID())
	switch {
	case failed != nil:
		return failed
	case !known:
		return &Error{Reason: missingInputs} // checkReverted could not find what it spends
	}
	_, bad = p.insert(v, terms{reverted: true})
	return bad
}

// checkReverted runs the scripts of reverted transactions whose outcome is not
// known. What they spend is a coin, or an output of one before them, which is
// among them or waits already.
func (p *Pool) checkReverted(txs []*wire.Tx, s *consensus.State, coins []consensus.Coin) {
	outs, found := p.spentBy(txs, coins)
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, t := range txs {
		spent, whole := outs[:len(t.Ins):len(t.Ins)], true
		for i := range spent {
			whole = whole && found[i]
		}
		outs, found = outs[len(t.Ins):], found[len(t.Ins):]
		if _, known := p.scripts.get(t.WitnessID()); known || !whole {
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			_ = p.runScripts(t, &verdict{checks: script.NewSpend(t, spent, script.Standard).Checks()}, s) // the cache has it for readmit
			<-slots
		})
	}
	wg.Wait()
}

// spentBy looks up what each input spends, and whether there is such a thing.
func (p *Pool) spentBy(txs []*wire.Tx, coins []consensus.Coin) (outs []wire.Out, found []bool) {
	created := make(map[wire.Hash]*wire.Tx, len(txs))
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range txs {
		for i := range t.Ins {
			op, coin := t.Ins[i].Prev, coins[len(outs)]
			from := created[op.TxID]
			if e := p.graph.get(op.TxID); from == nil && e != nil {
				from = e.Decode()
			}
			if from != nil && int64(op.Index) < int64(len(from.Outs)) {
				outs, found = append(outs, from.Outs[op.Index]), append(found, true)
			} else {
				outs, found = append(outs, coin.Out), append(found, !coin.Missing)
			}
		}
		created[t.ID()] = t
	}
	return outs, found
}
