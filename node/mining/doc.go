// Package mining puts blocks together and looks for their work.
//
// A Template is a block without its proof: transactions chosen by ancestor
// feerate and a coinbase that pays a given script. The solo miner grinds
// templates on a number of workers and hands blocks to the chain by the same
// door as everybody. Keys and addresses it refuses to know.
package mining
