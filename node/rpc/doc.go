// Package rpc speaks bitcoind's dialect of JSON-RPC, so that software made for
// Bitcoin Core talks to Quern unchanged, and a few methods of Quern's own,
// named "quern.…".
//
// It translates: arguments into calls of the node's parts, their answers and
// errors into Core's words and codes. It decides nothing by itself.
package rpc
