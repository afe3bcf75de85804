package swarm

import (
	"math/rand/v2"
	"time"
)

// Need says when a source is to be asked that should be left alone otherwise:
// when the node has been lonely for a while, so that the other sources have had
// their turn, and then with growing pauses. One goroutine owns it.
type Need struct {
	After       time.Duration // of loneliness
	First, Last time.Duration // between two uses, doubling from First up to Last, less up to a quarter

	since, next time.Time // lonely since; not to be asked before
	pause       time.Duration
}

// Now makes a need that has lasted long enough already.
func (n *Need) Now(now time.Time) { n.since = now.Add(-n.After) }

// Due tells whether the source is to be asked now.
func (n *Need) Due(now time.Time, lonely bool) bool {
	if !lonely {
		n.since, n.pause = time.Time{}, n.First
		return false
	}
	if n.since.IsZero() {
		n.since = now
	}
	return now.Sub(n.since) >= n.After && !now.Before(n.next)
}

// Used notes that the source was asked.
func (n *Need) Used(now time.Time) {
	n.pause = max(n.pause, n.First)
	n.next = now.Add(n.pause - rand.N(n.pause/4))
	n.pause = min(2*n.pause, n.Last)
}
