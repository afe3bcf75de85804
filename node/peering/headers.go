package peering

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/syncer"
	"github.com/quernnet/quern/node/syncer/presync"
	"github.com/quernnet/quern/work"
)

// errLowWork says that headers end in a branch that is not worth keeping.
// Nobody is to blame: an honest peer may be no further yet.
var errLowWork = errors.New("the branch has too little work to be kept")

// askHeaders asks a peer for headers and brings to the chain those that are
// worth it. pre is the peer's presync, if it is at one; while the call lasts, it
// belongs to the call.
func (d *driver) askHeaders(ctx context.Context, a syncer.AskHeaders, pre *presync.Presync) {
	peer := gossip.Peer(a.Peer)
	reply, err := gossip.Call(ctx, d.Net, headersProtocol, peer, d.locator(a.From, pre))
	if ctx.Err() != nil {
		return // cancelled: nobody waits for it
	}
	if err != nil {
		d.Log.Debug("no headers", "peer", peer, "err", err)
		d.headersFailed(a.Request, false)
		return
	}
	r := syncer.HeadersReply{Count: len(reply.Headers), Claim: reply.Tip}
	keep, pre, err := d.admit(pre, reply)
	if err == nil && len(keep) > 0 {
		var last consensus.State
		if last, err = d.Chain.AddHeaders(ctx, keep); err == nil {
			r.Last = tipOf(last)
		}
	}
	switch blame, useless := headerFault(err); {
	case lowWork(err):
		d.Log.Debug("headers not kept", "peer", peer, "count", r.Count, "err", err)
		r.Count, pre = 0, nil
	case useless:
		// Its branch is one that we do not follow. That may be our
		// operator's choice, so there is no blame but for a broken rule.
		if blame > 0 {
			d.Net.Report(peer, blame, fmt.Errorf("header: %w", err))
		}
		d.Log.Info("headers refused", "peer", peer, "err", err)
		r.Count, r.Claim, pre = 0, syncer.Tip{}, nil
	case err != nil:
		d.logOurs(ctx, "headers could not be kept", err)
		d.headersFailed(a.Request, true)
		return
	}
	d.post(func(d *driver, now time.Time) []syncer.Action {
		if pre != nil && d.sched.Awaits(a.Request) {
			d.counts[a.Peer] = pre
			r.Stage, r.Reached = syncer.Counted, pre.Height()
			if pre.Proven() {
				r.Stage = syncer.Proven
			}
		}
		r.Best = tipOf(d.Chain.BestHeader())
		return d.sched.HeadersReceived(now, a.Request, r)
	})
}

func (d *driver) headersFailed(id syncer.Request, ours bool) {
	d.post(func(d *driver, now time.Time) []syncer.Action { return d.sched.HeadersFailed(now, id, ours) })
}

// locator says where a peer is to go on: after our header from, or where its
// presync stands.
func (d *driver) locator(from wire.Hash, pre *presync.Presync) []wire.Hash {
	if pre == nil {
		return d.Chain.Locator(from)
	}
	ids := append([]wire.Hash{pre.After()}, d.Chain.Locator(pre.Start.ID)...)
	return ids[:min(len(ids), maxLocator)]
}

// admit says which of the headers that a peer sent are for the chain, and what
// becomes of its presync; nil when none is to go on. An error is about the headers.
func (d *driver) admit(pre *presync.Presync, reply headersReply) (keep []wire.Header, next *presync.Presync, err error) {
	hs, now := reply.Headers, d.Now().Unix()
	full := len(hs) == syncer.MaxHeaders
	if pre == nil {
		fresh := d.unknown(hs)
		if len(fresh) == 0 {
			return hs, nil, nil
		}
		start, known := d.Chain.StateAt(fresh[0].Parent)
		need := d.threshold()
		if !known || presync.Claim(&start, fresh).Cmp(need) >= 0 {
			return hs, nil, d.checkWork(fresh) // the chain says what is wrong, if anything is
		}
		if !full || reply.Tip.Work.Cmp(need) < 0 {
			return nil, nil, errLowWork
		}
		pre = presync.New(presync.Config{Start: start, Need: need, Now: now, Salt: salt()})
		hs = fresh
	}
	ids, worked := chain.Identify(d.Params, hs)
	hs = hs[:min(worked+1, len(hs))] // the first without work is the last that matters
	keep, done, err := pre.Add(hs, ids, full, now)
	if err != nil || done {
		return keep, nil, err
	}
	return keep, pre, nil
}

// unknown leaves out the headers that are in the tree already.
func (d *driver) unknown(hs []wire.Header) []wire.Header {
	for len(hs) > 0 {
		if _, known := d.Chain.Header(hs[0].ID()); !known {
			break
		}
		hs = hs[1:]
	}
	return hs
}

// checkWork wants each header to have the work that it claims: the sum was
// taken on their word.
func (d *driver) checkWork(hs []wire.Header) error {
	ids, worked := chain.Identify(d.Params, hs)
	if worked < len(hs) {
		return consensus.CheckWork(d.Params, &hs[worked], ids[worked])
	}
	return nil
}

// lowWork says that headers were of no use, though they may be as they should be.
func lowWork(err error) bool {
	for _, e := range []error{errLowWork, presync.ErrTooLittle, presync.ErrBroken, presync.ErrOther, presync.ErrTooMany} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// threshold is the work that a branch must have to be kept.
func (p *Peering) threshold() work.Work {
	tip := p.Chain.Tip()
	return presync.Threshold(&tip)
}

// lowWork says that a branch with so much work is not worth keeping.
func (p *Peering) lowWork(w work.Work) bool { return w.Cmp(p.threshold()) < 0 }

func salt() (s [16]byte) {
	rand.Read(s[:])
	return s
}
