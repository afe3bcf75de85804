package peering

import (
	"context"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/syncer"
	"github.com/quernnet/quern/node/syncer/presync"
)

// freshness is the age below which a tip shows that the node has caught up (Core's
// DEFAULT_MAX_TIP_AGE).
const (
	freshness = 24 * time.Hour
	nearTip   = 6 // blocks
)

// driver carries out what the scheduler decides. One goroutine owns it.
type driver struct {
	*Peering
	ctx    context.Context
	sched  *syncer.Scheduler
	calls  *calls
	held   map[wire.Hash]*wire.Block        // received, neither submitted nor dropped
	counts map[syncer.Peer]*presync.Presync // between two answers; while one is awaited its call has it
	aimed  wire.Hash                        // the best header that Wanted was last asked for
	tip    wire.Hash
	cause  error // of the Blame that is about to come
}

// drive runs the scheduler until ctx ends.
func (p *Peering) drive(ctx context.Context) error {
	d := &driver{
		Peering: p, ctx: ctx,
		sched:  syncer.New(tipOf(p.Chain.BestHeader()), tipOf(p.Chain.Tip()), p.Params.MinWork),
		calls:  newCalls(ctx),
		held:   map[wire.Hash]*wire.Block{},
		counts: map[syncer.Peer]*presync.Presync{},
	}
	defer d.calls.wait()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	changed := p.Chain.Changed()
	d.refresh()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e := <-p.events:
			d.run(e(d, time.Now()))
		case <-changed:
			changed = p.Chain.Changed()
			d.refresh()
		case <-tick.C:
			d.run(d.sched.Tick(time.Now()))
			if d.sched.NeedsWanted() {
				d.refresh()
			}
		}
	}
}

// refresh tells the scheduler where the chain stands.
func (d *driver) refresh() {
	now, tip, best := time.Now(), d.Chain.Tip(), d.Chain.BestHeader()
	_, proving := d.Chain.Background()
	d.sched.Backfill(proving)
	d.run(d.sched.ChainChanged(now, tipOf(best), tipOf(tip), d.fresh(d.Now(), tip, best)))
	if d.sched.NeedsWanted() || best.ID != d.aimed {
		d.aimed = best.ID
		d.run(d.sched.Wanted(now, d.wanted(best)))
	}
	if tip.ID != d.tip { // what policy refused before may do now
		d.tip = tip.ID
		d.mu.Lock()
		d.refused.clear()
		d.poor.clear()
		d.mu.Unlock()
	}
	d.announceTip(tip)
}

// fresh says that the tip shows by itself that the node has caught up: it is
// young, and what is known beyond it is no more than a few blocks, which
// somebody may be withholding.
func (d *driver) fresh(now time.Time, tip, best consensus.State) bool {
	newest := time.Unix(int64(tip.Times[tip.Height%11]), 0)
	return tip.Height > 0 && tip.Work.Cmp(d.Params.MinWork) >= 0 &&
		now.Sub(newest) < freshness && best.Height <= tip.Height+nearTip
}

// wanted lists missing bodies, none of a branch with less work than the chain is
// known to have: first those for the tip, then those for the proof of a snapshot.
func (d *driver) wanted(best consensus.State) []syncer.Block {
	if best.Work.Cmp(d.Params.MinWork) < 0 {
		return nil
	}
	var bs []syncer.Block
	back, proving := d.Chain.Background()
	for _, h := range d.Chain.Wanted(syncer.Window) {
		bs = append(bs, syncer.Block{
			ID: h.ID, Parent: h.Parent, Height: h.Height, After: d.bodies.due(h.ID),
			Behind: proving && h.Height <= back.Base.Height,
		})
	}
	return bs
}

// run carries actions out. None of them blocks.
func (d *driver) run(actions []syncer.Action) {
	for _, action := range actions {
		switch a := action.(type) {
		case syncer.AskHeaders:
			pre := d.counts[a.Peer]
			delete(d.counts, a.Peer)
			if !a.Resume {
				pre = nil
			}
			d.calls.start(a.Request, func(ctx context.Context) { d.askHeaders(ctx, a, pre) })
		case syncer.AskBlocks:
			d.calls.start(a.Request, func(ctx context.Context) { d.askBlocks(ctx, a) })
		case syncer.Cancel:
			d.calls.cancel(a.Request)
		case syncer.Submit:
			d.submits <- submission{d.held[a.ID], d.ctx} // has room for MaxSubmit
			delete(d.held, a.ID)
		case syncer.Drop:
			delete(d.held, a.ID)
		case syncer.Blame:
			d.Net.Report(gossip.Peer(a.Peer), 100, d.cause)
		case syncer.Disconnect:
			d.Log.Info("peer replaced", "peer", gossip.Peer(a.Peer), "reason", a.Reason)
			d.calls.run(func() { _ = d.Net.Disconnect(gossip.Peer(a.Peer)) })
		}
	}
	if synced := d.sched.Synced(); synced && !d.synced.Swap(true) {
		d.Log.Info("caught up with the swarm", "height", d.Chain.Tip().Height)
		signal(d.meet)
	}
}
