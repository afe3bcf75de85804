package gossip

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

const (
	defaultAnswerMemory = 256 << 20
	slowAfter           = 5 * time.Second // that an answer may take whatever its speed
	slowBelow           = 64 << 10        // bytes a second
	slowRest            = time.Minute     // that who was cut gets no answer
	leastAnswers        = 1 << 20         // bytes for one peer, where all answers are small
)

// errTooSlow refuses a peer that was cut for its slowness a moment ago.
var errTooSlow = errors.New("the peer reads too slowly")

// answers owns the memory of answers that are made or on their way: who asks for
// much and reads it slowly would else have us hold all of it.
//
// Invariants: used is the sum of all flights' sizes, by[p] of those to p; each
// is within its bound, or of one flight alone. Where there is no room, the
// slowest of those that are too slow is cut, and its peer rests for a while:
// else its next question would take the room that became free.
type answers struct {
	most, perPeer int64 // bytes

	mu      sync.Mutex
	used    int64
	by      map[Peer]int64
	flights map[*flight]struct{}
	rests   map[Peer]time.Time // until when
	changed chan struct{}      // closed when there is more room, then replaced
}

// flight is one answer. It is the answers' to change.
type flight struct {
	peer  Peer
	size  int64
	began time.Time     // a write goes on since; zero: none, for it is being made or paced, which is our own time
	spent time.Duration // in writes that ended
	sent  int64         // bytes
	cut   func()
	gone  bool // cut already
}

func newAnswers(most, perPeer int64) *answers {
	return &answers{
		most: most, perPeer: max(perPeer, leastAnswers), by: make(map[Peer]int64), flights: make(map[*flight]struct{}),
		rests: make(map[Peer]time.Time), changed: make(chan struct{}),
	}
}

// begin waits until there is room for an answer of size bytes to p, or ctx ends.
// cut is what ends the answer when it is too slow for those that wait.
func (a *answers) begin(ctx context.Context, p Peer, size int64, cut func()) (*flight, error) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		f, changed, err := a.enter(p, size, cut)
		if f != nil || err != nil {
			return f, err
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// enter returns a flight, or what to wait for.
func (a *answers) enter(p Peer, size int64, cut func()) (*flight, <-chan struct{}, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Now().Before(a.rests[p]) {
		return nil, nil, errTooSlow
	}
	if a.by[p] > 0 && a.by[p]+size > a.perPeer {
		return nil, a.changed, nil // its own answers are in the way
	}
	if a.used > 0 && a.used+size > a.most {
		a.cutSlowest()
		return nil, a.changed, nil
	}
	f := &flight{peer: p, size: size, cut: cut}
	a.flights[f] = struct{}{}
	a.used += size
	a.by[p] += size
	return f, nil, nil
}

// cutSlowest ends the slowest answer, if it is slow.
func (a *answers) cutSlowest() {
	var slowest *flight
	least, now := float64(slowBelow), time.Now()
	for f := range a.flights {
		age := f.spent
		if !f.began.IsZero() {
			age += now.Sub(f.began)
		}
		if age < slowAfter || f.gone {
			continue
		}
		if speed := float64(f.sent) / age.Seconds(); speed < least {
			slowest, least = f, speed
		}
	}
	if slowest == nil {
		return
	}
	for p, until := range a.rests {
		if !now.Before(until) {
			delete(a.rests, p)
		}
	}
	a.rests[slowest.peer] = now.Add(slowRest)
	slowest.gone = true
	slowest.cut()
}

// shrink gives back what f does not need.
func (a *answers) shrink(f *flight, size int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.give(f, f.size-size)
}

// writes notes that a write of f begins; ended that it is over.
func (a *answers) writes(f *flight) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f.began = time.Now()
}

func (a *answers) ended(f *flight, bytes int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f.spent += time.Since(f.began)
	f.sent += int64(bytes)
	f.began = time.Time{}
}

// end gives back all of it.
func (a *answers) end(f *flight) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.give(f, f.size)
	delete(a.flights, f)
}

func (a *answers) give(f *flight, bytes int64) {
	f.size -= bytes
	a.used -= bytes
	if a.by[f.peer] -= bytes; a.by[f.peer] == 0 {
		delete(a.by, f.peer)
	}
	close(a.changed)
	a.changed = make(chan struct{})
}

// piece is what of an answer is written at a time.
const piece = 64 << 10

// write sends an answer piece by piece, no faster than the rate of all allows.
func (d *desk) write(ctx context.Context, f *flight, w io.Writer, reply []byte) error {
	paced := writerFunc(func(b []byte) (n int, err error) {
		for len(b) > 0 && err == nil {
			part := b[:min(len(b), piece)]
			if wait := d.pace(len(part)); wait > 0 {
				sleep(ctx, wait)
			}
			if err = ctx.Err(); err != nil {
				break
			}
			d.writes(f)
			var k int
			k, err = w.Write(part)
			d.ended(f, k)
			n, b = n+k, b[k:]
		}
		return n, err
	})
	return writeFrame(paced, reply)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
