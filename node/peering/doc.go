// Package peering connects the chain and the mempool to the swarm.
//
// It defines what peers say to each other (the protocols hello, headers,
// blocks, blocktxn, txs, mempool and stem, the topics block and tx), answers
// their questions, drives package syncer, rebuilds announced blocks, and passes
// on blocks and transactions. Frames
// hold Bitcoin's wire encodings, each with a hard cap.
//
// Rules belong to consensus, policy to mempool, connections and scores to
// gossip; which peer to ask belongs to syncer. The package only carries their
// words to each other: a fault goes to gossip's Report, and our own errors never
// do.
package peering
