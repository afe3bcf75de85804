//go:build !purego

package secp

// Ways names the instructions that verification uses here, for people to read.
func Ways() []string {
	var ways []string
	if hasLanes {
		ways = append(ways, "AVX-512 IFMA, 8 lanes")
	}
	if hasADX {
		ways = append(ways, "MULX and ADX")
	}
	return append(ways, "portable")
}
