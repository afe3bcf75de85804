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
// Only Run's goroutine touches at, back, best, seen and the notifiers' counters: at is
// the block, and seen the mempool's event, up to which all was told; back says that
// the last block told of went; best is the most work of a tip since the chain last
// stood still: while it reorganises, only blocks above that are tips.
type Server struct {
	Config
	publishers []*zmtp.Publisher // one an endpoint
	notifiers  []*notifier
	at         consensus.State
	back       bool
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

// tell publishes all that is new, in Core's order: what happened in the mempool
// before a block came, and what that pushed out, is told before it; and what
// a reorganisation gave back after the blocks that went and before those that came.
func (s *Server) tell(ctx context.Context) error {
	s.best = s.at.Work
	for ctx.Err() == nil {
		es := s.news() // of no block that the tip, looked at after it, does not show
		if s.at.ID == s.Chain.Tip().ID {
			s.events(es)
			return nil
		}
		reverted, applied, err := s.changes(ctx)
		if err != nil {
			return err
		}
		s.blocks(reverted, applied)
	}
	return nil
}

// news are the mempool's events that were not told yet.
func (s *Server) news() []mempool.Event {
	es, ok := s.Pool.EventsSince(s.seen)
	if !ok {
		s.Log.Warn("more happened in the mempool than is remembered: subscribers miss some of it")
		s.seen = s.Pool.Stats().Sequence
	}
	return es
}

// changes reads the next few updates, and waits until the pool has followed them.
func (s *Server) changes(ctx context.Context) (reverted, applied []consensus.Update, err error) {
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
	if err := s.Pool.Sync(ctx); err != nil {
		return nil, nil, fmt.Errorf("zmq: %w", err)
	}
	return reverted, applied, nil
}

// ofReorganisation counts the events up to the last by which a
// reorganisation gave back to the mempool or took from it.
func ofReorganisation(es []mempool.Event) int {
	for i, e := range slices.Backward(es) {
		if e.Reverted || e.Reason == "reorg" || e.Reason == "conflict" {
			return i + 1
		}
	}
	return 0
}

// before counts the events that happened before a block was the tip, and by its coming.
func before(es []mempool.Event, u *consensus.Update) int {
	for i := range es {
		if es[i].Height >= u.Next.Height && es[i].Block != u.Next.ID {
			return i
		}
	}
	return len(es)
}

// blocks tells of updates, of the tips among them, and of what has its place
// before those that came.
func (s *Server) blocks(reverted, applied []consensus.Update) {
	for _, u := range reverted {
		s.block(u.Block, disconnected)
		s.at, s.back = u.Prev, true
	}
	if len(applied) == 0 {
		return
	}
	es := s.news()
	if s.back {
		n := ofReorganisation(es)
		s.events(es[:n])
		es, s.back = es[n:], false
	}
	for i := range applied {
		u := &applied[i]
		n := before(es, u)
		s.events(es[:n])
		es = es[n:]
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
