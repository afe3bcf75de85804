// Package presync finds out whether a chain of headers has enough work to be
// worth keeping, before any of it is kept.
//
// Headers are cheap where the target is easy, and a stranger may send any
// number of them. So a long chain that starts with little work is downloaded
// twice, as Bitcoin Core's headerssync.cpp does. The first pass judges every header
// by all rules and remembers of them one salted bit in 600. When the work
// suffices, the second pass asks for the same headers again, compares the bits,
// and releases a header only when enough bits after it were right, for who
// would have other headers stored than those that had the work must guess them.
//
// Core checks in the first pass only that each change of target is possible;
// here consensus.State holds all that the rules ask of the past, whatever the
// schedule, so both passes judge a header exactly.
//
// The package is a pure state machine: it has no clock, no randomness and does
// no I/O. Whom to ask, and what a failure means for the peer, others decide.
package presync
