// Package psbt reads, writes, merges, signs and finishes partially signed
// transactions: BIP174 and BIP370 (versions 0 and 2), with the taproot fields of
// BIP371 and the MuSig2 fields of BIP373.
//
// What it takes, keeps and writes, and in which order, is Bitcoin Core's, to the
// texts of its errors; fields that nobody knows are kept. Which coins there are,
// whose keys sign and how JSON shows it, it refuses to know.
package psbt
