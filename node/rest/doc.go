// Package rest serves blocks, headers, transactions, coins and the mempool to
// whoever asks by GET, without a password, as Bitcoin Core's REST interface
// does (its doc/REST-interface.md): the same paths, formats and errors.
//
// It only reads. What RPC says of the same things it takes from RPC's methods;
// on which port it answers and who may ask is the server's affair.
package rest
