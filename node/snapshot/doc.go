// Package snapshot reads and writes files of unspent coins as Bitcoin Core's
// dumptxoutset and loadtxoutset do, version 2: what the file is of, then the coins
// of each transaction, amounts and scripts in Core's compressed forms.
//
// It knows the format and the words for what is wrong with a file. Where the coins
// come from, and whether they are the right ones, it refuses to know.
package snapshot
