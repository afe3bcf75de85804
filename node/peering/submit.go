package peering

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/syncer"
)

// submission is a body on its way into the chain.
type submission struct {
	block *wire.Block
	ctx   context.Context
}

// submitBlocks feeds the chain, parents first, waiting where its window is
// full.
func (p *Peering) submitBlocks(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case s := <-p.submits:
			id := s.block.ID()
			judged := func(err error) { p.judged(ctx, id, err) }
			if err := p.Chain.QueueBlock(ctx, s.block, judged); err != nil {
				judged(err)
			}
		}
	}
}

// judged tells the scheduler what the chain said of a block.
func (p *Peering) judged(ctx context.Context, id wire.Hash, err error) {
	from, known := p.first.take(id)
	if err == nil && known {
		p.Net.Useful(from, gossip.NewBlock)
	}
	if err == nil || errors.Is(err, chain.ErrDuplicate) {
		p.broken.Store(false)
		p.post(func(d *driver, now time.Time) []syncer.Action { return d.sched.BlockAccepted(now, id) })
		return
	}
	rule := consensus.RuleOf(err)
	switch {
	case rule == ruleBadParent || rule == ruleCached, errors.Is(err, chain.ErrSetAside),
		errors.Is(err, chain.ErrUnknown), errors.Is(err, chain.ErrNoParent):
		// It follows a block that turned out invalid or that our operator
		// set aside, which its sender need not have known.
		p.post(func(d *driver, now time.Time) []syncer.Action { return d.sched.BlockFailed(now, id, false) })
	case rule != "":
		p.Log.Warn("invalid block", "id", id, "err", err)
		p.post(func(d *driver, now time.Time) []syncer.Action {
			d.cause = fmt.Errorf("block %v: %w", id, err)
			return d.sched.BlockInvalid(now, id, consensus.Mutated(err))
		})
	default:
		p.logOurs(ctx, "block could not be judged; sync pauses", err)
		p.post(func(d *driver, now time.Time) []syncer.Action { return d.sched.BlockFailed(now, id, true) })
	}
}
