// Package chain owns the moving state: the tree of headers, which branch has
// the most work, and the coins at its tip.
//
// Blocks enter by AddBlock, headers by AddHeaders, whoever brings them. All
// others learn by pulling UpdatesSince when Changed fires. The package knows a
// Store, which it declares; disks, peers and policy it refuses to know.
//
// # How a block is judged
//
// What needs no coins (work, Merkle root, size, each transaction, finality) is
// judged on the caller's goroutine, before anything is stored. Then one
// goroutine, the engine, stores the body, asks for its coins, runs
// consensus.Connect and applies the effect, all without waiting for the
// scripts, which run behind it on all cores for a window of blocks. In order,
// as the scripts of one block after the other are seen to hold, the tip that
// the public sees moves. When one fails, the effects of that block and of those
// after it are reverted, newest first. What is flushed is never ahead of what
// was verified.
//
// # What is remembered of invalid blocks
//
// A block that breaks a rule is marked, and so is known to be bad with all that
// follow it, over restarts too. Not marked are a body that may have been altered
// on its way (consensus.Mutated) and a header from the future, which may be
// valid later. A failing store is never held against a block: it stops the
// chain, see Failed.
package chain
