package secp

import "testing"

// eachTier runs a test with and without the processor's own instructions.
func eachTier(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Run("portable", test)
}
