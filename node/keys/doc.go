// Package keys is keys as texts and bytes: private keys in WIF, extended keys
// and their derivation (BIP32), where a key comes from (BIP380's origins).
//
// What a key may spend, and where keys are kept, it refuses to know.
package keys
