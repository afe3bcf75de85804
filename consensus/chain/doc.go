// Package chain owns the moving state: the tree of headers, which branch has
// the most work, and the coins at its tip.
//
// Blocks enter by AddBlock, headers by AddHeaders, whoever brings them. All
// others learn by pulling UpdatesSince when Changed fires. The package knows a
// Store, which it declares; disks, peers and policy it refuses to know.
package chain
