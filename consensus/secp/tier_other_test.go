//go:build !amd64 || purego

package secp

import "testing"

func eachTier(t *testing.T, test func(t *testing.T)) { t.Run("portable", test) }
