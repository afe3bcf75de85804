// Package chainrpc is the methods that read the chain: headers, blocks, coins,
// and what an operator orders about blocks. Transactions that wait belong to
// poolrpc, new blocks to minerpc.
package chainrpc
