// Package walletrpc is the methods about a wallet: which one is said by the
// request's path. Keys, coins and signatures are node/wallet's affair.
package walletrpc
