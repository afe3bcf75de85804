// Package datastore keeps what survives a restart, over ipfs/go-datastore.
//
// A key-value store (Pebble by default) holds coins, headers, block positions
// and the tip; blocks and undo data lie in append-only files mounted behind the
// same interface. One batch is the whole state at one height. The package knows
// how values are laid out and what is durable when; what makes them valid it
// refuses to know.
//
// Nothing is repaired after a crash, because nothing can be half done: files
// are synced first, then one atomic batch holds every change since the last
// one, and bytes that no batch refers to are as good as free. See
// docs/adr/0002-storage-layout.md.
package datastore
