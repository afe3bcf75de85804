package index

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
)

// Bounds of one step, which is one batch: so many updates, of about so many bytes
// of memory together, but at least one. As many again are being read meanwhile.
const (
	stepBlocks = 500
	stepMemory = 16 << 20
)

// sayEvery is how often progress is told while an index is built.
const sayEvery = 30 * time.Second

// Run follows the chain until ctx ends, or the datastore fails.
func (s *Set) Run(ctx context.Context) error {
	for {
		changed := s.c.Chain.Changed()
		if err := s.Follow(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("indexes: %w", err)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

// Follow brings all indexes to the tip, as far as blocks are stored. It must not
// be called while Run runs.
func (s *Set) Follow(ctx context.Context) error {
	defer s.forget()
	clear(s.stuck)
	for more := true; more; {
		var err error
		if more, err = s.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// step brings the indexes that are furthest behind a few blocks on; more says
// that there may be others to read.
func (s *Set) step(ctx context.Context) (more bool, err error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	group := s.behind()
	if len(group) == 0 {
		s.arrive()
		return false, nil
	}
	u, err := s.read(group[0].at)
	switch {
	case errors.Is(err, chain.ErrUnknown):
		return true, s.goBack(group)
	case errors.Is(err, chain.ErrNoBlock):
		s.miss(group, err)
		return true, nil
	case err != nil:
		return false, err
	}
	if len(u.reverted)+len(u.applied) == 0 {
		return false, nil // the tip has come back meanwhile; another change is on its way
	}
	if err := s.write(ctx, group, u); err != nil {
		return false, err
	}
	s.say(group)
	return true, nil
}

// behind lists the indexes that have the least yet to be at the tip and stand at
// the same block; none if all that can go on are there.
func (s *Set) behind() (group []*line) {
	tip := s.c.Chain.Tip().ID
	for _, l := range s.all {
		if s.stuck[l] || l.at.known && l.at.id == tip {
			continue
		}
		if len(group) > 0 && l.at.next() < group[0].at.next() {
			group = group[:0]
		}
		if len(group) == 0 || l.at.known == group[0].at.known && l.at.id == group[0].at.id {
			group = append(group, l)
		}
	}
	return group
}

// updates are a way along the chain.
type updates struct {
	reverted, applied []consensus.Update
	err               error
}

// reading is one that is under way on a goroutine of its own.
type reading struct {
	from wire.Hash
	done chan updates
}

// read returns the updates that follow at, and begins to read those after them. What was
// read ahead holds even where the chain has gone elsewhere since: the next
// updates lead there.
func (s *Set) read(at place) (updates, error) {
	var u updates
	switch {
	case !at.known:
		u.applied = []consensus.Update{s.genesis()}
	case s.next != nil && s.next.from == at.id:
		u = <-s.next.done
		s.next = nil
	default:
		s.forget()
		u = s.ask(at.id)
	}
	if u.err != nil {
		return u, u.err
	}
	if n := len(u.applied); n > 0 {
		s.size = 0
		for i := range u.applied {
			s.size += u.applied[i].Block.Memory()/n + 1
		}
		if s.next == nil && u.applied[n-1].Next.ID != s.c.Chain.Tip().ID {
			next := &reading{from: u.applied[n-1].Next.ID, done: make(chan updates, 1)}
			s.next = next
			go func(max int) { next.done <- s.askFor(next.from, max) }(s.most())
		}
	}
	return u, nil
}

// forget waits for what is being read and drops it.
func (s *Set) forget() {
	if s.next != nil {
		<-s.next.done
		s.next = nil
	}
}

// most is how many updates of the size of late fit a step.
func (s *Set) most() int {
	if s.size == 0 {
		return 1
	}
	return max(1, min(stepMemory/s.size, stepBlocks))
}

func (s *Set) ask(from wire.Hash) updates { return s.askFor(from, s.most()) }

func (s *Set) askFor(from wire.Hash, max int) (u updates) {
	u.reverted, u.applied, u.err = s.c.Chain.UpdatesSince(from, max)
	return u
}

// genesis is the update that the chain begins with.
func (s *Set) genesis() consensus.Update {
	return consensus.Update{Next: consensus.GenesisState(s.c.Params), Block: s.c.Params.Genesis}
}

// write brings a group to the end of u, each index in one batch.
func (s *Set) write(ctx context.Context, group []*line, u updates) error {
	rest, err := prepare(ctx, group, u.applied)
	if err != nil {
		return err
	}
	for i, l := range group {
		w, err := l.begin(ctx)
		if err != nil {
			return err
		}
		at := place{known: true}
		for j := range u.reverted {
			r := &u.reverted[j]
			if err := l.revert(r, w); err != nil {
				return fmt.Errorf("%s: take block %v back: %w", l.name, r.Next.ID, err)
			}
			at.id, at.height = r.Prev.ID, r.Prev.Height
			l.unpass(at.height)
		}
		for j := range u.applied {
			a := &u.applied[j]
			if err := rest[j][i](w); err != nil {
				return fmt.Errorf("%s: block %v: %w", l.name, a.Next.ID, err)
			}
			at.id, at.height = a.Next.ID, a.Next.Height
			l.pass(at.id, at.height)
		}
		at.memory = l.memory()
		if err := s.commit(l, w, at); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	return nil
}

// prepare has every index look at every block, several at a time; half of the
// cores at most, because the chain may be at work on later blocks.
func prepare(ctx context.Context, group []*line, us []consensus.Update) ([][]func(*writer) error, error) {
	rest := make([][]func(*writer) error, len(us))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, runtime.GOMAXPROCS(0)/2))
	for i := range us {
		rest[i] = make([]func(*writer) error, len(group))
		g.Go(func() error {
			for j, l := range group {
				rest[i][j] = l.prepare(&us[i])
			}
			return ctx.Err()
		})
	}
	return rest, g.Wait()
}

// commit writes w, and makes where the index then stands known.
func (s *Set) commit(l *line, w *writer, at place) error {
	s.settle(l)
	if l.strayed {
		w.put(trailKey, encodeTrail(l.trail))
	}
	if err := w.commit(at); err != nil {
		return err
	}
	l.strayed = false
	s.mu.Lock()
	defer s.mu.Unlock()
	l.at, l.missed = at, nil
	l.synced = l.synced || at.id == s.c.Chain.Tip().ID
	s.tell()
	s.hold(l)
	return nil
}

// arrive notes which indexes are at the tip.
func (s *Set) arrive() {
	tip := s.c.Chain.Tip().ID
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.all {
		if !l.synced && l.at.known && l.at.id == tip {
			l.synced = true
			s.tell()
		}
	}
}

// tell wakes those who wait. mu is held.
func (s *Set) tell() {
	close(s.moved)
	s.moved = make(chan struct{})
}

// goBack is for indexes whose block the chain does not know: it crashed before it
// had that on disk, or was built anew. They go back to where they stood when it
// had, or begin anew; what they have of blocks beyond does no harm (see kind).
func (s *Set) goBack(group []*line) error {
	s.forget()
	for _, l := range group {
		lost := l.at
		back := s.back(l)
		s.c.Log.Warn("an index was ahead of the chain on disk, going back", "index", l.name, "block", lost.id, "from", lost.height, "to", back.height)
		l.unpass(back.height)
		s.mu.Lock()
		err := l.stand(back)
		l.synced = false
		s.tell()
		s.hold(l)
		s.mu.Unlock()
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	return nil
}

// miss notes that blocks which these indexes have not read are not stored. They try
// again when the chain has changed.
func (s *Set) miss(group []*line, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell() // that they are not awaited at the tip
	for _, l := range group {
		if s.stuck[l] = true; l.missed != nil {
			continue
		}
		l.missed, l.synced = err, false
		s.c.Log.Warn("an index cannot go on, because blocks that it has not read are not stored", "index", l.name, "height", l.at.height, "err", err)
	}
}

// say tells now and then how far indexes are that are being built.
func (s *Set) say(group []*line) {
	now, tip := s.c.Now(), s.c.Chain.Tip()
	if s.said.IsZero() {
		s.said = now
	}
	for _, l := range group {
		switch {
		case l.at.id == tip.ID && tip.Height > 0 && s.said.Before(now.Add(-sayEvery)):
			s.c.Log.Info("index is built", "index", l.name, "height", l.at.height)
		case now.Sub(s.said) >= sayEvery:
			s.c.Log.Info("building index", "index", l.name, "height", l.at.height, "of", tip.Height)
		}
	}
	if now.Sub(s.said) >= sayEvery {
		s.said = now
	}
}
