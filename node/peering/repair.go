package peering

import (
	"context"
	"math/rand/v2"
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
		p.judgeFrom(o.from, ts)
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
)

// reconcile compares the mempool with those of peers: of new ones at once, and
// again when gossip reaches them, for what came between; and now and then of any, for
// gossip may lose messages.
func (p *Peering) reconcile(ctx context.Context) error {
	tick := time.NewTicker(p.Reconcile)
	defer tick.Stop()
	again := time.NewTimer(meshTime)
	defer again.Stop()
	var last time.Time
	for {
		var peers []gossip.Peer
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			peers = p.joinedSince(time.Time{}, 1)
		case <-again.C:
			peers = p.joinedSince(p.Now().Add(-2*meshTime), maxMeet)
		case <-p.meet:
			if p.synced.Load() {
				peers = p.joinedSince(last, maxMeet)
				last = p.Now()
				again.Reset(meshTime)
			}
		}
		if p.synced.Load() {
			for _, peer := range peers {
				p.compare(ctx, peer)
			}
		}
	}
}

// compare asks a peer for the waiting transactions that we lack.
func (p *Peering) compare(ctx context.Context, peer gossip.Peer) {
	ts, err := gossip.Call(ctx, p.Net, mempoolProtocol, peer, ask(rand.Uint64(), p.Pool.Public()))
	if err != nil {
		p.Log.Debug("mempool not compared", "peer", peer, "err", err)
		return
	}
	p.judgeFrom(peer, ts)
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
