//go:build !amd64 || purego

package secp

// hasLanes says whether the machine multiplies eight lanes of 52 bits at once.
const hasLanes = false

func minLanes() int { return 0 }

type laneScratch struct{}

func (*laneScratch) verify([]Claim, []bool) []int { return nil }
