package syncer

import "time"

// A chain that starts with little work is looked at before it is kept (package
// presync): the headers of its first pass are only counted. That may go on for
// as long as a peer likes, so it has places of its own, beside the one of the
// peer whose headers are kept: one at first, more when that one does not come to an
// end, and who had a turn goes behind those who wait. The second pass is
// of headers that have the work, and is like any sync.
const (
	maxCounting = 4                // peers whose headers are counted at a time
	countMore   = 15 * time.Second // until one more is begun
	countTurn   = 2 * time.Minute  // that a peer may take while others wait
	maxTurns    = 60               // then a peer is replaced
)

// Stage is what becomes of a peer's headers.
type Stage int

// Stages of a peer's headers.
const (
	Kept    Stage = iota // they go into the tree
	Counted              // presync, first pass: nothing of them is kept
	Proven               // presync, second pass: they have the work, and are kept bit by bit
)

// counted goes on with a peer in its first pass, unless its turn is over or
// others are at something better.
func (s *Scheduler) counted(now time.Time, p *peer) {
	if p.place.IsZero() {
		return // askCounted gives it one
	}
	over := now.Sub(p.place) >= countTurn
	if over {
		p.turns++
		p.place = now
	}
	if p.turns >= maxTurns {
		s.part(now, p, "its headers do not come to the work that it claims")
		return
	}
	if s.proving() || over && s.nextCounted(now) != nil {
		p.place = time.Time{}
		return
	}
	s.askHeadersOf(now, p, s.best, true)
}

// askCounted gives a place to the next peer whose headers are counted.
func (s *Scheduler) askCounted(now time.Time) {
	places, newest := 0, time.Time{}
	for _, p := range s.order {
		if p.stage == Counted && p.asked == nil && !s.claimsMore(p) {
			p.stage, p.place = Kept, time.Time{} // we have as much from elsewhere
		}
		if !p.place.IsZero() {
			places++
			newest = maxTime(newest, p.place)
		}
	}
	if places >= maxCounting || places > 0 && now.Sub(newest) < countMore || s.proving() {
		return
	}
	if p := s.nextCounted(now); p != nil {
		p.place = now
		s.askHeadersOf(now, p, s.best, true)
	}
}

// nextCounted is who waits for a place: of those with the fewest turns, who
// joined first.
func (s *Scheduler) nextCounted(now time.Time) (next *peer) {
	for _, p := range s.order {
		waits := p.stage == Counted && p.place.IsZero() && p.asked == nil && !now.Before(p.rest)
		if waits && (next == nil || p.turns < next.turns) {
			next = p
		}
	}
	return next
}

// proving says that a peer is in its second pass.
func (s *Scheduler) proving() bool {
	for _, p := range s.order {
		if p.stage == Proven && p.asked != nil {
			return true
		}
	}
	return false
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
