// Package lndtest runs LND, as it is published, on Quern: two LND nodes, each on
// a Quern node of its own, one that polls RPC and one that listens to ZeroMQ,
// and the two Quern nodes in one swarm. They receive coins, open a channel, pay
// through it, close it by force and sweep what is theirs.
//
// It is a module of its own, since a module that requires LND must repeat its
// replace directives, and since it takes minutes to build: run it nightly with
// go test in this folder.
package lndtest
