package peering

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
)

// parentsOf is an orphan and who sent it.
type parentsOf struct {
	from gossip.Peer
	tx   *wire.Tx
}

// askParents asks the senders of orphans for the transactions that these spend.
// Those that are in blocks the peer leaves out of its answer.
func (p *Peering) askParents(ctx context.Context) error {
	for {
		var o parentsOf
		select {
		case <-ctx.Done():
			return ctx.Err()
		case o = <-p.parents:
		}
		ids := p.missingParents(o.tx)
		if len(ids) == 0 {
			continue
		}
		ts, err := gossip.Call(ctx, p.Net, txsProtocol, o.from, ids)
		if err != nil {
			p.Log.Debug("no parents of an orphan", "peer", o.from, "id", o.tx.ID(), "err", err)
			continue
		}
		p.judgeParents(o.from, ts)
	}
}

func (p *Peering) missingParents(t *wire.Tx) []wire.Hash {
	var ids []wire.Hash
	seen := map[wire.Hash]bool{}
	for i := range t.Ins {
		id := t.Ins[i].Prev.TxID
		if _, have := p.Pool.Get(id); have || seen[id] || len(ids) == maxTxIDs {
			continue
		}
		seen[id] = true
		ids = append(ids, id)
	}
	return ids
}

const (
	meshTime = 3 * time.Second // in which gossip begins to reach a new peer
	maxMeet  = 8               // peers compared with at once
	routine  = 3               // peers asked now and then
)

// reconcile compares the mempool with those of peers: of new ones at once, and
// again when gossip reaches them, for what came between; and now and then of any, for
// gossip may lose messages. Peers are asked side by side, for one that does not
// answer must not keep us from those that do.
func (p *Peering) reconcile(ctx context.Context) error {
	tick := time.NewTicker(p.Reconcile)
	defer tick.Stop()
	again := time.NewTimer(meshTime)
	defer again.Stop()
	slots := make(chan struct{}, maxMeet)
	var calls sync.WaitGroup
	defer calls.Wait()
	for {
		var peers []gossip.Peer
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			peers = p.joinedSince(time.Time{}, routine)
		case <-again.C:
			peers = p.joinedSince(time.Now().Add(-2*meshTime), maxMeet)
		case <-p.meet:
			if p.synced.Load() {
				peers = p.notMet(maxMeet)
				again.Reset(meshTime)
			}
		}
		for _, peer := range peers {
			if !p.synced.Load() || len(slots) == cap(slots) {
				break // whoever is still to be met is, when a slot is free
			}
			slots <- struct{}{} // we alone fill them
			p.met(peer)
			calls.Go(func() {
				p.compare(ctx, peer)
				<-slots
				if len(p.notMet(1)) > 0 {
					signal(p.meet)
				}
			})
		}
	}
}

// notMet lists up to max peers whose mempools were not compared with ours yet.
func (p *Peering) notMet(max int) (ids []gossip.Peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, k := range p.peers {
		if !k.met && len(ids) < max {
			ids = append(ids, id)
		}
	}
	return ids
}

// met notes that a peer's mempool is being compared with ours.
func (p *Peering) met(id gossip.Peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if k := p.peers[id]; k != nil {
		k.met = true
	}
}

// compare asks a peer for the waiting transactions that we lack.
func (p *Peering) compare(ctx context.Context, peer gossip.Peer) {
	ts, err := gossip.Call(ctx, p.Net, mempoolProtocol, peer, ask(rand.Uint64(), p.Pool.Public()))
	if err != nil {
		p.Log.Debug("mempool not compared", "peer", peer, "err", err)
		return
	}
	p.takeCompared(peer, ts)
}

// takeCompared judges what a comparison brought. Until one has brought less
// than a batch we are catching up with what the swarm has long had, and telling it
// so would cost each of our neighbours the whole mempool. After that, what comes is what
// gossip lost, and others may have lost too.
func (p *Peering) takeCompared(peer gossip.Peer, ts []*wire.Tx) {
	news, _ := p.unknown(ts)
	if len(news) <= maxBatch {
		p.level.Store(true)
	}
	if p.level.Load() {
		p.judgeFrom(peer, ts)
		return
	}
	p.free(ts, false)
	p.mark(news)
	f := p.judge(peer, news)
	p.unmark(news, f.accepted)
	if f.fault != nil {
		p.Net.Report(peer, 100, f.fault)
	}
}

// joinedSince lists up to max peers that joined after a time, in random order.
func (p *Peering) joinedSince(then time.Time, max int) (ids []gossip.Peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, k := range p.peers {
		if k.since.After(then) && len(ids) < max {
			ids = append(ids, id)
		}
	}
	return ids
}
