// Package miner looks for nonces.
//
// It sees an encoded header and a target; what the header commits to, where it
// comes from and what happens to a proof it refuses to know. Work that has gone
// stale is dropped by cancelling its context.
package miner
