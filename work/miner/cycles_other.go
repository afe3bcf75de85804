//go:build !amd64 || purego

package miner

// Cycles runs for about n cycles of the processor's clock, and returns for how
// many; 0 where it cannot tell.
func Cycles(uint32) uint32 { return 0 }
