// Package signing fills in the scripts and witnesses that spend outputs: from
// keys, scripts and key origins (a Keyring) and from what is already there of
// an input (a Data), it makes every signature it can, and says what is missing.
//
// It signs as Bitcoin Core does, byte for byte: nonces by RFC 6979, ECDSA
// signatures with a low R and S, Schnorr signatures with no auxiliary randomness
// (BIP340), the smallest of the ways through a tree of leaf scripts. It knows the
// templates that Core solves, and miniscript.
//
// Where keys are kept, which coins to spend and who may ask, it refuses to know.
package signing
