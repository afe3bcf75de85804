package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/quernnet/quern/node/sim"
)

// enough is how many peers a node that joined should have.
const enough = 8

// join lets nodes with an empty chain come to a running swarm. Each knows one
// address, as after an invite.
func join(t *testing.T, s *settings, r *report) {
	sizes, _ := s.sizes()
	l := s.load(sizes[0])
	o := sim.Options{Nodes: 1, Coins: s.Blocks * l.txs}
	s.world(&o, s.Nodes+s.Joining)
	bubble(t, s, o, r, func(t *testing.T, w *sim.Swarm) {
		gather(w, s.Nodes)
		for range s.Blocks {
			w.Nodes[0].Fill(w.Spend(l.txs, l.each)...)
			id := w.Nodes[0].Mine()
			w.Await(10*time.Minute, w.AtTip(id))
		}
		time.Sleep(30 * time.Second)
		tip := w.Nodes[0].Chain.Tip()
		tell("%d nodes at height %d, after %v; others join", len(w.Nodes), tip.Height, w.Now().Round(time.Second))

		at := time.Now()
		var fresh []*sim.Node
		for range s.Joining {
			known := w.Nodes[w.Rand.IntN(s.Nodes)]
			fresh = append(fresh, w.GrowFresh(1, known.Addr())...)
		}
		var first, linked, synced times
		state := make([]struct{ first, linked, synced bool }, len(fresh))
		for time.Since(at) < 5*time.Minute && (len(linked) < len(fresh) || len(synced) < len(fresh)) {
			time.Sleep(20 * time.Millisecond)
			for i, n := range fresh {
				peers, st := enough, &state[i]
				if !st.linked { // else it need not be asked, which takes long where many are linked
					peers = len(n.Net.Peers())
				}
				mark := func(done *bool, is bool, list *times) {
					if is && !*done {
						*done = true
						*list = append(*list, time.Since(at))
					}
				}
				mark(&st.first, peers > 0, &first)
				mark(&st.linked, peers >= enough, &linked)
				mark(&st.synced, n.Chain.Tip().ID == tip.ID, &synced)
			}
		}
		tell("%d nodes have peers enough, %d are at the tip, after %v", len(linked), len(synced), time.Since(at))
		late := 0
		for i := range state {
			if !state[i].linked || !state[i].synced {
				late++
			}
		}
		r.want("nodes that never had 8 peers or the tip", float64(late), "", 0)
		r.add("a first peer, the last of all nodes", first.at(1).Seconds(), "s")
		r.want(fmt.Sprintf("%d peers, the last of all nodes", enough), linked.at(1).Seconds(), "s", 60)
		r.add(fmt.Sprintf("blocks to sync, %s bytes each", thousands(int64(sizes[0]))), float64(tip.Height), "")
		r.add("synced, the median", synced.at(.5).Seconds(), "s")
		r.want("synced, the last of all nodes", synced.at(1).Seconds(), "s", 60)
		r.Plots = append(r.Plots, plot{Title: "Share of the nodes that joined", X: "seconds since they started", Y: "share", YMax: 1, Series: []series{
			first.curve("have a peer", len(fresh)), linked.curve(fmt.Sprintf("have %d peers", enough), len(fresh)), synced.curve("are at the tip", len(fresh)),
		}})
	})
}

// gather makes a swarm of n nodes that find each other: the first has nobody,
// each of the others knows one that was there before it.
func gather(w *sim.Swarm, n int) {
	for len(w.Nodes) < n {
		known := w.Nodes[w.Rand.IntN(len(w.Nodes))]
		w.Grow(1, known.Addr())
		time.Sleep(200 * time.Millisecond)
	}
	tell("%d nodes run, after %v", len(w.Nodes), w.Now().Round(time.Second))
	w.Await(5*time.Minute, w.Linked(min(enough, n-1)))
	w.Await(time.Minute, w.Synced())
	time.Sleep(10 * time.Second)
}
