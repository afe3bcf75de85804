// Package mempool holds the transactions that wait for a block, and decides by
// policy which may.
//
// Consensus rules come from package consensus; what is here may differ between
// nodes without splitting the chain. How transactions travel, the package
// refuses to know.
package mempool
