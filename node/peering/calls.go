package peering

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/syncer"
)

// calls are the open questions to peers, each a goroutine that its request
// number can cancel. How many there are, the scheduler bounds. All but run's
// functions are started and cancelled by the driver's goroutine.
type calls struct {
	ctx     context.Context
	group   sync.WaitGroup
	mu      sync.Mutex
	cancels map[syncer.Request]context.CancelFunc
}

func newCalls(ctx context.Context) *calls {
	return &calls{ctx: ctx, cancels: map[syncer.Request]context.CancelFunc{}}
}

func (c *calls) run(f func()) { c.group.Go(f) }

func (c *calls) start(id syncer.Request, f func(context.Context)) {
	ctx, cancel := context.WithCancel(c.ctx)
	c.mu.Lock()
	c.cancels[id] = cancel
	c.mu.Unlock()
	c.group.Go(func() {
		defer c.cancel(id)
		f(ctx)
	})
}

func (c *calls) cancel(id syncer.Request) {
	c.mu.Lock()
	cancel := c.cancels[id]
	delete(c.cancels, id)
	c.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

func (c *calls) wait() { c.group.Wait() }

// Rules that say where a header stands more than how it was made.
const (
	ruleBadParent consensus.Rule = "bad-prevblk"       // an ancestor is invalid or set aside
	ruleCached    consensus.Rule = "duplicate-invalid" // it is itself known to be
	ruleFuture    consensus.Rule = "time-too-new"      // its clock or ours is wrong
)

// headerFault says whether err is about the headers rather than us, and how
// many points their sender earns.
func headerFault(err error) (points int, useless bool) {
	switch {
	case errors.Is(err, chain.ErrNoParent):
		return 20, true // it does not start at our locator
	case errors.Is(err, chain.ErrSetAside):
		return 0, true
	}
	switch consensus.RuleOf(err) {
	case "":
		return 0, false
	case ruleBadParent, ruleCached, ruleFuture:
		return 0, true
	}
	return 100, true
}

// askBlocks asks a peer for bodies and keeps them for the scheduler.
func (d *driver) askBlocks(ctx context.Context, a syncer.AskBlocks) {
	peer := gossip.Peer(a.Peer)
	reply, err := gossip.Call(ctx, d.Net, blocksProtocol, peer, a.IDs)
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		if err = reply.open(a.IDs); err != nil {
			d.Net.Report(peer, 100, err)
		}
	}
	if err != nil {
		d.Log.Debug("no blocks", "peer", peer, "err", err)
		d.post(func(d *driver, now time.Time) []syncer.Action {
			return d.sched.BlocksFailed(now, a.Request, false)
		})
		return
	}
	d.post(func(d *driver, now time.Time) []syncer.Action { return d.gotBodies(now, a, reply) })
}

// gotBodies hands an answer to the scheduler. Of a block that came twice the
// first body is kept, as the scheduler assumes.
func (d *driver) gotBodies(now time.Time, a syncer.AskBlocks, reply bodies) []syncer.Action {
	var got []syncer.Body
	var absent []wire.Hash
	for i, b := range reply {
		switch b.status {
		case bodyAbsent:
			absent = append(absent, a.IDs[i])
		case bodyHere:
			if d.held[a.IDs[i]] == nil {
				d.held[a.IDs[i]] = b.block
				d.first.note(a.IDs[i], gossip.Peer(a.Peer))
			}
			got = append(got, syncer.Body{ID: a.IDs[i], Size: b.block.Size()})
		}
	}
	return d.sched.BlocksReceived(now, a.Request, got, absent)
}

// logOurs logs an error of our own, once until something works again, and not
// if it only says that we are stopping.
func (p *Peering) logOurs(ctx context.Context, what string, err error) {
	if ctx.Err() == nil && !errors.Is(err, chain.ErrClosed) && !p.broken.Swap(true) {
		p.Log.Error(what, "err", err)
	}
}
