// Package syncer decides which headers and blocks to ask of whom.
//
// A Scheduler is a pure state machine in the manner of etcd's raft: events are
// method calls, each returns the actions to take, and time comes in as an
// argument. It does no I/O, has no clock and starts no goroutine, so that a
// whole network of them runs in a test, in virtual time.
//
// Headers come first, from one peer at a time; bodies follow from all peers
// that have them, in parallel. Peers are hostile: every claim is held against
// what was shown, every wait has an end, and every list has a constant limit.
//
// What a header or a body says, and whether it is valid, the package refuses to
// know: its driver asks the chain and reports the outcome.
package syncer
