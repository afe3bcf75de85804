// Package script checks one input's scripts.
//
// The rules are Bitcoin Core's, to the name of the error: a fast path for
// standard templates that may only ever answer "valid", and an interpreter. In
// its tests btcd's txscript engine must agree with both wherever it follows Core.
//
// The package knows a transaction and the outputs it spends. Heights, blocks,
// and any policy beyond flags and templates it refuses to know.
package script
