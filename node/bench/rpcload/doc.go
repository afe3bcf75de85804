// Package rpcload asks a node that speaks bitcoind's JSON-RPC as much as it can
// answer, over connections that stay open, and measures how long answers take.
//
// Which node it is, it refuses to know: Quern and bitcoind get the same bytes.
package rpcload
