// Package coins keeps unspent coins in memory until they are written: a
// write-back cache with a byte budget over whatever stores them.
//
// A coin that is created and spent between two flushes never reaches the disk.
// The package knows how a coin is encoded and which changes are not yet
// written. Where they are written, in which order and whether a block may spend
// a coin, it refuses to know.
package coins
