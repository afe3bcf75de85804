// Package index follows the chain and remembers what the chain itself does not: where
// a transaction is, who spent an output, which scripts a block concerns (BIP158),
// and what the coins came to after each block.
//
// One goroutine reads the chain's updates and has each index make of a block what is
// to be stored; a batch holds that and where the index stands, so that an index is
// always the one of some block. Each is in a space of the datastore of its own, can
// be switched on at any time, and thrown away. How a block becomes an answer of
// RPC the package refuses to know. See docs/adr/0024-indexes.md.
package index
