package main

import (
	"testing"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/sim"
)

// burst publishes many transactions at the same moment.
func burst(t *testing.T, s *settings, r *report) {
	o := sim.Options{Nodes: s.Nodes, Coins: s.Burst}
	s.world(&o, s.Nodes)
	bubble(t, s, o, r, func(t *testing.T, w *sim.Swarm) {
		settle(s, w)
		ts := w.Spend(s.Burst, 250)
		origins := s.Origins
		if origins == 0 || origins > len(w.Nodes) {
			origins = len(w.Nodes)
		}
		before, at := bytesSent(w), time.Now()
		for i, tx := range ts {
			w.Nodes[i%origins].Add(tx)
		}
		share := series{Name: "transactions in mempools", X: []float64{0}, Y: []float64{float64(1) / float64(len(w.Nodes))}}
		var half, whole time.Duration
		for whole == 0 && time.Since(at) < 5*time.Minute {
			time.Sleep(20 * time.Millisecond)
			got := held(w, ts)
			share.X, share.Y = append(share.X, time.Since(at).Seconds()), append(share.Y, got)
			if half == 0 && got >= .99 {
				half = time.Since(at)
			}
			if got == 1 {
				whole = time.Since(at)
			}
		}
		lost := (1 - held(w, ts)) * float64(len(ts)*len(w.Nodes))
		size := 0
		for _, tx := range ts {
			size += tx.Size()
		}
		r.want("transactions lost, all nodes together", lost, "", 0)
		r.add("99 % of all are everywhere after", half.Seconds(), "s")
		r.add("all are everywhere after", whole.Seconds(), "s")
		r.add("bytes of the transactions", float64(size), "bytes")
		r.add("bytes sent a node", float64((bytesSent(w)-before)/int64(len(w.Nodes))), "bytes")
		r.Plots = append(r.Plots, plot{Title: "Share of the transactions that a node holds, mean", X: "seconds", Y: "share", YMax: 1, Series: []series{share}})
	})
}

// held is the share of transactions in mempools, of all transactions in all mempools.
func held(w *sim.Swarm, ts []*wire.Tx) float64 {
	n := 0
	for _, node := range w.Nodes {
		for _, t := range ts {
			if _, ok := node.Pool.Get(t.ID()); ok {
				n++
			}
		}
	}
	return float64(n) / float64(len(ts)*len(w.Nodes))
}
