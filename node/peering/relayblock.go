package peering

import (
	"context"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/syncer"
	"github.com/quernnet/quern/work"
)

// maxFork is how many blocks below the tip an announced branch may leave it.
// Older ones still arrive by sync, if they have the work.
const maxFork = 288

// heard is an announcement that passed its check.
type heard struct {
	from gossip.Peer
	announcement
}

// checkAnnouncement judges a gossiped header by its work and its parent, so
// that it can travel on before anybody has the body.
func (p *Peering) checkAnnouncement(_ context.Context, from gossip.Peer, a announcement) gossip.Verdict {
	id, bits := a.Header.ID(), work.Bits(a.Header.Bits)
	if !bits.Valid(p.Params.Limit) || !bits.Met(id) {
		return gossip.Reject
	}
	if info, known := p.Chain.Header(id); known {
		return p.checkKnown(from, a, info.Height, info.Invalid)
	}
	parent, known := p.Chain.Header(a.Header.Parent)
	prev, ok := p.Chain.StateAt(a.Header.Parent)
	if !known || !ok {
		p.post(func(d *driver, now time.Time) []syncer.Action {
			return d.sched.AnnouncedUnknown(now, syncer.Peer(from))
		})
		return gossip.Ignore
	}
	next, err := consensus.ApplyHeader(prev, &a.Header, id)
	switch {
	case consensus.RuleOf(err) != "" || err == nil && next.Height != a.Height:
		return gossip.Reject
	case err != nil, parent.Invalid, next.Height+maxFork < p.Chain.Tip().Height, p.lowWork(next.Work),
		consensus.CheckTime(&a.Header, p.Now().Unix()) != nil:
		return gossip.Ignore
	}
	return p.take(heard{from, a}, id)
}

// checkKnown passes on the announcement of a header that came here by another way.
func (p *Peering) checkKnown(from gossip.Peer, a announcement, height uint32, invalid bool) gossip.Verdict {
	switch {
	case height != a.Height:
		return gossip.Reject
	case invalid:
		return gossip.Ignore
	}
	return p.take(heard{from, a}, a.Header.ID())
}

// take queues an announcement for the chain. Where the queue is full the block
// comes by sync, later.
func (p *Peering) take(h heard, id wire.Hash) gossip.Verdict {
	select {
	case p.announced <- h:
	default:
		return gossip.Ignore
	}
	p.mu.Lock()
	p.told.add(id)
	p.mu.Unlock()
	return gossip.Accept
}

// judgeAnnounced brings announced headers to the chain and asks for their
// bodies.
func (p *Peering) judgeAnnounced(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case h := <-p.announced:
			next, err := p.Chain.AddHeaders(ctx, []wire.Header{h.Header})
			if err != nil {
				if consensus.RuleOf(err) == "" {
					p.logOurs(ctx, "an announced header could not be kept", err)
				}
				continue
			}
			p.post(func(d *driver, now time.Time) []syncer.Action { return d.heard(now, h, next) })
		}
	}
}

// heard notes who has a new block, and wants its body if it leads past our tip.
func (d *driver) heard(now time.Time, h heard, next consensus.State) []syncer.Action {
	actions := d.sched.Announced(now, syncer.Peer(h.from), tipOf(next))
	info, _ := d.Chain.Header(next.ID)
	parent, _ := d.Chain.Header(h.Header.Parent)
	reachable := parent.HasBody || parent.Height == 0 || d.sched.Knows(h.Header.Parent)
	if info.HasBody || !reachable || next.Work.Cmp(d.Chain.Tip().Work) <= 0 || next.Work.Cmp(d.Params.MinWork) < 0 {
		return actions
	}
	return append(actions, d.sched.Want(now, syncer.Block{ID: next.ID, Parent: h.Header.Parent, Height: next.Height})...)
}

// announceTip publishes our tip, unless the swarm has heard of it already.
func (d *driver) announceTip(tip consensus.State) {
	info, known := d.Chain.Header(tip.ID)
	if tip.Height == 0 || !known || !d.synced.Load() {
		return
	}
	d.mu.Lock()
	fresh := d.told.add(tip.ID)
	d.mu.Unlock()
	if !fresh {
		return
	}
	a := announcement{Header: info.Header, Height: tip.Height}
	for {
		select {
		case d.tips <- a:
			return
		default:
		}
		select {
		case <-d.tips: // an older tip is no news any more
		default:
		}
	}
}

func (p *Peering) publishTips(ctx context.Context) error {
	if err := p.awaitNet(ctx); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case a := <-p.tips:
			if err := p.publishTip(ctx, a); err != nil && ctx.Err() == nil {
				p.Log.Warn("the new tip could not be published", "height", a.Height, "err", err)
			}
		}
	}
}

// awaitNet waits until the network, which starts beside us, takes messages.
func (p *Peering) awaitNet(ctx context.Context) error {
	select {
	case <-p.Net.Ready():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
