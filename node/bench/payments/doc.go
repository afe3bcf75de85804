// Package payments makes chains of signed payments to measure with: always the
// same ones for the same wish, by however many cores, and valid by every rule, so
// that any node of Bitcoin's rules can import them.
//
// A chain begins with blocks that only mint, goes on with transactions that
// break the mints into coins, and then has full blocks of payments. Who pays
// whom is drawn at random from a seed. Nothing in a payment is secret, its keys
// least of all.
//
// Signature hashes are btcd's and signatures btcec's, so that what is to be
// measured has no part in what it is measured with. What others do with the
// chain, and how long that takes, it refuses to know.
package payments
