package syncer

import (
	"cmp"
	"slices"
	"time"

	"github.com/quernnet/quern/consensus/wire"
)

// NeedsWanted says that the driver should call Wanted: less than half of the
// window is known.
func (s *Scheduler) NeedsWanted() bool {
	return len(s.queue) < Window/2 && (s.backfill || s.best.ID != s.tip.ID)
}

// Wanted replaces the list of blocks on the way to the best header whose bodies
// the chain lacks, parents first, at most Window. What is known of blocks
// that stay wanted is kept.
func (s *Scheduler) Wanted(now time.Time, bs []Block) []Action {
	for _, b := range s.queue {
		b.queued = false
	}
	was := s.queue
	s.queue = make([]*block, 0, min(len(bs), Window))
	for _, w := range bs[:min(len(bs), Window)] {
		b := s.blocks[w.ID]
		if b == nil {
			b = &block{Block: w, since: now}
			s.blocks[w.ID] = b
		}
		if !b.queued {
			b.queued = true
			s.queue = append(s.queue, b)
		}
	}
	for _, b := range was {
		if !b.queued && b.status != submitted {
			s.forget(b)
		}
	}
	s.direct = slices.DeleteFunc(s.direct, func(b *block) bool { return b.queued })
	return s.step(now)
}

// Want adds a block that a peer announced and whose parent's body the chain has
// or was asked for, wherever its branch stands: a body withheld on the way to
// the best header must not keep us from the blocks beside it. Of a block wanted
// already it sets After, so that who waited in vain for another way has it asked
// for at once.
func (s *Scheduler) Want(now time.Time, w Block) []Action {
	if b := s.blocks[w.ID]; b != nil {
		b.After = w.After
	} else {
		s.aside(now, w)
	}
	return s.step(now)
}

// aside puts a block into direct; nil where there is no room.
func (s *Scheduler) aside(now time.Time, w Block) *block {
	if len(s.direct) >= MaxDirect {
		return nil
	}
	b := &block{Block: w, since: now}
	s.blocks[w.ID] = b
	s.direct = append(s.direct, b)
	return b
}

// Arrived says that the body of a block came by another way than a question, and
// is known to be the one its header commits to: nobody is blamed for what
// it says. The driver keeps it until Submit or Drop.
func (s *Scheduler) Arrived(now time.Time, w Block, size int) []Action {
	b := s.blocks[w.ID]
	if b == nil {
		b = s.aside(now, w)
	}
	switch {
	case b == nil || b.status == submitted:
		s.out = append(s.out, Drop{w.ID})
		return s.step(now)
	case b.status == held:
		return s.step(now)
	case b.status == asked:
		s.release(b)
	}
	b.status, b.from, b.size = held, "", int64(size)
	s.held += b.size
	return s.step(now)
}

// release takes a block out of the question that it was asked with. A question
// with nothing left to bring is cancelled.
func (s *Scheduler) release(b *block) {
	r := b.req
	b.req = nil
	for _, o := range r.blocks {
		if o.req == r {
			return // the answer brings others
		}
	}
	s.end(r)
	s.out = append(s.out, Cancel{r.id})
}

// Knows says that a body is wanted, in flight or on its way into the chain.
func (s *Scheduler) Knows(id wire.Hash) bool { return s.blocks[id] != nil }

// Body is a received body: its block and its length in bytes.
type Body struct {
	ID   wire.Hash
	Size int
}

// BlocksReceived ends a request with the bodies in got, which the driver keeps
// until Submit or Drop; absent are those that the peer says it lacks. What is
// in neither list the peer left out for the size of its answer.
func (s *Scheduler) BlocksReceived(now time.Time, id Request, got []Body, absent []wire.Hash) []Action {
	r := s.requests[id]
	if r == nil || r.headers {
		for _, g := range got {
			s.receive(nil, nil, g)
		}
		return s.step(now)
	}
	asked := r.blocks
	s.end(r)
	for _, g := range got {
		s.receive(asked, r.peer, g)
	}
	for _, id := range absent {
		if b := s.blocks[id]; b != nil && slices.Contains(asked, b) {
			b.miss(now, r.peer)
		}
	}
	s.pace(now, r, len(got), len(absent))
	return s.step(now)
}

// receive takes one body, if it was asked for and is still wanted. The driver
// keeps the first body of a block that it got, so one that is held stays.
func (s *Scheduler) receive(asked []*block, p *peer, g Body) {
	b := s.blocks[g.ID]
	if b == nil || b.status != wanted || !slices.Contains(asked, b) {
		if b == nil || b.status != held {
			s.out = append(s.out, Drop{g.ID})
		}
		return
	}
	b.status, b.from, b.size = held, p.name, int64(g.Size)
	s.held += b.size
	s.size += (b.size - s.size) / 8
}

// pace fits the batches to the peer's speed, and the stall time to the luck of
// late (Bitcoin Core lowers it by 15 % a block).
func (s *Scheduler) pace(now time.Time, r *request, got, absent int) {
	p := r.peer
	switch took := now.Sub(r.at); {
	case got > 0:
		p.strikes, p.proven = 0, true
		s.stall = max(MinStall, s.stall*17/20)
		if took < MinStall/4 {
			p.batch = min(2*p.batch, MaxBatch)
		} else if took > MinStall {
			p.batch = max(p.batch/2, 1)
		}
	case absent > 0:
		p.rest = now.Add(pollSoonest / 4)
	default:
		s.strike(now, p, "answers without blocks")
	}
}

// miss notes that a peer lacks the body. It may have it soon, so it is asked
// again, later each time.
func (b *block) miss(now time.Time, p *peer) {
	if b.absent == nil {
		b.absent = map[Peer]absence{}
	}
	a := b.absent[p.name]
	a.times = min(a.times+1, 6)
	a.until = now.Add(time.Second << a.times)
	b.absent[p.name] = a
}

// BlocksFailed ends a request without an answer. ours says that the peer is
// not the cause.
func (s *Scheduler) BlocksFailed(now time.Time, id Request, ours bool) []Action {
	r := s.requests[id]
	if r == nil || r.headers {
		return s.step(now)
	}
	s.end(r)
	if !ours {
		s.strike(now, r.peer, "does not give blocks")
	}
	return s.step(now)
}

// BlockAccepted ends a submit: the chain has the block, valid as far as can be
// judged.
func (s *Scheduler) BlockAccepted(now time.Time, id wire.Hash) []Action {
	if b := s.blocks[id]; b != nil && b.status == submitted {
		s.forget(b)
	}
	return s.step(now)
}

// BlockInvalid ends a submit: the body breaks a rule. With mutated set the
// header may belong to a good body, which others may have. The driver calls
// Wanted next, for the best header may have changed.
func (s *Scheduler) BlockInvalid(now time.Time, id wire.Hash, mutated bool) []Action {
	b := s.blocks[id]
	if b == nil || b.status != submitted {
		return s.step(now)
	}
	if b.from != "" {
		s.out = append(s.out, Blame{b.from, id})
	}
	if p := s.peers[b.from]; p != nil && mutated {
		b.miss(now, p)
	}
	if mutated {
		s.reset(b)
	} else {
		s.forget(b)
	}
	return s.step(now)
}

// BlockFailed ends a submit for reasons of our own, or because an ancestor is
// invalid. retry says that the body is still wanted; all bodies then wait a while.
func (s *Scheduler) BlockFailed(now time.Time, id wire.Hash, retry bool) []Action {
	b := s.blocks[id]
	if b == nil || b.status != submitted {
		return s.step(now)
	}
	if retry {
		s.pause = now.Add(storePause)
		s.reset(b)
	} else {
		s.forget(b)
	}
	return s.step(now)
}

// reset wants a block again whose body was received.
func (s *Scheduler) reset(b *block) {
	s.held -= b.size
	s.judging--
	b.status, b.from, b.size = wanted, "", 0
}

// forget lets go of a block, whatever it waits for.
func (s *Scheduler) forget(b *block) {
	if b.req != nil {
		b.req = nil // the answer will be dropped
	}
	if b.status == held {
		s.out = append(s.out, Drop{b.ID})
	}
	if b.status == held || b.status == submitted {
		s.held -= b.size
	}
	if b.status == submitted {
		s.judging--
	}
	delete(s.blocks, b.ID)
	gone := func(o *block) bool { return o == b }
	s.queue = slices.DeleteFunc(s.queue, gone)
	s.direct = slices.DeleteFunc(s.direct, gone)
}

// submit hands over every body whose parent is not waiting here itself.
func (s *Scheduler) submit(now time.Time) {
	if now.Before(s.pause) {
		return
	}
	for _, list := range [][]*block{s.queue, s.direct} {
		for _, b := range list {
			if b.status != held || s.judging >= MaxSubmit {
				continue
			}
			if parent := s.blocks[b.Parent]; parent == nil || parent.status == submitted {
				b.status = submitted
				s.judging++
				s.out = append(s.out, Submit{b.ID})
			}
		}
	}
}

// askBlocks spreads what is wanted over the peers that have it, a batch each
// in turn. Those who gave bodies when they were last asked come first: who has yet
// to show that it gives any must not hold up those who do, though it be many and
// return as soon as it is parted from.
func (s *Scheduler) askBlocks(now time.Time) {
	if now.Before(s.pause) {
		return
	}
	open := s.unasked(now)
	idle := slices.Clone(s.order)
	slices.SortStableFunc(idle, func(a, b *peer) int {
		if a.proven != b.proven {
			if a.proven {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.turn, b.turn)
	})
	for asked := true; asked && len(open) > 0; {
		asked = false
		for _, p := range idle {
			n := len(open)
			open = s.askBatch(now, p, open)
			asked = asked || len(open) < n
		}
	}
}

// unasked lists the blocks to ask for, the most urgent first, as many as the
// memory for bodies allows.
func (s *Scheduler) unasked(now time.Time) []*block {
	var open []*block
	expected := s.held + int64(s.inflight)*s.size
	total := s.inflight
	for _, list := range [][]*block{s.direct, s.queue} {
		for i, b := range list {
			if b.status != wanted || now.Before(b.After) {
				continue
			}
			first := i == 0 // what the chain waits for is always asked for
			if !first && (expected+s.size > MaxHeld || total >= MaxTotal) {
				break
			}
			open = append(open, b)
			expected += s.size
			total++
		}
	}
	return open
}

// askBatch asks one peer for the first of the open blocks that it has, and
// returns those still open.
func (s *Scheduler) askBatch(now time.Time, p *peer, open []*block) []*block {
	room := min(p.batch, MaxInFlight-p.blocks)
	if room <= 0 || p.batches >= MaxInFlight/MaxBatch || now.Before(p.rest) {
		return open
	}
	if !p.proven && s.anyProven() {
		return s.tryOut(now, p, open)
	}
	r := &request{peer: p, at: now}
	open = slices.DeleteFunc(open, func(b *block) bool {
		if len(r.blocks) == room || !b.isWith(now, p, b.tries) {
			return false
		}
		r.blocks = append(r.blocks, b)
		return true
	})
	if len(r.blocks) > 0 {
		s.askFor(now, r)
	}
	return open
}

// tryOut asks a peer that has not given a body yet, where others have, for one:
// the least urgent that was not asked for in vain, but for what those others lack.
func (s *Scheduler) tryOut(now time.Time, p *peer, open []*block) []*block {
	if p.batches > 0 {
		return open
	}
	for i, b := range slices.Backward(open) {
		if b.isWith(now, p, b.tries) && (b.tries == 0 || !s.provenWith(now, b)) {
			s.askFor(now, &request{peer: p, at: now, blocks: []*block{b}})
			return slices.Delete(open, i, i+1)
		}
	}
	return open
}

// anyProven says that some peer gives bodies.
func (s *Scheduler) anyProven() bool {
	return slices.ContainsFunc(s.order, func(p *peer) bool { return p.proven })
}

// provenWith says that a peer that gives bodies has this one.
func (s *Scheduler) provenWith(now time.Time, b *block) bool {
	return slices.ContainsFunc(s.order, func(p *peer) bool { return p.proven && b.isWith(now, p, b.tries) })
}

// askFor sends a question for bodies.
func (s *Scheduler) askFor(now time.Time, r *request) {
	p := r.peer
	due := blocksTimeout + time.Duration(int64(len(r.blocks))*s.size/minRate)*time.Second
	r.deadline = now.Add(min(due, maxTimeout))
	a := AskBlocks{Request: s.open(r), Peer: p.name}
	for _, b := range r.blocks {
		b.status, b.req = asked, r
		a.IDs = append(a.IDs, b.ID)
	}
	p.turn = r.id
	p.batches++
	p.blocks += len(r.blocks)
	s.inflight += len(r.blocks)
	s.out = append(s.out, a)
}

// isWith says whether p should have the body, by what it claims and did not
// deny. Where those who claim it failed, peers near that height are tried too:
// their last claim may be a little old.
func (b *block) isWith(now time.Time, p *peer, tries int) bool {
	reach := p.tip.Height
	if b.Height < p.first && b.Height+RecentBlocks-2 <= reach {
		return false
	}
	if tries > 0 {
		reach += nearTip
	}
	return reach >= b.Height && !now.Before(b.absent[p.name].until)
}
