//go:build !amd64 || purego

package wire

import "testing"

func eachMachine(t *testing.T, f func(*testing.T)) { t.Run("portable", f) }
