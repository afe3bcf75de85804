//go:build !purego

package secp

// eachTierQuietly calls f with all that the processor offers, and with less and less.
func eachTierQuietly(f func(tier string)) {
	lanes, ifma, adx := hasLanes, hasIFMA, hasADX
	defer func() { hasLanes, hasIFMA, hasADX = lanes, ifma, adx }()
	if ifma {
		f("lanes by IFMA")
	}
	hasIFMA = false
	if lanes {
		f("lanes by FMA")
	}
	hasLanes = false
	if adx {
		f("adx")
	}
	hasADX = false
	f("portable")
}
