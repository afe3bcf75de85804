// Package attack has those who lie: hosts on the network of package sim that
// speak Quern's protocols and turn them against real nodes, and scenarios that
// measure what the nodes make of it.
//
// A Villain is a host of its own with its own GossipSub, whose settings nobody
// checks, and writes its messages byte by byte: nothing of a node's own code
// keeps it honest. Where one has to look honest it answers from the chain of a
// real node, as a Mirror.
//
// Each scenario runs inside a bubble of testing/synctest on a swarm that it
// builds itself, small in this package's tests and as large as wanted from
// cmd/sim, and returns what it measured, in virtual time. docs/network.md,
// "Under attack", has the figures.
package attack
