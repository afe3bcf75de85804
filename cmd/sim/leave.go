package main

import (
	"testing"
	"time"

	"github.com/quernnet/quern/node/sim"
)

// leave kills half of the nodes at the same moment, without a word, and looks
// a minute later whether those that are left still are one swarm.
func leave(t *testing.T, s *settings, r *report) {
	o := sim.Options{Nodes: 1}
	s.world(&o, s.Nodes)
	bubble(t, s, o, r, func(t *testing.T, w *sim.Swarm) {
		gather(w, s.Nodes)
		time.Sleep(time.Minute)
		order := w.Rand.Perm(len(w.Nodes))
		var gone []*sim.Node
		for _, i := range order[:len(order)/2] {
			gone = append(gone, w.Nodes[i])
		}
		before := fewest(w)
		w.Kill(gone...)
		at := time.Now()
		least := series{Name: "fewest peers of a node that stayed", X: nil, Y: nil}
		parts := series{Name: "parts that the swarm fell into"}
		for time.Since(at) < 2*time.Minute {
			time.Sleep(time.Second)
			least.X, least.Y = append(least.X, time.Since(at).Seconds()), append(least.Y, float64(fewest(w)))
			parts.X, parts.Y = append(parts.X, time.Since(at).Seconds()), append(parts.Y, float64(components(w)))
		}
		sixty := 59
		r.add("nodes that stayed", float64(len(w.Running())), "")
		r.add("fewest live peers of a node before", float64(before), "")
		r.add("fewest live peers just after", least.Y[0], "")
		ok := least.Y[sixty] > 0
		r.Figures = append(r.Figures, figure{"fewest live peers after 60 s", least.Y[sixty], "", "more than none", &ok})
		r.want("parts of the swarm after 60 s", parts.Y[sixty], "", 1)
		r.add("fewest live peers after 120 s", least.Y[len(least.Y)-1], "")

		miner := w.Running()[0]
		id := miner.Mine()
		r.add("a block then reaches everybody who stayed after", w.Await(time.Minute, w.AtTip(id)).Seconds(), "s")
		r.Plots = append(r.Plots, plot{Title: "After half of the nodes have vanished", X: "seconds", Y: "count", Series: []series{least, parts}})
	})
}

// live are the connections between running nodes of which both ends know.
func live(w *sim.Swarm) map[int][]int {
	running := w.Running()
	by := map[string]int{}
	for _, n := range running {
		by[string(n.Net.ID())] = n.I
	}
	says := map[[2]int]bool{}
	for _, n := range running {
		for _, p := range n.Net.Peers() {
			if j, ok := by[string(p.ID)]; ok {
				says[[2]int{n.I, j}] = true
			}
		}
	}
	out := map[int][]int{}
	for pair := range says {
		if says[[2]int{pair[1], pair[0]}] {
			out[pair[0]] = append(out[pair[0]], pair[1])
		}
	}
	return out
}

// fewest is the least number of live connections of a running node.
func fewest(w *sim.Swarm) int {
	links, least := live(w), len(w.Nodes)
	for _, n := range w.Running() {
		least = min(least, len(links[n.I]))
	}
	return least
}

// components counts the parts that the running nodes fall into.
func components(w *sim.Swarm) int {
	links, seen, parts := live(w), map[int]bool{}, 0
	for _, n := range w.Running() {
		if seen[n.I] {
			continue
		}
		parts++
		seen[n.I] = true
		for queue := []int{n.I}; len(queue) > 0; queue = queue[1:] {
			for _, j := range links[queue[0]] {
				if !seen[j] {
					seen[j] = true
					queue = append(queue, j)
				}
			}
		}
	}
	return parts
}
