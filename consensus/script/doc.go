// Package script checks one input's scripts.
//
// The rules are Bitcoin Core's, to the name of the error. btcd's txscript
// engine gives the verdict wherever it follows them; where it does not
// (policy flags, signatures from before BIP66, a few corners of legacy
// CHECKMULTISIG) and to name what a failing script broke, the package's own
// interpreter does.
//
// The package knows a transaction and the outputs it spends. Heights, blocks,
// and any policy beyond flags and templates it refuses to know.
package script
