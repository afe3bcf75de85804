package mempool

import (
	"context"
	"fmt"
	"sync"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// scriptCache remembers what the standard script checks of a transaction found: nil or
// why they failed. The key commits to the transaction with its witnesses and,
// through the outpoints, to what it spends, so an entry never goes stale. Two
// generations bound it: when the young one is full it becomes the old one.
type scriptCache struct {
	mu         sync.Mutex
	young, old map[wire.Hash]*Error
}

const scriptCacheSize = 100_000 // a generation

func (c *scriptCache) get(wid wire.Hash) (failed *Error, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if failed, known = c.young[wid]; known {
		return failed, true
	}
	failed, known = c.old[wid]
	return failed, known
}

func (c *scriptCache) put(wid wire.Hash, failed *Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.young == nil || len(c.young) >= scriptCacheSize {
		c.young, c.old = make(map[wire.Hash]*Error), c.young
	}
	c.young[wid] = failed
}

// runScripts runs v's checks and remembers the outcome. s tells which flags
// the next block has: breaking only stricter ones is nobody's fault. The scripts
// must hold by the next block's flags too (Core's ConsensusScriptChecks): they
// are fewer, but that fewer flags break nothing is a matter of each opcode's
// code, and no block template shall hang on it. An error that is no *Error is
// the chain's.
func (p *Pool) runScripts(t *wire.Tx, v *verdict, s *consensus.State) error {
	next := consensus.NextFlags(s, wire.Hash{})
	v.checks[0].Also = next // of all: they are of one Spend
	i, err := p.chain.RunChecks(context.Background(), v.checks)
	if err == nil {
		p.scripts.put(t.WitnessID(), nil)
		if p.accepted != nil {
			p.accepted.Add(t.WitnessID(), next)
		}
		return nil
	}
	if i < 0 {
		return fmt.Errorf("mempool: scripts of %v: %w", t.ID(), err)
	}
	c := v.checks[i]
	c.Spend = script.NewSpend(c.Tx, c.Coins, next)
	j, lenient := p.chain.RunChecks(context.Background(), []script.Check{c})
	if lenient != nil && j < 0 {
		return fmt.Errorf("mempool: scripts of %v: %w", t.ID(), lenient)
	}
	bad := scriptError(v.checks[i], err, lenient != nil)
	p.scripts.put(t.WitnessID(), bad)
	return bad
}
