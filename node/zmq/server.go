package zmq

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/zmq/zmtp"
	"github.com/quernnet/quern/work"
)

// Chain is what is told of; *chain.Chain satisfies it.
type Chain interface {
	Tip() consensus.State
	Changed() <-chan struct{}
	UpdatesSince(id wire.Hash, max int) (reverted, applied []consensus.Update, err error)
}

// Pool is the other half; *mempool.Pool satisfies it.
type Pool interface {
	// Sync returns when the pool has followed the chain to its present tip.
	Sync(ctx context.Context) error
	EventsSince(seq uint64) (es []mempool.Event, ok bool)
	Changed() <-chan struct{}
	Stats() mempool.Stats
}

// Config is what a Server is built from.
type Config struct {
	Notifications []Notification
	Chain         Chain
	Pool          Pool
	Catching      func() bool // the node is still in its initial download: new tips are not told of
	Log           *slog.Logger
}

// Server publishes notifications.
//
// Only Run's goroutine touches at, best, seen and the notifiers' counters: at is the
// block, and seen the mempool's event, up to which all was told; best is the
// most work of a tip since the chain last stood still: while it reorganises, only
// blocks above that are tips.
type Server struct {
	Config
	publishers []*zmtp.Publisher // one an endpoint
	notifiers  []*notifier
	at         consensus.State
	best       work.Work
	seen       uint64
}

// batch is how many blocks are read at a time.
const batch = 8

// Listen opens every endpoint. What happens from now on is told, once Run runs.
func Listen(ctx context.Context, c Config) (*Server, error) {
	s := &Server{Config: c, at: c.Chain.Tip(), seen: c.Pool.Stats().Sequence}
	byEndpoint := make(map[string]*zmtp.Publisher)
	for _, n := range c.Notifications {
		p := byEndpoint[n.Endpoint]
		if p == nil {
			var err error
			p, err = zmtp.Listen(ctx, zmtp.Config{Endpoint: n.Endpoint, HighWater: n.HighWater, Log: c.Log})
			if err != nil {
				return nil, errors.Join(fmt.Errorf("zmq: %w", err), s.Close())
			}
			byEndpoint[n.Endpoint] = p
			s.publishers = append(s.publishers, p)
		}
		s.notifiers = append(s.notifiers, &notifier{Notification: n, publisher: p})
	}
	return s, nil
}

// CheckEndpoint says what is wrong with an endpoint's form, if anything.
func CheckEndpoint(endpoint string) error { return zmtp.CheckEndpoint(endpoint) }

// Close releases the endpoints of a server that will not run.
func (s *Server) Close() error {
	var err error
	for _, p := range s.publishers {
		err = errors.Join(err, p.Close())
	}
	return err
}

// Run publishes until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, p := range s.publishers {
		g.Go(func() error { return p.Run(ctx) })
	}
	g.Go(func() error { return s.follow(ctx) })
	return g.Wait()
}

func (s *Server) follow(ctx context.Context) error {
	for {
		moved, pooled := s.Chain.Changed(), s.Pool.Changed()
		if err := s.tell(ctx); err != nil {
			return err
		}
		select {
		case <-moved:
		case <-pooled:
		case <-ctx.Done():
			return nil
		}
	}
}

// tell publishes all that is new. As with Core, what a block's transactions
// pushed out of the mempool is told before the block, and what a reverted block
// gave back after it.
func (s *Server) tell(ctx context.Context) error {
	s.best = s.at.Work
	for ctx.Err() == nil {
		reverted, applied, err := s.changes(ctx)
		if err != nil {
			return err
		}
		events, ok := s.Pool.EventsSince(s.seen)
		if !ok {
			s.Log.Warn("more happened in the mempool than is remembered: subscribers miss some of it")
			s.seen = s.Pool.Stats().Sequence
		}
		moved, first := len(reverted)+len(applied) > 0, 0
		if moved {
			first = afterConflicts(events)
		}
		s.events(events[:first])
		s.blocks(reverted, applied)
		s.events(events[first:])
		if !moved {
			return nil
		}
	}
	return nil
}

// changes reads the next few updates.
func (s *Server) changes(ctx context.Context) (reverted, applied []consensus.Update, err error) {
	if s.at.ID == s.Chain.Tip().ID {
		return nil, nil, nil
	}
	if err := s.Pool.Sync(ctx); err != nil {
		return nil, nil, fmt.Errorf("zmq: %w", err)
	}
	reverted, applied, err = s.Chain.UpdatesSince(s.at.ID, batch)
	if errors.Is(err, chain.ErrUnknown) || errors.Is(err, chain.ErrNoBlock) {
		// The chain was rebuilt, began anew with a snapshot, or pruned them.
		s.Log.Warn("blocks on the way to the tip cannot be read: subscribers miss them", "from", s.at.ID, "err", err)
		s.at = s.Chain.Tip()
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("zmq: read the chain: %w", err)
	}
	return reverted, applied, nil
}

// afterConflicts is the place behind the last event by which a block's
// transaction pushed another one out.
func afterConflicts(es []mempool.Event) int {
	for i, e := range slices.Backward(es) {
		if e.Reason == "conflict" {
			return i + 1
		}
	}
	return 0
}

// blocks tells of updates, and of the tips among them.
func (s *Server) blocks(reverted, applied []consensus.Update) {
	for _, u := range reverted {
		s.block(u.Block, disconnected)
		s.at = u.Prev
	}
	for _, u := range applied {
		s.block(u.Block, connected)
		s.at = u.Next
		if u.Next.Work.Cmp(s.best) > 0 {
			s.best = u.Next.Work
			if !s.Catching() {
				s.tip(u.Block)
			}
		}
	}
}

// events tells of the mempool's changes. What a block took out is told by the
// block.
func (s *Server) events(es []mempool.Event) {
	for _, e := range es {
		s.seen = e.Sequence
		switch {
		case e.Added != nil:
			s.tx(e.Added)
			s.pooled(e.Added.ID(), added, e.Sequence)
		case e.Released == nil && e.Reason != "block":
			s.pooled(e.Removed, removed, e.Sequence)
		}
	}
}
