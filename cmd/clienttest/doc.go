// Package clienttest points software that people have, unmodified, at Quern:
// btcd's rpcclient and btcctl, npm's bitcoin-core and bitcoinjs-lib, Debian's
// python3-bitcoinlib. What a machine cannot install is skipped, with a word.
//
// It is a module of its own, so that nothing else depends on btcd's daemon.
package clienttest
