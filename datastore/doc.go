// Package datastore keeps what survives a restart, over ipfs/go-datastore.
//
// A key-value store (Pebble by default) holds coins, headers, block positions
// and the tip; blocks and undo data lie in append-only files mounted behind the
// same interface. One batch is the whole state at one height. The package knows
// how values are laid out and what is durable when; what makes them valid it
// refuses to know.
package datastore
