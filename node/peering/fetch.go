package peering

import (
	"context"
	"errors"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/syncer"
)

// maxFetches are the blocks that an operator may have asked for at a time.
const maxFetches = 16

// What an operator is told who asks for a block (Core's words).
var (
	errNoPeer   = errors.New("Peer does not exist")               //nolint:staticcheck // Core's words
	errFetching = errors.New("Already requested from this peer")  //nolint:staticcheck // Core's words
	errBusy     = errors.New("Too many blocks are being fetched") //nolint:staticcheck // like them
)

// fetches are the blocks that an operator has asked for, by whom they are asked of.
// Guarded by Peering.mu.
type fetches map[wire.Hash]gossip.Peer

// Fetch has a peer asked for the body of a block whose header is known, whatever the
// scheduler wants. It returns at once; what comes is given to the chain.
func (p *Peering) Fetch(peer gossip.Peer, id wire.Hash) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch of, under := p.fetches[id]; {
	case p.peers[peer] == nil:
		return errNoPeer
	case under && of == peer:
		return errFetching
	case len(p.fetches) >= maxFetches:
		return errBusy
	}
	p.fetches[id] = peer
	go p.post(func(d *driver, _ time.Time) []syncer.Action {
		d.calls.run(func() { d.fetchBody(d.ctx, peer, id) })
		return nil
	})
	return nil
}

// fetchBody asks and hands in. A peer that gives something else is reported; one that
// gives nothing is parted from, as in Core.
func (p *Peering) fetchBody(ctx context.Context, peer gossip.Peer, id wire.Hash) {
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.fetches[id] == peer {
			delete(p.fetches, id)
		}
	}()
	reply, err := gossip.Call(ctx, p.Net, blocksProtocol, peer, []wire.Hash{id})
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		if err = reply.open([]wire.Hash{id}); err != nil {
			p.Net.Report(peer, 100, err)
			return
		}
	}
	if err != nil || reply[0].status != bodyHere {
		p.Log.Info("a peer did not give the block that it was asked for", "peer", peer, "block", id, "err", err)
		if err != nil {
			_ = p.Net.Disconnect(peer)
		}
		return
	}
	err = p.Chain.AddBlock(ctx, reply[0].block)
	if rule := consensus.RuleOf(err); rule != "" {
		p.Net.Report(peer, 100, err)
	} else if err != nil && !errors.Is(err, chain.ErrDuplicate) {
		p.logOurs(ctx, "fetched block could not be judged", err)
	}
}
