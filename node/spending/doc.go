// Package spending decides which coins pay for outputs, and with what fee and
// change: a transaction that lacks only its signatures.
//
// It chooses as Bitcoin Core does. Several ways are tried (branch and bound for a
// set without change, the fewest weight units, the old knapsack, a random draw), and
// the least wasteful result is taken; older and deeper coins come first.
//
// Everything here is a function of values, chance included. Where coins and
// scripts come from, who signs and what is sent, it refuses to know.
package spending
