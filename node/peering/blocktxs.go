package peering

import (
	"context"
	"errors"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/gossip/relay"
)

// blockTxsProtocol asks for the transactions of a block that a compact
// announcement left out and our mempool lacks.
var blockTxsProtocol = gossip.Protocol[relay.Question, relay.Answer]{
	ID:         "blocktxn/1",
	MaxRequest: relay.MaxQuestion, MaxReply: relay.MaxAnswer,
	Timeout: 60 * time.Second,
	EncodeQ: func(q relay.Question) []byte { return q.Append(nil) },
	DecodeQ: relay.DecodeQuestion,
	EncodeA: func(a relay.Answer) []byte { return a.Append(nil) },
	DecodeA: relay.DecodeAnswer,
}

// serveBlockTxs answers as soon as we have the body, judged or not (see
// recentBodies). Those who heard of the block from us ask before we have
// it; they wait a little.
func (p *Peering) serveBlockTxs(ctx context.Context, from gossip.Peer, q relay.Question) (relay.Answer, error) {
	b, here := p.awaitRecent(ctx, q.Block)
	if info, _ := p.Chain.Header(q.Block); !here || info.Invalid {
		return relay.Answer{Kind: relay.Absent}, nil
	}
	if relay.Digest(b.block, q.Nonce) != q.Digest {
		return relay.Answer{Kind: relay.Other, Other: b.compact()}, nil
	}
	a := relay.Answer{Kind: relay.Found, Txs: make([][]byte, len(q.Indexes))}
	for k, i := range q.Indexes {
		if i >= len(b.block.Txs) {
			return a, &gossip.Fault{Peer: from, Points: 25, Err: errors.New("asks for a transaction beyond the last of a block that it knows")}
		}
		a.Txs[k] = b.block.Txs[i].Append(make([]byte, 0, b.block.Txs[i].Size()))
	}
	return a, nil
}

// awaitRecent waits for a body of which the swarm heard from us.
func (p *Peering) awaitRecent(ctx context.Context, id wire.Hash) (recentBody, bool) {
	if b, here, _ := p.bodies.get(id); here || p.timesTold(id) == 0 {
		return b, here
	}
	select {
	case p.waitSlots <- struct{}{}:
		defer func() { <-p.waitSlots }()
	default:
		return recentBody{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, bodyWait)
	defer cancel()
	return p.bodies.await(ctx, id)
}

// claim is what a peer said of a block: that an announcement with this nonce
// and this digest is true.
type claim struct {
	peer   gossip.Peer
	nonce  uint64
	digest wire.Hash
}

const (
	maxClaimed = 16 // blocks
	maxClaims  = 16 // of one block
)

// noteClaim keeps what a peer said until the block is known.
func (p *Peering) noteClaim(id wire.Hash, c claim) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for other := range p.claims {
		if len(p.claims) < maxClaimed || p.claims[id] != nil {
			break
		}
		delete(p.claims, other)
	}
	if cs := p.claims[id]; len(cs) < maxClaims {
		p.claims[id] = append(cs, c)
	}
}

// settleClaims holds what peers said of a block against the block: whoever
// answers a question for its transactions has it, so that a false answer is a lie.
func (p *Peering) settleClaims(b *wire.Block) {
	p.mu.Lock()
	cs := p.claims[b.ID()]
	delete(p.claims, b.ID())
	p.mu.Unlock()
	for _, c := range cs {
		if relay.Digest(b, c.nonce) != c.digest {
			p.Net.Report(c.peer, 100, errFalseClaim)
		}
	}
}

var (
	errFalseClaim   = errors.New("vouched for a false announcement of a block")
	errOtherAnswer  = errors.New("answered for another block than it was asked about")
	errOtherMissing = errors.New("gave other transactions of a block than were announced")
)
