// Package rpc speaks bitcoind's dialect of JSON-RPC over HTTP, so that software
// made for Bitcoin Core talks to Quern unchanged: logins, dialects, batches,
// who waits and how long.
//
// What a method does is in the packages beside it, one a category; how it is
// declared in table; how the ledger looks in JSON in view. Here the categories
// get the parts of the node they ask for. It decides nothing by itself.
package rpc
