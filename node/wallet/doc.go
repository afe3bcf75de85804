// Package wallet keeps keys, finds the coins they own, and pays with them.
//
// One wallet is one file: BIP39 words, BIP84 (P2WPKH) and BIP86 (P2TR)
// accounts. Secrets are encrypted with the user's password (Argon2id and
// XChaCha20-Poly1305); public keys are not, so that a node sees payments come
// in while nobody is there. How transactions travel and which chain wins, the
// package refuses to know: it reads the chain's updates and hands payments to
// the mempool.
package wallet
