package secp

import "testing"

// eachTier runs a test with all that the processor offers, and with less and less.
func eachTier(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	eachTierQuietly(func(tier string) { t.Run(tier, test) })
}
