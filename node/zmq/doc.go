// Package zmq tells local programs of new blocks and transactions as Bitcoin
// Core does (its doc/zmq.md): the topics hashblock, hashtx, rawblock, rawtx and
// sequence, each with a counter by which subscribers notice what they missed.
//
// It follows the chain and the mempool and turns what changed into messages.
// How they travel is package zmtp's, and who reads them it refuses to know.
package zmq
