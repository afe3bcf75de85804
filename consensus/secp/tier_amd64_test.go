//go:build !purego

package secp

import "testing"

// eachTier runs a test with and without what the processor offers.
func eachTier(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	if hasADX {
		t.Run("adx", test)
	}
	defer func(was bool) { hasADX = was }(hasADX)
	hasADX = false
	t.Run("portable", test)
}
