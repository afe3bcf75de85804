// Package txrpc is the methods about single transactions and PSBTs, looked up
// or in the caller's hands. Sending them belongs to poolrpc.
package txrpc
