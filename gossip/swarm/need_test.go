package swarm

import (
	"testing"
	"time"
)

// A source is asked after a while of loneliness, then less and less often, and
// not at all while there is company; company that comes and goes does not make it
// asked more often.
func TestNeed(t *testing.T) {
	h := newHand()
	n := Need{After: 10 * time.Second, First: time.Minute, Last: 4 * time.Minute}
	uses := func(d time.Duration, lonely func(i int) bool) (k int) {
		for i := range int(d / time.Second) {
			h.advance(time.Second)
			if n.Due(h.t, lonely(i)) {
				n.Used(h.t)
				k++
			}
		}
		return k
	}
	always, never := func(int) bool { return true }, func(int) bool { return false }
	if k := uses(9*time.Second, always); k != 0 {
		t.Fatalf("asked %d times before the other sources had their turn", k)
	}
	if k := uses(time.Hour, always); k < 16 || k > 22 { // 1 + 1 + 2 + 4 + 4 … minutes, less up to a quarter
		t.Fatalf("asked %d times in an hour", k)
	}
	if k := uses(time.Hour, never); k != 0 {
		t.Fatalf("asked %d times in company", k)
	}
	if k := uses(time.Hour, func(i int) bool { return i%8 != 0 }); k != 0 {
		t.Fatalf("asked %d times though company came back each time", k)
	}
	if k := uses(time.Hour, func(i int) bool { return i%30 != 0 }); k > 80 {
		t.Fatalf("asked %d times in an hour, by company that comes and goes", k)
	}
	first := Need{After: time.Hour, First: time.Minute, Last: time.Minute}
	first.Now(h.t)
	if !first.Due(h.t, true) {
		t.Fatal("not asked at once by a node that knows nobody")
	}
}
