// Package poolrpc is the methods about transactions that wait for a block, and
// the way into the mempool. What is accepted is the mempool's to decide.
package poolrpc
