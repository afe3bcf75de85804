// Package node wires the parts of Quern together and runs them.
//
// New builds and starts nothing; Run starts the parts in order, and closes them
// in reverse when its context ends. What a block or a peer is, the package
// leaves to the parts; flags, files and terminals it refuses to know.
package node
