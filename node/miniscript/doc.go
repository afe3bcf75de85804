// Package miniscript reads, writes, checks and satisfies Miniscript (BIP379),
// the part of Script whose spending conditions can be computed with: text to
// tree, tree to script, script back to tree, types, limits, and the witness
// that given signatures, preimages and locks make.
//
// Keys are numbers to it. What keys they are, how they are written and who
// signs with them, it refuses to know; the caller tells by functions.
package miniscript
