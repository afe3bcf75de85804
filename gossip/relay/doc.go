// Package relay is compact blocks: a block told by its header and six bytes a
// transaction, to peers who have most of the transactions already (BIP152,
// version 2: short ids are of ids with witness).
//
// It has a codec for the announcement and for the question after missing
// transactions, and a state machine that rebuilds the block. All of it is pure:
// no I/O, clock, goroutine or log. Whom to ask and when, what waits in the
// mempool, and every rule but the Merkle root the package refuses to know.
//
// Nothing here says anything about a header. An announcement that does not
// lead to the block that its header commits to is a bad announcement, or bad
// luck with short ids; the block has to be had in another way.
package relay
