package gossip

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	defaultRate  = 4 << 20  // bytes a second that one peer may ask for, protocol by protocol
	defaultBurst = 64 << 20 // … and at once, after a time of rest
	questionCost = 8 << 10  // bytes that a question counts for, besides those that travel
	maxDelay     = 10 * time.Second
	maxBuckets   = 4096
)

// rates owns what each peer may still ask for: a bucket of bytes for each peer
// and protocol, and one for all. A question waits until its bucket holds
// something, then takes out what its answer cost, even below zero: so an
// honest peer that is faster than its rate is slowed down, and nobody else.
// Only who keeps many questions open at once is refused. The bucket of all is
// taken from piece by piece while answers are written, so that a short one does not
// wait for a long one to end.
//
// Invariants: a bucket holds at most its burst; one that is full is as good as
// none, so those are dropped when there are many.
type rates struct {
	now    func() time.Time
	upload int64 // bytes a second for all; 0: no limit

	mu  sync.Mutex
	m   map[asker]*bucket
	all bucket
}

// asker is a peer at a protocol.
type asker struct {
	peer     Peer
	protocol string
}

// bucket is how many bytes there are to take, at a time; below zero they are
// owed.
type bucket struct {
	bytes float64
	at    time.Time
}

func newRates(upload int64, now func() time.Time) *rates {
	return &rates{now: now, upload: upload, m: make(map[asker]*bucket), all: bucket{bytes: float64(upload), at: now()}}
}

// fill lets time pass.
func (b *bucket) fill(now time.Time, rate, burst int64) {
	b.bytes = min(float64(burst), b.bytes+now.Sub(b.at).Seconds()*float64(rate))
	b.at = now
}

// wait is how long until b holds something.
func (b *bucket) wait(rate int64) time.Duration {
	if b.bytes >= 0 {
		return 0
	}
	return time.Duration(-b.bytes / float64(rate) * float64(time.Second))
}

// errTooFast refuses a question of a peer that asks for far more than its rate.
var errTooFast = errors.New("the peer asks for more than its rate")

// await has a question of p wait for its turn.
func (s *rates) await(ctx context.Context, p Peer, r *rawProtocol) error {
	delay, ok := s.enter(p, r)
	switch {
	case !ok:
		return errTooFast
	case delay == 0:
		return nil
	}
	sleep(ctx, delay)
	return ctx.Err()
}

// enter takes a question's fixed cost from p's bucket and says how long it has
// to wait; ok is false when that is too long, and the question is to be refused.
func (s *rates) enter(p Peer, r *rawProtocol) (delay time.Duration, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	b := s.bucket(p, r, now)
	if delay = b.wait(r.rate); delay > maxDelay {
		return 0, false
	}
	b.bytes -= questionCost
	return delay, true
}

// charge takes what a question and its answer were.
func (s *rates) charge(p Peer, r *rawProtocol, bytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bucket(p, r, s.now()).bytes -= float64(bytes)
}

// pace takes a piece of an answer out of the bucket of all, and says how long it
// has to wait before it is written.
func (s *rates) pace(bytes int) time.Duration {
	if s.upload == 0 {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.fill(s.now(), s.upload, s.upload)
	s.all.bytes -= float64(bytes)
	return s.all.wait(s.upload)
}

// bucket is p's at r, filled up to now.
func (s *rates) bucket(p Peer, r *rawProtocol, now time.Time) *bucket {
	key := asker{p, r.id}
	b := s.m[key]
	if b == nil {
		if len(s.m) >= maxBuckets {
			s.drop(now)
		}
		b = &bucket{bytes: float64(r.burst), at: now}
		s.m[key] = b
	}
	b.fill(now, r.rate, r.burst)
	return b
}

// drop forgets the buckets that were not touched for a minute, or all: then
// every peer begins anew, and connections are what bounds them.
func (s *rates) drop(now time.Time) {
	for key, b := range s.m {
		if now.Sub(b.at) > time.Minute {
			delete(s.m, key)
		}
	}
	if len(s.m) >= maxBuckets {
		clear(s.m)
	}
}
