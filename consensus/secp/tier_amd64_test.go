//go:build !purego

package secp

// eachTierQuietly calls f with all that the processor offers, and with less and less.
func eachTierQuietly(f func(tier string)) {
	lanes, adx := hasLanes, hasADX
	defer func() { hasLanes, hasADX = lanes, adx }()
	if lanes {
		f("lanes")
	}
	hasLanes = false
	if adx {
		f("adx")
	}
	hasADX = false
	f("portable")
}
