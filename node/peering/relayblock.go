package peering

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/gossip/relay"
	"github.com/quernnet/quern/node/syncer"
	"github.com/quernnet/quern/work"
)

const (
	// maxFork is how many blocks below the tip an announced branch may leave it.
	// Older ones still arrive by sync, if they have the work.
	maxFork = 288
	// oldNews is how many blocks below the tip an announced block whose header
	// is known may be. Whoever lacks it syncs; and announcements of old blocks
	// cost nobody work.
	oldNews = 6
	// maxPassed is how many announcements of one block are passed on: a false
	// one that comes first leaves room for the true one, and a flood has none.
	maxPassed = 3
	// maxVariants is how many are looked at.
	maxVariants = 8
)

// heard is an announcement that passed its check.
type heard struct {
	from    gossip.Peer
	id      wire.Hash
	header  wire.Header
	compact *relay.Announcement // nil: a header alone
	late    bool                // it came after as many as are looked at: its sender may be asked
}

// checkAnnouncement judges a gossiped block by its work and its parent, so that
// the announcement can travel on before anybody has the body. Whether the compact
// form leads to the block cannot be told yet: that is nobody's fault but its
// maker's, who is unknown.
func (p *Peering) checkAnnouncement(ctx context.Context, from gossip.Peer, a announcement) gossip.Verdict {
	h := heard{from: from, id: a.header.ID(), header: a.header}
	if bits := work.Bits(h.header.Bits); !bits.Valid(p.Params.Limit) || !bits.Met(h.id) {
		return gossip.Reject
	}
	nth := p.timesToldBy(from, h.id)
	if nth > maxPassed {
		p.Net.Report(from, 20, errManyVariants)
		return gossip.Ignore
	}
	if p.timesTold(h.id) >= maxVariants {
		p.takeLate(h, nth)
		return gossip.Ignore
	}
	known, verdict := p.placeAnnounced(h)
	if verdict != gossip.Accept {
		return verdict
	}
	var err error
	if h.compact, err = a.open(); err != nil {
		p.Log.Debug("malformed announcement", "peer", from, "block", h.id, "err", err)
		return gossip.Reject
	}
	return p.take(ctx, h, known)
}

// errManyVariants is a fault, for who passes on what others announce does so
// with no more than maxPassed.
var errManyVariants = errors.New("announced a block in more ways than are passed on")

// timesToldBy counts an announcement of a block by its sender, and says how many
// came from there.
func (p *Peering) timesToldBy(from gossip.Peer, id wire.Hash) int {
	key := toldKey(from, id)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.toldBy.add(key)
}

// toldKey stands for what one peer says of one block.
func toldKey(from gossip.Peer, id wire.Hash) wire.Hash { return sha256.Sum256(append(id[:], from...)) }

// takeLate notes that a peer says it has a block of which enough announcements
// were looked at: all of those may be false, and this one true. It is asked, when
// it comes to that, for an announcement of its own.
func (p *Peering) takeLate(h heard, nth int) {
	h.late = true
	if _, known := p.Chain.Header(h.id); !known || nth > 1 || p.bodies.has(h.id) {
		return
	}
	select {
	case p.announced <- h:
	default: // it comes by sync
	}
}

// placeAnnounced judges a header by its place in the tree.
func (p *Peering) placeAnnounced(h heard) (known bool, v gossip.Verdict) {
	tip := p.Chain.Tip().Height
	if info, known := p.Chain.Header(h.id); known {
		if info.Invalid || info.Height+oldNews < tip {
			return true, gossip.Ignore
		}
		return true, gossip.Accept
	}
	parent, known := p.Chain.Header(h.header.Parent)
	prev, ok := p.Chain.StateAt(h.header.Parent)
	if !known || !ok {
		p.post(func(d *driver, now time.Time) []syncer.Action {
			return d.sched.AnnouncedUnknown(now, syncer.Peer(h.from))
		})
		return false, gossip.Ignore
	}
	next, err := consensus.ApplyHeader(prev, &h.header, h.id)
	switch {
	case consensus.RuleOf(err) != "":
		return false, gossip.Reject
	case err != nil, parent.Invalid, next.Height+maxFork < tip, p.lowWork(next.Work),
		consensus.CheckTime(&h.header, p.Now().Unix()) != nil:
		return false, gossip.Ignore
	}
	return false, gossip.Accept
}

// take brings the header to the chain at once, so that the next block's
// announcement finds its parent, and queues the announcement. Where the queue
// is full the block comes by sync, later.
func (p *Peering) take(ctx context.Context, h heard, known bool) gossip.Verdict {
	p.mu.Lock()
	n := p.told.add(h.id)
	p.mu.Unlock()
	if n > maxVariants {
		return gossip.Ignore
	}
	if h.compact != nil {
		p.bodies.expect(h.id, time.Now().Add(p.relayTime)) // before the scheduler hears of the header
	}
	if !known {
		if _, err := p.Chain.AddHeaders(ctx, []wire.Header{h.header}); err != nil {
			if consensus.RuleOf(err) == "" {
				p.logOurs(ctx, "an announced header could not be kept", err)
			}
			return gossip.Ignore
		}
		p.first.note(h.id, h.from)
	}
	select {
	case p.announced <- h:
	default:
		p.bodies.despair(h.id)
		return gossip.Ignore
	}
	if n > maxPassed {
		return gossip.Ignore
	}
	return gossip.Accept
}

func (p *Peering) timesTold(id wire.Hash) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.told.count(id)
}

// followAnnounced has announced blocks rebuilt, or fetched whole.
func (p *Peering) followAnnounced(ctx context.Context) error {
	r := newRebuilder(p)
	defer r.wait()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case h := <-p.announced:
			next, ok := p.Chain.StateAt(h.id)
			if !ok {
				continue
			}
			p.post(func(d *driver, now time.Time) []syncer.Action {
				return d.sched.Announced(now, syncer.Peer(h.from), tipOf(next))
			})
			if !r.take(ctx, h, next) {
				p.fetch(h.header.Parent, next)
			}
		}
	}
}

// fetch has the body of an announced block asked for by the scheduler, if the block
// leads past our tip.
func (p *Peering) fetch(parent wire.Hash, next consensus.State) {
	p.bodies.despair(next.ID)
	p.post(func(d *driver, now time.Time) []syncer.Action { return d.want(now, parent, next) })
}

func (d *driver) want(now time.Time, parent wire.Hash, next consensus.State) []syncer.Action {
	info, _ := d.Chain.Header(next.ID)
	before, _ := d.Chain.Header(parent)
	reachable := before.HasBody || before.Height == 0 || d.sched.Knows(parent)
	if info.HasBody || !reachable || next.Work.Cmp(d.Chain.Tip().Work) <= 0 || next.Work.Cmp(d.Params.MinWork) < 0 {
		return nil
	}
	return d.sched.Want(now, syncer.Block{ID: next.ID, Parent: parent, Height: next.Height})
}

// blockCame is called by the chain with every block that passed what can be
// judged without coins. One that follows our tip is told to the swarm before we
// have judged it ourselves, as Core does: it cost its work, and waiting would
// cost its maker more. Our own blocks travel this way.
func (p *Peering) blockCame(b *wire.Block) {
	if !p.synced.Load() {
		return
	}
	id := b.ID()
	if !p.bodies.has(id) {
		p.bodies.put(b, p.unseen(b))
	}
	p.settleClaims(b)
	if b.Header.Parent == p.Chain.Tip().ID {
		p.tell(id)
	}
}

// unseen lists places of transactions in b that the swarm cannot have from
// us, as many as an announcement would carry whole.
func (p *Peering) unseen(b *wire.Block) (places []int) {
	size := 0
	for i := 1; i < len(b.Txs) && size <= prefillBytes; i++ {
		if t, told := p.Pool.GetPublic(b.Txs[i].ID()); !told || t.WitnessID() != b.Txs[i].WitnessID() {
			places = append(places, i)
			size += b.Txs[i].Size()
		}
	}
	return places
}

// announceTip publishes our tip, unless the swarm has heard of it already.
func (d *driver) announceTip(tip consensus.State) {
	if tip.Height > 0 && d.synced.Load() {
		d.tell(tip.ID)
	}
}

// tell queues a block to be published, unless it went over the topic already.
func (p *Peering) tell(id wire.Hash) {
	p.mu.Lock()
	fresh := p.told.count(id) == 0 && p.told.add(id) == 1
	p.mu.Unlock()
	if !fresh {
		return
	}
	for {
		select {
		case p.tips <- id:
			return
		default:
		}
		select {
		case <-p.tips: // older blocks are no news any more
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
		case id := <-p.tips:
			a, err := p.announcementOf(id)
			if err == nil {
				err = p.publishTip(ctx, a)
			}
			switch {
			case err == nil || ctx.Err() != nil:
			case errors.Is(err, chain.ErrNoBlock):
				// Newer blocks, which are the news, pushed it out of bodies before it was stored.
				p.Log.Debug("a block is not published", "block", id, "err", err)
			default:
				p.Log.Warn("a new block could not be published", "block", id, "err", err)
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
