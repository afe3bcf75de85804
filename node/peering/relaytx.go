package peering

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/mempool"
)

const (
	maxInline = 128                   // inputs of a batch that is judged on the spot
	gather    = 50 * time.Millisecond // to fill a batch
)

// heardBatch is a batch too dear to be judged where gossip waits.
type heardBatch struct {
	from gossip.Peer
	txs  []*wire.Tx
}

// checkBatch judges a gossiped batch. A small one is judged on the spot and
// travels on as it is. A dear one is ignored, judged by a worker, and what is
// valid in it published by ourselves, so that nothing waits behind it.
func (p *Peering) checkBatch(_ context.Context, from gossip.Peer, b batch) gossip.Verdict {
	if !p.synced.Load() {
		return gossip.Ignore
	}
	freed := p.free(b.Txs, true)
	news, inputs := p.unknown(b.Txs)
	switch {
	case len(news)+len(freed) == 0:
		return gossip.Ignore // passing it on would help nobody
	case inputs > maxInline:
		p.send(freed)
		select {
		case p.slow <- heardBatch{from, news}:
		default: // reconciliation brings it
		}
		return gossip.Ignore
	}
	p.mark(news)
	found := p.judge(from, news)
	if len(found.accepted) == len(news) {
		return gossip.Accept
	}
	p.unmark(news, found.accepted)
	p.send(append(freed, found.accepted...))
	if found.fault != nil {
		p.Log.Info("peer sent an invalid transaction", "peer", from, "err", found.fault)
		return gossip.Reject
	}
	return gossip.Ignore
}

// free makes public what we kept private and is gossiped now, and lists it.
// marked says that it travels as part of a batch.
func (p *Peering) free(ts []*wire.Tx, marked bool) (freed []*wire.Tx) {
	for _, t := range ts {
		if !p.Pool.IsPrivate(t.ID()) {
			continue
		}
		if marked {
			p.mark([]*wire.Tx{t})
		}
		if p.Pool.Release(t.ID()) {
			freed = append(freed, t)
		}
	}
	return freed
}

// unknown lists what of a peer's is neither in the pool nor known to be refused, and
// counts its inputs. What is in the pool somebody else has, too.
func (p *Peering) unknown(ts []*wire.Tx) (news []*wire.Tx, inputs int) {
	for _, t := range ts {
		if _, have := p.Pool.Get(t.ID()); have {
			p.Pool.Sent(t.ID())
			continue
		}
		p.mu.Lock()
		refused := p.refused.has(t.WitnessID()) || p.poor.has(t.WitnessID())
		p.mu.Unlock()
		if !refused {
			news = append(news, t)
			inputs += len(t.Ins)
		}
	}
	return news, inputs
}

// mark notes that transactions travel as part of a gossiped batch, so that
// followPool does not publish them again. Of those that the pool accepts,
// followPool takes the mark away when their events come.
func (p *Peering) mark(ts []*wire.Tx) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range ts {
		p.transit[t.ID()] = true
	}
}

// unmark takes the marks from ts, all but the accepted ones.
func (p *Peering) unmark(ts, accepted []*wire.Tx) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range ts {
		if !slices.Contains(accepted, t) {
			delete(p.transit, t.ID())
		}
	}
}

// findings is what the pool said of some transactions.
type findings struct {
	accepted []*wire.Tx
	fault    error // the sender is to blame
}

// judge offers transactions to the pool and asks their sender for what they
// spend that is not known.
func (p *Peering) judge(from gossip.Peer, ts []*wire.Tx) (f findings) {
	for _, t := range ts {
		_, err := p.Pool.Add(t, from.String())
		var refusal *mempool.Error
		switch {
		case err == nil:
			f.accepted = append(f.accepted, t)
			p.Net.Useful(from, gossip.NewTx)
		case errors.Is(err, mempool.ErrOrphan):
			select {
			case p.parents <- parentsOf{from, t}:
			default:
			}
		case !errors.As(err, &refusal):
			p.Log.Error("a transaction could not be judged", "id", t.ID(), "err", err)
		case refusal.Peer:
			f.fault = err
			return f
		default:
			p.mu.Lock()
			if refusal.Reconsider {
				p.poor.add(t.WitnessID())
			} else {
				p.refused.add(t.WitnessID())
			}
			p.mu.Unlock()
		}
	}
	return f
}

// judgeFrom judges an answer to a question of ours; the pool's events
// publish what is accepted.
func (p *Peering) judgeFrom(from gossip.Peer, ts []*wire.Tx) {
	p.free(ts, false)
	news, _ := p.unknown(ts)
	if f := p.judge(from, news); f.fault != nil {
		p.Net.Report(from, 100, f.fault)
	}
}

// judgeParents judges an answer with an orphan's parents: one that paid too little alone may
// enter now, with its child.
func (p *Peering) judgeParents(from gossip.Peer, ts []*wire.Tx) {
	p.mu.Lock()
	for _, t := range ts {
		p.poor.remove(t.WitnessID())
	}
	p.mu.Unlock()
	p.judgeFrom(from, ts)
}

func (p *Peering) judgeSlow(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b := <-p.slow:
			p.judgeFrom(b.from, b.txs)
		}
	}
}

// followPool publishes what the pool accepts, whoever brought it.
func (p *Peering) followPool(ctx context.Context) error {
	seq := p.seen
	for {
		changed := p.Pool.Changed()
		var added, own []*wire.Tx
		seq, added, own = p.newEvents(seq)
		if p.synced.Load() {
			p.stemOwn(own)
			p.send(added)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// newEvents lists what became public in the pool after event seq and did not
// travel in a batch, and what is private. Events that are no longer kept are
// left to reconciliation, and to the embargo.
func (p *Peering) newEvents(seq uint64) (_ uint64, added, private []*wire.Tx) {
	es, ok := p.Pool.EventsSince(seq)
	if !ok {
		seq = p.Pool.Stats().Sequence
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !ok {
		clear(p.transit)
	}
	for _, e := range es {
		seq = e.Sequence
		t := e.Added
		if e.Released != nil {
			t = e.Released
		}
		switch {
		case t == nil:
		case e.Private:
			private = append(private, t)
		case p.transit[t.ID()]:
			delete(p.transit, t.ID())
		default:
			added = append(added, t)
		}
	}
	return seq, added, private
}

// send puts transactions into the outbox. When it is full the rest is left to
// reconciliation.
func (p *Peering) send(ts []*wire.Tx) {
	if len(ts) == 0 {
		return
	}
	p.mu.Lock()
	p.outbox = append(p.outbox, ts[:min(len(ts), maxOutbox-len(p.outbox))]...)
	p.mu.Unlock()
	signal(p.outgoing)
}

// publishBatches publishes the outbox, a little later, so that bursts share a
// message.
func (p *Peering) publishBatches(ctx context.Context) error {
	if err := p.awaitNet(ctx); err != nil {
		return err
	}
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.outgoing:
		}
		wait.Reset(gather)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wait.C:
		}
		for b := p.nextBatch(); len(b.Txs) > 0; b = p.nextBatch() {
			b.Txs = slices.DeleteFunc(b.Txs, p.gone)
			if len(b.Txs) == 0 {
				continue
			}
			if err := p.publishTxs(ctx, b); err != nil && ctx.Err() == nil {
				p.Log.Warn("transactions could not be published", "count", len(b.Txs), "err", err)
			}
			p.relays.told.Add(int64(len(b.Txs)))
		}
	}
}

// gone says that t has left the pool.
func (p *Peering) gone(t *wire.Tx) bool {
	_, here := p.Pool.Get(t.ID())
	return !here
}

// nextBatch takes a batch from the outbox; it is empty when that is.
func (p *Peering) nextBatch() batch {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := batch{Salt: rand.Uint64()}
	size, taken := batchHead, 0
	for _, t := range p.outbox {
		n := 4 + t.Size()
		if len(b.Txs) == maxBatch || len(b.Txs) > 0 && size+n > targetBatch {
			break
		}
		taken++
		if batchHead+n <= maxBatchSize { // reconciliation carries longer ones
			b.Txs = append(b.Txs, t)
			size += n
		}
	}
	p.outbox = p.outbox[taken:]
	if len(p.outbox) == 0 {
		p.outbox = nil
	}
	return b
}
