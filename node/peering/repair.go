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

// reconcile compares the mempool with a peer's: soon after one joined, and now
// and then with any, for gossip may lose messages.
func (p *Peering) reconcile(ctx context.Context) error {
	tick := time.NewTicker(p.Reconcile)
	defer tick.Stop()
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		case <-p.meet:
		}
		if !p.synced.Load() {
			continue
		}
		peer, ok := p.reconcileWith(last)
		last = p.Now()
		if !ok {
			continue
		}
		_, es := p.Pool.Entries()
		ts, err := gossip.Call(ctx, p.Net, mempoolProtocol, peer, ask(rand.Uint64(), es))
		if err != nil {
			p.Log.Debug("mempool not compared", "peer", peer, "err", err)
			continue
		}
		p.judgeFrom(peer, ts)
	}
}

// reconcileWith picks a peer that joined since the last time, or any.
func (p *Peering) reconcileWith(last time.Time) (pick gossip.Peer, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, k := range p.peers { // in random order
		if pick, ok = id, true; k.since.After(last) {
			break
		}
	}
	return pick, ok
}
