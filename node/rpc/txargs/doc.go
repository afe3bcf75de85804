// Package txargs reads transactions, outputs, coins and hash types from the
// arguments of RPC methods, as Bitcoin Core reads them, and shows what signing
// came to. The methods of raw transactions and those of wallets share it.
//
// It looks at values alone; it knows no node and no wallet.
package txargs
