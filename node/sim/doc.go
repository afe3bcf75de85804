// Package sim runs many real nodes in one process and in virtual time: the real
// gossip, peering, mempool, mining and chain, over stores in memory and a
// simulated network with delays, bandwidths, cuts and losses.
//
// It lives inside a bubble of testing/synctest, so a minute of the swarm takes as long as its
// computing does:
//
//	synctest.Test(t, func(t *testing.T) {
//		s := sim.New(t, sim.Options{Nodes: 20, Latency: sim.Static(50 * time.Millisecond)})
//		s.Connect(8)                       // random links, as of peers found long ago
//		s.Await(time.Minute, s.Linked(4))
//		id := s.Nodes[3].Mine()            // a block, on its tip, of its mempool
//		s.Await(time.Minute, s.AtTip(id))
//	})
//
// Every node begins with the same chain, on which Options.Coins coins that
// anybody may spend are mature. New stops all nodes when the test ends.
// Tests in a package that this one imports belong into its external test
// package (package peering_test), or the imports would go in circles.
//
// What virtual time leaves out is computing: a node that checks a block for
// 100 ms does so in no time at all. What it counts is the network: round trips,
// queues at the two ends of each link, QUIC's own pace, and every timer. A run
// is repeatable as far as the scheduling of goroutines allows: links, delays,
// miners and transactions follow from Options.Seed, peer ids and the gossip's own dice do not.
//
// To keep hundreds of nodes in memory, they share what cannot differ between them: the bodies of
// blocks, what a block spent, and the coins that it made (see ledger). The rules
// are run by each node for itself.
package sim
