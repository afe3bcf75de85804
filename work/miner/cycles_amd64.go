//go:build !purego

package miner

// Cycles runs for about n cycles of the processor's clock, and returns for how
// many; 0 where it cannot tell.
func Cycles(n uint32) uint32 {
	const each = 3 * 32
	times := n/each + 1
	threeCycles(times)
	return times * each
}
