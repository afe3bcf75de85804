//go:build !purego

package wire

import "testing"

// eachMachine runs a test as on a processor with SHA instructions, where this
// one has them, and as on one without.
func eachMachine(t *testing.T, f func(*testing.T)) {
	if hasSHA {
		t.Run("sha-ni", f)
	}
	defer func(was bool) { hasSHA = was }(hasSHA)
	hasSHA = false
	t.Run("portable", f)
}
