// Package coinset sums up a set of unspent coins: how many, how much, and two
// hashes by which nodes compare their sets, as Bitcoin Core's gettxoutsetinfo
// has them.
//
// It is given the coins in order by its caller. Where they are kept and at
// which block they are, it refuses to know.
package coinset
