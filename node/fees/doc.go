// Package fees says what a transaction should pay to be mined within so many
// blocks, from how long those before it took.
//
// The method is that of Bitcoin Core's CBlockPolicyEstimator: transactions are
// put into buckets by feerate as they enter the mempool, and three averages,
// which forget at different speeds, hold what share of each bucket was mined within how
// many blocks. Estimator is that method as a value without clock, file
// or lock; Follower keeps one up to date with the mempool and saves it. How transactions
// are chosen or spread, the package refuses to know.
package fees
