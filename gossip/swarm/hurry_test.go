package swarm

import (
	"testing"
	"time"
)

// A swarm whose guests come and go must not search without end: hurried searches
// are few, and come back one a minute.
func TestHurryIsBounded(t *testing.T) {
	var h hurry
	now := time.Unix(1_700_000_000, 0)
	n := 0
	for range 100 {
		if h.may(now) {
			n++
		}
		now = now.Add(100 * time.Millisecond)
	}
	if n != maxHurry {
		t.Errorf("%d hurried searches in ten seconds, want %d", n, maxHurry)
	}
	n = 0
	for range 600 {
		if h.may(now) {
			n++
		}
		now = now.Add(time.Second)
	}
	if n < 9 || n > 11 {
		t.Errorf("%d hurried searches in the next ten minutes", n)
	}
}
