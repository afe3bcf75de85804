// Package quernrpc is the methods that bitcoind has no word for, named
// "quern.…", but for those of the wallet. Arguments and results are those of
// package own; an amount is in satoshis.
package quernrpc
