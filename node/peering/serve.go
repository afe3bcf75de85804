package peering

import (
	"context"
	"errors"
	"time"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/syncer"
)

const (
	bodyWait    = 2 * time.Second // for a body that was announced and is on its way to us
	mempoolRest = 2               // seconds between two mempool questions of one peer
)

func (p *Peering) serveHello(_ context.Context, _ gossip.Peer, _ Hello) (Hello, error) {
	return p.hello(), nil
}

func (p *Peering) serveHeaders(_ context.Context, _ gossip.Peer, locator []wire.Hash) (headersReply, error) {
	return headersReply{
		Tip:     tipOf(p.Chain.Tip()),
		Headers: p.Chain.HeadersAfter(locator, syncer.MaxHeaders),
	}, nil
}

// serveBlocks gives bodies of the active branch alone: what is on it was
// judged, so that passing it on cannot be held against us.
func (p *Peering) serveBlocks(ctx context.Context, _ gossip.Peer, ids []wire.Hash) (bodies, error) {
	p.awaitBody(ctx, ids[0])
	select {
	case p.bodySlots <- struct{}{}:
		defer func() { <-p.bodySlots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	reply := make(bodies, len(ids))
	size := 0
	for i, id := range ids {
		info, known := p.Chain.Header(id)
		if !known || !info.Active || !info.HasBody {
			continue
		}
		if size >= softBlockBytes {
			reply[i].status = bodyLeftOut
			continue
		}
		b, err := p.Chain.Block(id)
		if errors.Is(err, chain.ErrNoBlock) {
			continue
		}
		if err != nil {
			return nil, err
		}
		reply[i] = body{status: bodyHere, raw: b.Bytes()}
		size += b.Size()
	}
	return reply, nil
}

// awaitBody waits a little for a block whose header we passed on: those who
// heard of it from us ask before we have it ourselves.
func (p *Peering) awaitBody(ctx context.Context, id wire.Hash) {
	p.mu.Lock()
	told := p.told.count(id) > 0
	p.mu.Unlock()
	if !told {
		return
	}
	select {
	case p.waitSlots <- struct{}{}:
		defer func() { <-p.waitSlots }()
	default:
		return
	}
	ctx, cancel := context.WithTimeout(ctx, bodyWait)
	defer cancel()
	for {
		changed := p.Chain.Changed()
		if info, known := p.Chain.Header(id); known && (info.Active || info.Invalid) {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

func (p *Peering) serveTxs(_ context.Context, _ gossip.Peer, ids []wire.Hash) ([]*wire.Tx, error) {
	var ts []*wire.Tx
	size := 0
	for _, id := range ids {
		if t, ok := p.Pool.GetPublic(id); ok && size < softTxBytes {
			ts = append(ts, t)
			size += t.Size()
			p.Pool.Sent(id)
		}
	}
	return ts, nil
}

// serveMempool answers each peer now and then: comparing pools costs more than
// asking for it. What the asker has and what it gets is no longer known to us alone.
func (p *Peering) serveMempool(_ context.Context, from gossip.Peer, q mempoolQuery) ([]*wire.Tx, error) {
	now := time.Now().Unix()
	p.mu.Lock()
	last, met := p.peers[from], p.asked[from]
	soon := last == nil || now-met < mempoolRest
	if !soon {
		p.asked[from] = now
	}
	p.mu.Unlock()
	if soon {
		return nil, nil
	}
	for _, id := range q.has(p.Pool.Unbroadcast()) {
		p.Pool.Sent(id)
	}
	ts := q.missing(p.Pool.Public())
	for _, t := range ts {
		p.Pool.Sent(t.ID())
	}
	return ts, nil
}
