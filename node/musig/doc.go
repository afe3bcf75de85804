// Package musig signs with keys that several make together: MuSig2 (BIP327), and
// what is derived of such keys (BIP328). Participants add public nonces first, then
// partial signatures, and whoever has all of those adds them up to one signature
// of BIP340.
//
// Aggregating keys and nonces, making nonces and partial signatures is btcec's. What
// others sent is checked here, with work that grows as their number does, and names
// who sent what is wrong; the signature that comes of it is verified by
// consensus/secp, as every node will. Secret nonces never leave Nonces.
//
// Transactions, packets and wallets it refuses to know.
package musig
