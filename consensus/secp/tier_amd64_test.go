//go:build !purego

package secp

import "testing"

// eachTier runs a test with all that the processor offers, and with less and less.
func eachTier(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	lanes, adx := hasLanes, hasADX
	defer func() { hasLanes, hasADX = lanes, adx }()
	if lanes {
		t.Run("lanes", test)
	}
	hasLanes = false
	if adx {
		t.Run("adx", test)
	}
	hasADX = false
	t.Run("portable", test)
}
