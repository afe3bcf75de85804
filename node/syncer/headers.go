package syncer

import (
	"time"
)

// HeadersReply is what came of AskHeaders, after the chain judged it.
type HeadersReply struct {
	Count   int    // headers received, all valid; those of no use left out
	Last    Tip    // the state after the last of them that was kept; zero for none
	Claim   Tip    // the tip that the peer says it has
	Best    Tip    // our best header now
	Stage   Stage  // what becomes of them; with Counted and Proven there are more to come
	Reached uint32 // height up to which a presync has looked
}

// HeadersReceived ends a request with valid headers.
func (s *Scheduler) HeadersReceived(now time.Time, id Request, a HeadersReply) []Action {
	s.best = a.Best
	r := s.requests[id]
	if r == nil || !r.headers {
		return s.step(now)
	}
	s.end(r)
	p := r.peer
	p.polled, p.tip, p.grew = now, a.Claim, a.Best.Work.Cmp(r.best.Work) > 0
	p.stage, p.reached = a.Stage, a.Reached
	switch {
	case a.Stage == Counted && s.claimsMore(p):
		s.counted(now, p)
	case a.Stage == Proven && s.claimsMore(p):
		p.strikes, p.place = 0, time.Time{}
		s.askHeadersOf(now, p, s.best, true)
	case a.Stage != Kept:
		p.leavePresync() // it takes its claim back
	case a.Count >= MaxHeaders && a.Last.Height > p.shown:
		p.shown, p.strikes = a.Last.Height, 0
		s.askHeadersOf(now, p, a.Last, s.claimsMore(p) || r.sync)
	case a.Count >= MaxHeaders:
		s.strike(now, p, "sends the same headers again")
		p.tip = Tip{}
	case s.claimsMore(p):
		s.strike(now, p, "claims more work than its headers show")
		p.tip, p.shown = a.Last, 0
	default:
		p.shown = 0
		p.polls++
	}
	if p.stage == Kept {
		p.place, p.turns = time.Time{}, 0
	}
	return s.step(now)
}

// leavePresync forgets what was counted of the peer's headers.
func (p *peer) leavePresync() { p.stage, p.place, p.reached = Kept, time.Time{}, 0 }

// HeadersFailed ends a request without headers. ours says that the peer is not
// the cause.
func (s *Scheduler) HeadersFailed(now time.Time, id Request, ours bool) []Action {
	r := s.requests[id]
	if r == nil || !r.headers {
		return s.step(now)
	}
	s.end(r)
	r.peer.due = r.peer.due || r.due
	r.peer.shown = 0
	r.peer.leavePresync()
	if ours {
		r.peer.rest = now.Add(storePause)
	} else {
		s.strike(now, r.peer, "does not give headers")
	}
	return s.step(now)
}

// Awaits says that a request is open: its outcome will be heeded.
func (s *Scheduler) Awaits(id Request) bool { return s.requests[id] != nil }

// claimsMore says that p claims a chain that we would rather have, and that is
// worth having.
func (s *Scheduler) claimsMore(p *peer) bool {
	return p.tip.Work.Cmp(s.best.Work) > 0 && p.tip.Work.Cmp(s.least) >= 0
}

// askHeaders keeps one question open to a peer that claims more work than our
// best header has, and a few to peers that were not asked for long.
func (s *Scheduler) askHeaders(now time.Time) {
	syncing, polls := false, 0
	for _, r := range s.requests {
		switch {
		case r.headers && r.peer.stage == Counted:
		case r.headers && r.sync:
			syncing = true
		case r.headers:
			polls++
		}
	}
	if p := s.headerPeer(now); p != nil && !syncing {
		s.askHeadersOf(now, p, s.best, true)
	}
	s.askCounted(now)
	for _, p := range s.order {
		if polls >= maxPolls {
			return
		}
		if s.wantsPoll(now, p) {
			s.askHeadersOf(now, p, s.best, false)
			polls++
		}
	}
}

// headerPeer picks whom to sync headers from: the peer with fewest failures
// among those that claim more, who joined first.
func (s *Scheduler) headerPeer(now time.Time) (pick *peer) {
	for _, p := range s.order {
		if p.asked == nil && p.stage != Counted && s.claimsMore(p) && !now.Before(p.rest) && (pick == nil || p.strikes < pick.strikes) {
			pick = p
		}
	}
	return pick
}

func (s *Scheduler) wantsPoll(now time.Time, p *peer) bool {
	if p.asked != nil || p.stage != Kept || now.Before(p.rest) {
		return false
	}
	if p.due {
		return p.polled.IsZero() || p.grew || now.Sub(p.polled) >= pollSoonest
	}
	wait := pollEvery
	if p.polls == 1 {
		wait = pollAgain
	}
	return !s.claimsMore(p) && (p.polled.IsZero() || now.Sub(p.polled) >= wait)
}

func (s *Scheduler) askHeadersOf(now time.Time, p *peer, from Tip, sync bool) {
	r := &request{peer: p, headers: true, sync: sync, due: p.due, best: s.best, at: now, deadline: now.Add(HeadersTimeout)}
	p.asked, p.due = r, false // what it announces from now on, its answer may not have
	s.out = append(s.out, AskHeaders{s.open(r), p.name, from.ID, p.stage != Kept})
}
