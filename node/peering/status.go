package peering

import (
	"context"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/syncer"
)

// Status says how far the node is, for RPC and the terminal.
type Status struct {
	Syncing  bool    // the node has not yet caught up with its peers since it started
	Headers  uint32  // height of the best header
	Blocks   uint32  // height of the tip
	Progress float64 // share of the best header's work that is in the tip, 0 to 1
	InFlight int     // bodies asked for
	Held     int64   // bytes of bodies received and not yet judged
	Peers    []PeerStatus
}

// PeerStatus is what the conversation with one peer has shown.
type PeerStatus struct {
	ID       gossip.Peer
	Agent    string // printable ASCII
	Version  uint32
	Services uint32
	Start    uint32      // height of its tip when it joined
	Tip      syncer.Tip  // as it claims now
	InFlight []wire.Hash // bodies asked of it
	Presync  uint32      // height up to which its headers are looked at and not yet kept; 0: none are
}

// Synced says that the node has caught up with its peers, once. Before that it takes
// no transactions from them.
func (p *Peering) Synced() bool { return p.synced.Load() }

// Status describes the present state. It is incomplete when ctx ends early or
// Run does not run.
func (p *Peering) Status(ctx context.Context) Status {
	tip, best := p.Chain.Tip(), p.Chain.BestHeader()
	st := Status{Syncing: !p.synced.Load(), Headers: best.Height, Blocks: tip.Height, Progress: 1}
	if whole := workFloat(best.Work); whole > 0 {
		st.Progress = min(workFloat(tip.Work)/whole, 1)
	}
	answer := make(chan syncer.Report, 1)
	ask := func(d *driver, _ time.Time) []syncer.Action {
		answer <- d.sched.Report()
		return nil
	}
	select {
	case p.events <- ask:
	case <-p.done:
		return st
	case <-ctx.Done():
		return st
	}
	select {
	case rep := <-answer:
		st.InFlight, st.Held = rep.InFlight, rep.Held
		st.Peers = p.describe(rep.Peers)
	case <-p.done:
	case <-ctx.Done():
	}
	return st
}

func (p *Peering) describe(reports []syncer.PeerReport) []PeerStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []PeerStatus
	for _, r := range reports {
		s := PeerStatus{ID: gossip.Peer(r.Peer), Tip: r.Tip, InFlight: r.InFlight, Presync: r.Presync}
		if k := p.peers[s.ID]; k != nil {
			s.Agent, s.Version, s.Services = printable(k.hello.Agent), k.hello.Version, k.hello.Services
			s.Start = k.hello.Tip.Height
		}
		out = append(out, s)
	}
	return out
}

// workFloat is near enough for a share.
func workFloat(w [4]uint64) float64 {
	f := 0.0
	for i := len(w) - 1; i >= 0; i-- {
		f = f*(1<<32)*(1<<32) + float64(w[i])
	}
	return f
}
