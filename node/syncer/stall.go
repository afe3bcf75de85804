package syncer

import (
	"slices"
	"time"
)

// expire ends what took too long.
func (s *Scheduler) expire(now time.Time) {
	for _, p := range slices.Clone(s.order) {
		for _, r := range slices.Clone(p.open) {
			if now.Before(r.deadline) {
				continue
			}
			s.end(r)
			s.out = append(s.out, Cancel{r.id})
			if r.headers {
				p.shown, p.due = 0, p.due || r.due
				s.strike(now, p, "does not answer for headers")
			} else {
				s.strike(now, p, "does not answer for blocks")
			}
		}
	}
	for _, b := range slices.Clone(s.direct) {
		if b.status != submitted && now.Sub(b.since) >= directExpiry {
			s.forget(b)
		}
	}
}

// replaceStalled gives a peer's batch to others when the chain has nothing to
// do but wait for it. Where nobody else has the block the peer may go on, to its deadline.
func (s *Scheduler) replaceStalled(now time.Time) {
	b := s.awaited()
	if b == nil || now.Sub(b.req.at) < s.stall {
		return
	}
	r := b.req
	other := slices.ContainsFunc(s.order, func(p *peer) bool {
		return p != r.peer && b.isWith(now, p, b.tries+1) && !now.Before(p.rest) && p.batches < MaxInFlight/MaxBatch
	})
	if !other {
		return
	}
	s.end(r)
	s.out = append(s.out, Cancel{r.id})
	if r.peer.proven || !s.anyProven() { // else it is not our line that is slow
		s.stall = min(2*s.stall, MaxStall)
	}
	s.strike(now, r.peer, "stalls the download")
}

// awaited is the block in flight that keeps the chain idle, nil for none.
func (s *Scheduler) awaited() *block {
	if s.judging > 0 {
		return nil
	}
	for _, list := range [][]*block{s.direct, s.queue} {
		if len(list) > 0 && list[0].status == asked {
			return list[0]
		}
	}
	return nil
}
