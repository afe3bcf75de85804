package mempool

import (
	"runtime"
	"sync"
	"sync/atomic"

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
// the next block has: breaking only stricter ones is nobody's fault.
func (p *Pool) runScripts(t *wire.Tx, v *verdict, s *consensus.State) *Error {
	i, err := firstFailure(v.checks)
	if err == nil {
		p.scripts.put(t.WitnessID(), nil)
		return nil
	}
	c := v.checks[i]
	c.Spend = script.NewSpend(c.Tx, c.Coins, consensus.NextFlags(s, wire.Hash{}))
	bad := scriptError(v.checks[i], err, c.Run() != nil)
	p.scripts.put(t.WitnessID(), bad)
	return bad
}

// fewChecks are run faster by one goroutine than divided.
const fewChecks = 4

// firstFailure runs checks, many of them in parallel, and returns the lowest that fails.
func firstFailure(checks []script.Check) (int, error) {
	workers := min(runtime.GOMAXPROCS(0), len(checks)/fewChecks)
	if workers < 2 {
		for i, c := range checks {
			if err := c.Run(); err != nil {
				return i, err
			}
		}
		return 0, nil
	}
	var wg sync.WaitGroup
	var next atomic.Int64
	var failed atomic.Bool
	errs := make([]error, len(checks))
	for range workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(checks) && !failed.Load(); i = int(next.Add(1)) - 1 {
				if errs[i] = checks[i].Run(); errs[i] != nil {
					failed.Store(true)
				}
			}
		})
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return i, err
		}
	}
	return 0, nil
}
