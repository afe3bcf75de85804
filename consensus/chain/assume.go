package chain

import "github.com/quernnet/quern/work"

// buried is how many seconds' worth of the best header's work must stand on a block
// before its scripts may be assumed to hold (Core, ConnectBlock): who can have
// people set AssumeValid to a block of his choice must do that work as well.
const buried = 14 * 24 * 60 * 60

// assumes says whether n's scripts need not be checked, and logs when that
// changes. What does not depend on scripts is checked all the same.
func (e *engine) assumes(n *node) bool {
	why := e.c.whyCheck(n)
	if (why == "") != (e.checking == "") {
		if why == "" {
			e.c.log.Info("scripts are not checked: the chain leads to a block assumed valid (consensus.assume_valid)",
				"height", n.height(), "block", n.id, "assumed", e.c.params.AssumeValid)
		} else {
			e.c.log.Info("scripts are checked from here on", "height", n.height(), "block", n.id, "why", why)
		}
	}
	e.checking = why
	return why == ""
}

// whyCheck is why n's scripts must be checked, empty when they need not be: the
// conditions of Core's ConnectBlock, in its order.
func (c *Chain) whyCheck(n *node) string {
	if c.params.AssumeValid.IsZero() {
		return "no block is assumed valid"
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	assumed, best := c.tree.index[c.params.AssumeValid], c.tree.head
	switch {
	case assumed == nil:
		return "the header of the block assumed valid is not known"
	case !assumed.follows(n):
		return "the block is no ancestor of the one assumed valid"
	case !best.follows(n):
		return "the block is no ancestor of the best header"
	case best.work.Cmp(c.params.MinWork) < 0:
		return "the best header has less work than the chain is known to have"
	case !isBuried(best.work.Sub(n.work), best.past.Bits, c.params.Spacing):
		return "the block is less than two weeks of work before the best header"
	}
	return ""
}

// isBuried says whether work above a block is more than two weeks' at a target.
func isBuried(above work.Work, bits work.Bits, spacing uint32) bool {
	// Core: above * spacing / one > buried, rounded down.
	return above.Times(uint64(spacing)).Cmp(bits.Work().Times(buried+1)) >= 0
}
